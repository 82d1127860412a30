"""Objects posted by browsers: a form's fields become a put, its success is answered as the form wishes."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from homeport.aws.auth import sigv4
from homeport.aws.auth.authenticate import account_of
from homeport.aws.call import Call
from homeport.aws.protocol.scalars import ValueMalformed, read_timestamp
from homeport.aws.protocol.xml_values import DECLARATION, escape
from homeport.aws.services.s3.errors import AccessDenied, InvalidArgument, MalformedXml, NotAForm, S3Error
from homeport.aws.services.s3.model import checksums, post_policy
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.multipart import MOST_PART_BYTES
from homeport.aws.services.s3.operations.access import authorize
from homeport.aws.services.s3.operations.contents import discard, receive
from homeport.aws.services.s3.operations.put import commit, draft
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.wire.multipart_form import Form, FormReader, boundary_of
from homeport.kernel.http.message import Request, Response

_MEMBERS: Final[Mapping[str, str]] = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-type": "ContentType",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
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
_SIGNED: Final = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_ARGUMENTS: Final = {
    "x-amz-algorithm": "X-Amz-Algorithm",
    "x-amz-credential": "X-Amz-Credential",
    "x-amz-date": "X-Amz-Date",
    "x-amz-signature": "X-Amz-Signature",
}
_METADATA: Final = "x-amz-meta-"
_SCOPE_PARTS: Final = 5


class FormSignatureMismatch(S3Error):
    """The policy was signed with another secret."""

    code = "SignatureDoesNotMatch"
    status = 403

    def __init__(self, key_id: str, policy: str, signature: str) -> None:
        super().__init__(
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
            extra={
                "AWSAccessKeyId": key_id,
                "StringToSign": policy,
                "SignatureProvided": signature,
                "StringToSignBytes": policy.encode().hex(" "),
            },
        )


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
    call = replace(call, operation="PostObject")
    policy, call = await _admit(s3, call, bucket, form)
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


async def _admit(s3: S3, call: Call, bucket: Bucket, form: Form) -> tuple[post_policy.PostPolicy | None, Call]:
    """Whom a form comes from, and what its policy demands.

    Raises:
        AwsError: fields of the signature are missing or wrong, or the policy does not hold.
    """
    fields = form.fields
    encoded = fields.get("policy")
    if encoded is None:
        return None, replace(call, anonymous=True, access_key_id="", principal_arn="", account="")
    if "awsaccesskeyid" in fields or ("signature" in fields and "x-amz-signature" not in fields):
        return _admit_v2(s3, call, bucket, fields, encoded)
    for name in _SIGNED:
        if name not in fields:
            raise InvalidArgument(
                f"Bucket POST must contain a field named '{_ARGUMENTS[name]}'.  If it is specified, please check the "
                "order of the fields.",
                _ARGUMENTS[name],
            )
    parts = fields["x-amz-credential"].rsplit("/", _SCOPE_PARTS - 1)
    if len(parts) != _SCOPE_PARTS:
        raise InvalidArgument("The Credential is mal-formed", "X-Amz-Credential", fields["x-amz-credential"])
    key_id, date, region, service, _ = parts
    key = await s3.keys.find(key_id)
    if s3.proves_signatures:
        if key is None:
            raise _unknown_key(key_id)
        computed = sigv4.sign(sigv4.signing_key(key.secret, date, region, service), encoded)
        if not hmac.compare_digest(computed, fields["x-amz-signature"]):
            raise FormSignatureMismatch(key_id, encoded, fields["x-amz-signature"])
    account = key.account if key is not None else account_of(key_id)
    arn = key.principal_arn if key is not None else f"arn:aws:iam::{account}:root"
    policy = post_policy.parse(encoded)
    policy.check(fields, bucket.name, s3.clock.now())
    return policy, replace(call, anonymous=False, access_key_id=key_id, account=account, principal_arn=arn)


def _unknown_key(key_id: str) -> S3Error:
    error = AccessDenied("The AWS Access Key Id you provided does not exist in our records.")
    error.code = "InvalidAccessKeyId"
    error.extra = {"AWSAccessKeyId": key_id}
    return error


def _admit_v2(
    s3: S3, call: Call, bucket: Bucket, fields: Mapping[str, str], encoded: str
) -> tuple[post_policy.PostPolicy, Call]:
    """A form signed the old way: its policy holds where signatures are not proved; elsewhere it is refused."""
    for name, shown in (("awsaccesskeyid", "AWSAccessKeyId"), ("signature", "Signature")):
        if name not in fields:
            raise InvalidArgument(
                f"Bucket POST must contain a field named '{shown}'.  If it is specified, please check the order of the "
                "fields.",
                shown,
            )
    key_id = fields["awsaccesskeyid"]
    if s3.proves_signatures:
        raise FormSignatureMismatch(key_id, encoded, fields["signature"])
    policy = post_policy.parse(encoded)
    policy.check(fields, bucket.name, s3.clock.now())
    account = account_of(key_id)
    arn = f"arn:aws:iam::{account}:root"
    return policy, replace(call, anonymous=False, access_key_id=key_id, account=account, principal_arn=arn)


def _put_request(bucket: Bucket, form: Form) -> dict[str, object]:
    fields = form.fields
    if not fields.get("key"):
        raise InvalidArgument(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
            "key",
        )
    asked: dict[str, object] = {
        "Bucket": bucket.name,
        "Key": fields["key"].replace("${filename}", form.file_name),
        "Metadata": {
            name.removeprefix(_METADATA): value for name, value in fields.items() if name.startswith(_METADATA)
        },
    }
    for name, member in _MEMBERS.items():
        if name in fields:
            asked[member] = fields[name]
    for name, member in (("expires", "Expires"), ("x-amz-object-lock-retain-until-date", "ObjectLockRetainUntilDate")):
        if name in fields:
            try:
                asked[member] = read_timestamp(fields[name])
            except ValueMalformed:
                raise InvalidArgument("Invalid date", name, fields[name]) from None
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
    headers = [("x-amz-request-id", call.request_id), ("ETag", etag), ("Location", location)]
    if members.get("VersionId"):
        headers.append(("x-amz-version-id", str(members["VersionId"])))
    redirect = fields.get("success_action_redirect") or fields.get("redirect")
    if redirect and urlsplit(redirect).scheme in {"http", "https"}:
        query = urlencode({"bucket": bucket.name, "key": key, "etag": etag})
        target = f"{redirect}{'&' if '?' in redirect else '?'}{query}"
        return Response(303, [*headers[:-1], ("Location", target.replace("\r", "").replace("\n", ""))])
    status = fields.get("success_action_status", "204")
    if status == "201":
        body = (
            f"{DECLARATION}<PostResponse><Location>{escape(location)}</Location><Bucket>{escape(bucket.name)}</Bucket>"
            f"<Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
        )
        return Response(201, [*headers, ("Content-Type", "application/xml")], body.encode())
    return Response(200 if status == "200" else 204, headers)
