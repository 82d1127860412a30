"""What is S3's own in a request: buckets in host names, framed bodies, sub-resources that must not be overlooked."""

from collections.abc import Collection, Mapping
from typing import Final

from multidict import CIMultiDict

from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.protocol.model import OperationModel

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

S3_CONTROL: Final = "/v20180820/"
"""How the paths of S3 Control begin, which is an API of its own and signed as S3's."""


def without_framing(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers as they would be without `aws-chunked`, which is no encoding of the content."""
    encoding = headers.get("Content-Encoding")
    if encoding is None or "aws-chunked" not in encoding:
        return headers
    left = [part for part in (piece.strip() for piece in encoding.split(",")) if part and part != "aws-chunked"]
    kept = CIMultiDict(headers)
    del kept["Content-Encoding"]
    if left:
        kept["Content-Encoding"] = ", ".join(left)
    return kept


_OF_SIGNATURES: Final = frozenset({"algorithm", "credential", "date", "expires", "signature", "signedheaders"})
_OF_VERSION_2: Final = frozenset({"content-md5", "content-type"})
"""Headers that URLs of signature version 2 carry beside Amazon's own."""


def with_query_headers(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> Mapping[str, str]:
    """Headers, with those that a presigned URL carries in its query (`x-amz-meta-...`, `x-amz-acl`).

    Checksums are none of them: SDKs put that of the empty body there, which they had when they signed.
    """
    carried = [
        (name, values[0])
        for name, values in query.items()
        if name[:6].lower() == "x-amz-" and name[6:].lower() not in _OF_SIGNATURES and "checksum" not in name.lower()
    ]
    if "AWSAccessKeyId" in query:
        carried += [(name, values[0]) for name, values in query.items() if name.lower() in _OF_VERSION_2]
    if not carried:
        return headers
    joined = CIMultiDict(headers)
    for name, value in carried:
        joined.setdefault(name, value)
    return joined


def bucket_path(raw_path: str, host_bucket: str) -> tuple[str, str, str]:
    """Bucket, key and the path as path-style has them, all still percent-encoded."""
    path, bucket = raw_path, host_bucket
    if bucket:
        # Virtual-hosted: the bucket is in the host, and a path of "/" is the bucket itself.
        path = f"/{bucket}{path}" if path != "/" else f"/{bucket}"
    _, bucket, *rest = path.split("/", 2) if path.startswith("/") else ("", "", "")
    return bucket, rest[0] if rest else "", path


_OF_PARTS: Final = frozenset({"partNumber", "uploadId"})
"""Both together name a part; one of them alone must not make an object of it."""


class _QueryNotAccepted(AwsError):
    code = "InvalidArgument"
    status = 400

    def __init__(self, name: str) -> None:
        extra = {"ArgumentName": "ResourceType", "ArgumentValue": name}
        super().__init__("This operation does not accept a query-string.", extra=extra)


def refuse_other_operation(
    method: str, operation: OperationModel, query: Mapping[str, list[str]], sub_resources: Collection[str]
) -> None:
    """A sub-resource that the matched operation does not have means another one: never do this one instead.

    Of keys that no operation knows those without a value are sub-resources of AWS's tomorrow; they are refused where
    something would be changed. SDKs name the operation that they mean in `x-id`.
    """
    if not query:
        return
    meant = query.get("x-id")
    if meant and meant[0] != operation.name and meant[0] not in {"ListObjects", "ListBuckets"}:
        raise OperationNotImplemented("S3", meant[0][:100])
    own = {part.partition("=")[0] for part in operation.uri.partition("?")[2].split("&")}
    own |= {r["locationName"] for r in operation.input["members"].values() if r.get("location") == "querystring"}
    for name, values in query.items():
        if name in own or name == "x-id":
            continue
        if name in _OF_PARTS and method not in SAFE_METHODS:
            raise _QueryNotAccepted(name)
        unknown_change = method not in SAFE_METHODS and not any(values) and not name.startswith("X-Amz-")
        if name in sub_resources or unknown_change:
            raise OperationNotImplemented("S3", f"{method} ?{name[:100]}")
