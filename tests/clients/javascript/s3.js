// A round trip with AWS's SDK for JavaScript against the endpoint in argv; exits with 1 at the first surprise.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  SelectObjectContentCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, region] = process.argv.slice(2);
const s3 = new S3Client({
  endpoint,
  region,
  forcePathStyle: true,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});
const Bucket = "javascript";
await s3.send(new CreateBucketCommand({ Bucket }));

// A put with the SDK's default checksum, and what comes back of it
const put = await s3.send(
  new PutObjectCommand({ Bucket, Key: "a b/ü", Body: "hello", Metadata: { colour: "red" }, ContentType: "text/plain" }),
);
assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a b/ü" }));
assert.equal(await got.Body.transformToString(), "hello");
assert.deepEqual(got.Metadata, { colour: "red" });

// A stream of unknown length, in parts
const large = randomBytes(11 * 1024 * 1024);
await new Upload({ client: s3, params: { Bucket, Key: "large", Body: large }, partSize: 5 * 1024 * 1024 }).done();
const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "large" }));
assert.equal(head.ContentLength, large.length);
const whole = await (await s3.send(new GetObjectCommand({ Bucket, Key: "large" }))).Body.transformToByteArray();
assert.equal(Buffer.compare(Buffer.from(whole), large), 0);

// Listings and copies
await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: encodeURI(`${Bucket}/a b/ü`) }));
const listed = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
assert.deepEqual(listed.Contents.map((entry) => entry.Key), ["copy", "large"]);
assert.deepEqual(listed.CommonPrefixes, [{ Prefix: "a b/" }]);

// Presigned URLs, whose headers this SDK moves into the query
const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "signed", Metadata: { by: "url" } }));
assert.equal((await fetch(url, { method: "PUT", body: "signed" })).status, 200);
const signed = await s3.send(new HeadObjectCommand({ Bucket, Key: "signed" }));
assert.deepEqual(signed.Metadata, { by: "url" });
const read = await fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "signed" })));
assert.equal(await read.text(), "signed");

// A form
const form = await createPresignedPost(s3, { Bucket, Key: "posted", Conditions: [["content-length-range", 1, 10]] });
const fields = new FormData();
for (const [name, value] of Object.entries(form.fields)) fields.append(name, value);
fields.append("file", new Blob(["posted"]));
assert.equal((await fetch(form.url, { method: "POST", body: fields })).status, 204);

// A query, answered as an event stream
await s3.send(new PutObjectCommand({ Bucket, Key: "table.csv", Body: "a,b\n1,2\n" }));
const answer = await s3.send(
  new SelectObjectContentCommand({
    Bucket,
    Key: "table.csv",
    ExpressionType: "SQL",
    Expression: "SELECT s.b FROM S3Object s",
    InputSerialization: { CSV: { FileHeaderInfo: "USE" } },
    OutputSerialization: { CSV: {} },
  }),
);
let rows = "";
for await (const event of answer.Payload) if (event.Records) rows += new TextDecoder().decode(event.Records.Payload);
assert.equal(rows, "2\n");

// Errors are the SDK's own classes
await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "none" })), { name: "NoSuchKey" });

const keys = ["a b/ü", "copy", "large", "signed", "posted", "table.csv"].map((Key) => ({ Key }));
const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys } }));
assert.equal(deleted.Deleted.length, keys.length);
console.log("all is well");
