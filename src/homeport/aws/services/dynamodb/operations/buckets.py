"""Objects of S3, as exports and imports read and write them."""

from dataclasses import dataclass
from typing import cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.stream import Download, HeldUpload
from homeport.kernel.streams import FileSlices


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket as a request names it.

    Attributes:
        owner: the account that it must belong to; empty is any.
        encryption: `AES256` or `KMS`, of what is written there.
        key: of KMS; empty is S3's own.
    """

    bucket: str
    owner: str = ""
    encryption: str = "AES256"
    key: str = ""

    def request(self, **members: object) -> dict[str, object]:
        """A request of S3's about the bucket."""
        asked = {"Bucket": self.bucket, **members}
        return {**asked, "ExpectedBucketOwner": self.owner} if self.owner else asked


async def put_object(dynamodb: DynamoDb, call: Call, place: Place, key: str, content: bytes) -> str:
    """Write an object; returns its ETag without quotes.

    Raises:
        AwsError: S3's own.
    """
    request = place.request(Key=key, Body=HeldUpload(content), ContentLength=len(content))
    if place.encryption == "KMS":
        request["ServerSideEncryption"] = "aws:kms"
        if place.key:
            request["SSEKMSKeyId"] = place.key
    result = await dynamodb.invoke(call, "s3", "PutObject", request)
    return str(result.get("ETag", "")).strip('"')


async def get_object(dynamodb: DynamoDb, call: Call, place: Place, key: str) -> bytes:
    """Read an object.

    Raises:
        AwsError: S3's own.
    """
    result = await dynamodb.invoke(call, "s3", "GetObject", place.request(Key=key))
    body = cast("Download", result.get("Body", b""))
    if isinstance(body, bytes):
        return body
    if isinstance(body, FileSlices):
        with body:
            return body.read()
    return b"".join([piece async for piece in body])


async def list_keys(dynamodb: DynamoDb, call: Call, place: Place, prefix: str) -> list[str]:
    """The keys that begin with a prefix.

    Raises:
        AwsError: S3's own.
    """
    keys: list[str] = []
    request = place.request(Prefix=prefix)
    while True:
        page = await dynamodb.invoke(call, "s3", "ListObjectsV2", request)
        keys += [str(entry["Key"]) for entry in page.get("Contents", ())]
        if not page.get("IsTruncated"):
            return keys
        request["ContinuationToken"] = page["NextContinuationToken"]
