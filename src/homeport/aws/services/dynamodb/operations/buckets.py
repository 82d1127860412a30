"""Objects of S3, as exports and imports read and write them."""

from typing import cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.stream import Download, HeldUpload
from homeport.kernel.streams import FileSlices


async def put_object(dynamodb: DynamoDb, call: Call, bucket: str, key: str, content: bytes) -> str:
    """Write an object; returns its ETag without quotes.

    Raises:
        AwsError: S3's own.
    """
    request = {"Bucket": bucket, "Key": key, "Body": HeldUpload(content), "ContentLength": len(content)}
    result = await dynamodb.invoke(call, "s3", "PutObject", request)
    return str(result.get("ETag", "")).strip('"')


async def get_object(dynamodb: DynamoDb, call: Call, bucket: str, key: str) -> bytes:
    """Read an object.

    Raises:
        AwsError: S3's own.
    """
    result = await dynamodb.invoke(call, "s3", "GetObject", {"Bucket": bucket, "Key": key})
    body = cast("Download", result.get("Body", b""))
    if isinstance(body, bytes):
        return body
    if isinstance(body, FileSlices):
        with body:
            return body.read()
    return b"".join([piece async for piece in body])


async def list_keys(dynamodb: DynamoDb, call: Call, bucket: str, prefix: str) -> list[str]:
    """The keys that begin with a prefix.

    Raises:
        AwsError: S3's own.
    """
    keys: list[str] = []
    request: dict[str, object] = {"Bucket": bucket, "Prefix": prefix}
    while True:
        page = await dynamodb.invoke(call, "s3", "ListObjectsV2", request)
        keys += [str(entry["Key"]) for entry in page.get("Contents", ())]
        if not page.get("IsTruncated"):
            return keys
        request["ContinuationToken"] = page["NextContinuationToken"]
