"""Objects posted by browsers: a form's fields become a put, its success is answered as the form wishes."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from homeport.aws.call import Call
from homeport.aws.protocol.scalars import ValueMalformed, read_timestamp
from homeport.aws.protocol.xml_values import DECLARATION, escape
from homeport.aws.services.s3.errors import InvalidArgument, MalformedXml, NotAForm, S3Error
from homeport.aws.services.s3.model import checksums
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES
from homeport.aws.services.s3.operations.access import authorize
from homeport.aws.services.s3.operations.contents import discard, receive
from homeport.aws.services.s3.operations.put import commit, draft
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.wire.admission import admit
from homeport.aws.services.s3.wire.multipart_form import Form, FormReader, boundary_of
from homeport.kernel.http.message import Request, Response

_MEMBERS: Final[Mapping[str, str]] = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-type": "ContentType",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "expires": "Expires",
    "x-amz-storage-class": "StorageClass",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "x-amz-server-side-encryption-customer-key": "SSECustomerKey",
    "x-amz-server-side-encryption-customer-key-md5": "SSECustomerKeyMD5",
    "x-amz-checksum-algorithm": "ChecksumAlgorithm",
    "x-amz-object-lock-mode": "ObjectLockMode",
    "x-amz-object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "content-md5": "ContentMD5",
    **{header: f"Checksum{name}" for header, name in checksums.HEADERS.items()},
}
_METADATA: Final = "x-amz-meta-"


async def post_object(s3: S3, call: Call, bucket: Bucket, request: Request) -> Response:
    """Take in a form.

    Raises:
        AwsError: it is no form, breaks its policy, or its sender may not.
    """
    boundary = boundary_of(request.headers.get("Content-Type", ""))
    if boundary is None:
        raise NotAForm
    reader = FormReader(request.body, boundary)
    form = await reader.read_fields()
    call = call._replace(operation="PostObject")
    policy, call = await admit(s3, call, bucket, form.fields, _key(form))
    asked = _put_request(bucket, form)
    if bucket.account != call.account or call.anonymous or "policy" in bucket.configurations:
        await authorize(s3, call, bucket, "s3:PutObject", asked)
    new = await draft(s3, call, bucket, asked)
    most = min(policy.most, MOST_PART_BYTES) if policy is not None and policy.most is not None else MOST_PART_BYTES
    content = await receive(s3, reader, asked, most=most)
    if policy is not None:
        try:
            policy.check_size(content.size)
        except S3Error:
            discard(s3, content.file)
            raise
    members = await commit(s3, call, bucket, new, content, "ObjectCreated:Post")
    return _answer(call, bucket, str(asked["Key"]), form.fields, members)


def _key(form: Form) -> str:
    key = form.fields.get("key")
    if not key:
        raise InvalidArgument(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
            "key",
        )
    return key.replace("${filename}", form.file_name)


def _put_request(bucket: Bucket, form: Form) -> dict[str, object]:
    fields = form.fields
    asked: dict[str, object] = {
        "Bucket": bucket.name,
        "Key": _key(form),
        "Metadata": {
            name.removeprefix(_METADATA): value for name, value in fields.items() if name.startswith(_METADATA)
        },
    }
    for name, member in _MEMBERS.items():
        if name in fields:
            asked[member] = fields[name]
    until = "x-amz-object-lock-retain-until-date"
    if until in fields:
        try:
            asked["ObjectLockRetainUntilDate"] = read_timestamp(fields[until])
        except ValueMalformed:
            raise InvalidArgument("Invalid date", until, fields[until]) from None
    if "tagging" in fields:
        asked["Tagging"] = _tagging_header(fields["tagging"])
    return asked


def _tagging_header(document: str) -> str:
    """The form's tags come as a document; a put's as a query string."""
    from homeport.aws.protocol.xml_values import local_name, parse_xml

    root = parse_xml(document.encode())
    pairs = []
    for tag in root.iter():
        if local_name(tag.tag) == "Tag":
            found = {local_name(child.tag): child.text or "" for child in tag}
            if set(found) != {"Key", "Value"}:
                raise MalformedXml
            pairs.append((found["Key"], found["Value"]))
    return urlencode(pairs)


def _answer(call: Call, bucket: Bucket, key: str, fields: Mapping[str, str], members: Mapping[str, object]) -> Response:
    etag = str(members["ETag"])
    location = f"{call.endpoint_url}/{bucket.name}/{quote(key, safe='')}"
    headers = [("x-amz-request-id", call.request_id), ("ETag", etag)]
    if members.get("VersionId"):
        headers.append(("x-amz-version-id", str(members["VersionId"])))
    redirect = fields.get("success_action_redirect") or fields.get("redirect")
    if redirect and urlsplit(redirect).scheme in {"http", "https"}:
        query = urlencode({"bucket": bucket.name, "key": key, "etag": etag})
        target = f"{redirect}{'&' if '?' in redirect else '?'}{query}"
        return Response(303, [*headers, ("Location", target.replace("\r", "").replace("\n", ""))])
    headers.append(("Location", location))
    status = fields.get("success_action_status", "204")
    if status == "201":
        body = (
            f"{DECLARATION}<PostResponse><Location>{escape(location)}</Location><Bucket>{escape(bucket.name)}</Bucket>"
            f"<Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
        )
        return Response(201, [*headers, ("Content-Type", "application/xml")], body.encode())
    return Response(200 if status == "200" else 204, headers)
