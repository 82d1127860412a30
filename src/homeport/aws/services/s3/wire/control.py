"""S3 Control's tags of buckets: an API of its own, signed as S3's, with the account before the host name.

Terraform's AWS provider asks for them from 6.23 on. Whatever else S3 Control does answers 501.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from homeport.aws.api import s3 as api
from homeport.aws.auth.errors import PayloadHashMismatch
from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.protocol import xml_values
from homeport.aws.protocol.s3_requests import S3_CONTROL
from homeport.aws.services.s3.errors import AccessDenied, MalformedXml
from homeport.aws.services.s3.model import tags
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.operations.access import guarded
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets
from homeport.kernel.http.message import Request, Response
from homeport.kernel.storage.database import Tx

_TAGS: Final = f"{S3_CONTROL}tags/"
_BUCKET_ARN: Final = "arn:aws:s3:::"
_NAMESPACE: Final = "http://awss3control.amazonaws.com/doc/2018-08-20/"
_DOCUMENT_LIMIT_BYTES: Final = 65_536
_SHA256_LENGTH: Final = 64

Ask = Mapping[str, Any]


def asks_control(request: Request) -> bool:
    """Whether a request is S3 Control's, and no object's of a bucket that is called as its paths begin."""
    return request.raw_path.startswith(S3_CONTROL) and "x-amz-account-id" in request.headers


async def answer(s3: S3, call: Call, request: Request) -> Response:
    """Answer S3 Control's clients, who look for an error in a wrapper that S3's own have not."""
    try:
        return await _answer(s3, call, request)
    except AwsError as error:
        wrapped = (
            f"<Error><Code>{error.code}</Code><Message>{xml_values.escape(error.message)}</Message></Error>"
            f"<RequestId>{call.request_id}</RequestId>"
        )
        return _document("ErrorResponse", wrapped, call, error.status)


async def _answer(s3: S3, call: Call, request: Request) -> Response:
    arn = unquote(request.raw_path.removeprefix(_TAGS))
    known = _OPERATIONS.get(request.method)
    if known is None or not request.raw_path.startswith(_TAGS) or not arn.startswith(_BUCKET_ARN):
        raise OperationNotImplemented("S3 Control", f"{request.method} {request.raw_path}")
    read, operation = known
    asked = {"Bucket": arn.removeprefix(_BUCKET_ARN), **await read(request)}
    if request.headers["x-amz-account-id"] != (await s3.bucket(asked["Bucket"])).account:
        raise AccessDenied
    result = await operation(s3, call, asked)
    if request.method != "GET":
        return Response(204, [("x-amz-request-id", call.request_id)])
    escape = xml_values.escape
    told = "".join(
        f"<Tag><Key>{escape(tag['Key'])}</Key><Value>{escape(tag['Value'])}</Value></Tag>"
        for tag in (result or {})["Tags"]
    )
    return _document("ListTagsForResourceResult", f"<Tags>{told}</Tags>", call, 200)


def _document(name: str, content: str, call: Call, status: int) -> Response:
    text = f'{xml_values.DECLARATION}<{name} xmlns="{_NAMESPACE}">{content}</{name}>'
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", call.request_id)]
    return Response(status, headers, text.encode())


# What is asked


async def _nothing(_request: Request) -> Ask:
    return {}


async def _given(request: Request) -> Ask:
    """The tags in a document, which has to be the one that was signed."""
    content = await request.body.read(_DOCUMENT_LIMIT_BYTES)
    announced, computed = request.headers.get("x-amz-content-sha256", ""), hashlib.sha256(content).hexdigest()
    if len(announced) == _SHA256_LENGTH and announced != computed:
        raise PayloadHashMismatch(announced, computed)
    found: list[api.Tag] = []
    for element in xml_values.parse_xml(content).iter():
        if xml_values.local_name(element.tag) != "Tag":
            continue
        values = {xml_values.local_name(child.tag): child.text or "" for child in element}
        if values.keys() != {"Key", "Value"}:
            raise MalformedXml
        found.append({"Key": values["Key"], "Value": values["Value"]})
    return {"Tags": found}


async def _named(request: Request) -> Ask:
    return {"TagKeys": parse_qs(request.raw_query, keep_blank_values=True).get("tagKeys", [])}


# What is done


async def _list(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    del s3, call, request
    return {"Tags": _tags_of(bucket)}


async def _tag(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    del call
    given: Sequence[api.Tag] = request["Tags"]
    tags.check_tags(given, bucket=True, most=tags.BUCKET_TAGS)

    def change(tx: Tx, latest: Bucket) -> None:
        merged = {tag["Key"]: tag for tag in (*_tags_of(latest), *given)}
        tags.check_tags(list(merged.values()), bucket=True, most=tags.BUCKET_TAGS)
        buckets.configure(tx, latest, "tags", list(merged.values()) or None)

    await s3.change_bucket(bucket, change)
    return {}


async def _untag(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
    del call
    gone = frozenset(request["TagKeys"])

    def change(tx: Tx, latest: Bucket) -> None:
        kept = [tag for tag in _tags_of(latest) if tag["Key"] not in gone]
        buckets.configure(tx, latest, "tags", kept or None)

    await s3.change_bucket(bucket, change)
    return {}


def _tags_of(bucket: Bucket) -> Sequence[api.Tag]:
    return bucket.configurations.get("tags") or ()


_OPERATIONS: Final[Mapping[str, tuple[Callable[[Request], Awaitable[Ask]], Any]]] = {
    "GET": (_nothing, guarded("s3:ListTagsForResource", _list)),
    "POST": (_given, guarded("s3:TagResource", _tag)),
    "DELETE": (_named, guarded("s3:UntagResource", _untag)),
}
