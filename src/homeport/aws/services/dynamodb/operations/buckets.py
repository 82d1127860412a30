"""Objects of S3, as exports and imports read and write them."""

from collections.abc import AsyncIterator, Mapping
from typing import cast

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.kernel.http.message import BodyTooLarge
from homeport.kernel.streams import FileSlices


class Content:
    """Bytes as S3 reads a request's body."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self._content)

    @property
    def trailers(self) -> Mapping[str, str]:
        """None."""
        return {}

    async def chunks(self) -> AsyncIterator[bytes]:
        """All in one piece."""
        if self._content:
            yield self._content

    async def read(self, limit_bytes: int) -> bytes:
        """All of them.

        Raises:
            BodyTooLarge: there are more than `limit_bytes`.
        """
        if len(self._content) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        return self._content


async def put_object(dynamodb: DynamoDb, call: Call, bucket: str, key: str, content: bytes) -> str:
    """Write an object; returns its ETag without quotes.

    Raises:
        AwsError: S3's own.
    """
    request = {"Bucket": bucket, "Key": key, "Body": Content(content), "ContentLength": len(content)}
    result = await dynamodb.invoke(call, "s3", "PutObject", request)
    return str(result.get("ETag", "")).strip('"')


async def get_object(dynamodb: DynamoDb, call: Call, bucket: str, key: str) -> bytes:
    """Read an object.

    Raises:
        AwsError: S3's own.
    """
    result = await dynamodb.invoke(call, "s3", "GetObject", {"Bucket": bucket, "Key": key})
    body: object = result.get("Body", b"")
    if isinstance(body, bytes):
        return body
    if isinstance(body, FileSlices):
        with body:
            return body.read()
    return b"".join([piece async for piece in cast("AsyncIterator[bytes]", body)])


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
