"""Whom a form comes from that a browser posts, and whether its signature and its policy let it in."""

from collections.abc import Mapping, Sequence
from typing import Final

from homeport.aws.auth import sigv2, sigv4
from homeport.aws.auth.authenticate import account_of
from homeport.aws.auth.errors import SignatureVersionUnsupported, expired_token, unknown_key, wrong_token
from homeport.aws.auth.keys import AccessKey
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import InvalidArgument, S3Error
from homeport.aws.services.s3.model import post_policy
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.room import S3

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SIGNED: Final = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
_SIGNED_V2: Final = ("AWSAccessKeyId", "Signature")
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
                "StringToSignBytes": policy.encode("utf-8", "surrogateescape").hex(" "),
            },
        )


async def admit(
    s3: S3, call: Call, bucket: Bucket, fields: Mapping[str, str], key: str
) -> tuple[post_policy.PostPolicy | None, Call]:
    """Whom a form comes from, and what its policy demands; a form without one is nobody's.

    `key`: of the object, with the file's name in it: policies speak of that.

    Raises:
        AwsError: fields of the signature are missing or wrong, or the policy does not hold.
    """
    encoded = fields.get("policy")
    if encoded is None:
        return None, call._replace(anonymous=True, access_key_id="", principal_arn="", account="")
    if "awsaccesskeyid" in fields or ("signature" in fields and "x-amz-signature" not in fields):
        key_id, signer = await _signer_v2(s3, fields, encoded)
    else:
        key_id, signer = await _signer(s3, fields, encoded)
    account = signer.account if signer is not None else account_of(key_id)
    arn = signer.principal_arn if signer is not None else f"arn:aws:iam::{account}:root"
    policy = post_policy.parse(encoded)
    policy.check({**fields, "key": key}, bucket.name, s3.clock.now())
    return policy, call._replace(anonymous=False, access_key_id=key_id, account=account, principal_arn=arn)


def _demand(fields: Mapping[str, str], names: Sequence[str]) -> None:
    for name in names:
        if name.lower() not in fields:
            raise InvalidArgument(
                f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the "
                "fields.",
                name,
            )


async def _signer(s3: S3, fields: Mapping[str, str], encoded: str) -> tuple[str, AccessKey | None]:
    _demand(fields, _SIGNED)
    if fields["x-amz-algorithm"] != _ALGORITHM:
        raise InvalidArgument(
            f'X-Amz-Algorithm only supports "{_ALGORITHM}"', "X-Amz-Algorithm", fields["x-amz-algorithm"]
        )
    parts = fields["x-amz-credential"].rsplit("/", _SCOPE_PARTS - 1)
    if len(parts) != _SCOPE_PARTS or parts[3:] != ["s3", "aws4_request"]:
        raise InvalidArgument("The Credential is mal-formed", "X-Amz-Credential", fields["x-amz-credential"])
    key_id, date, region = parts[:3]
    key = await _key(s3, key_id, fields)
    if s3.proves_signatures and key is not None:
        computed = sigv4.sign(sigv4.signing_key(key.secret, date, region, "s3"), encoded)
        _compare(computed, key_id, encoded, fields["x-amz-signature"])
    return key_id, key


async def _signer_v2(s3: S3, fields: Mapping[str, str], encoded: str) -> tuple[str, AccessKey | None]:
    """In mode `open` the old signature keeps nobody out, with whatever setting: its form has a policy all the same."""
    if s3.proves_signatures and not s3.accepts_v2:
        raise SignatureVersionUnsupported
    _demand(fields, _SIGNED_V2)
    key_id = fields["awsaccesskeyid"]
    key = await _key(s3, key_id, fields)
    if s3.proves_signatures and key is not None:
        _compare(sigv2.sign(key.secret, encoded), key_id, encoded, fields["signature"])
    return key_id, key


def _compare(computed: str, key_id: str, encoded: str, signature: str) -> None:
    if not sigv4.same(computed, signature):
        raise FormSignatureMismatch(key_id, encoded, signature)


async def _key(s3: S3, key_id: str, fields: Mapping[str, str]) -> AccessKey | None:
    """The key that signed; None only where credentials are taken at their word.

    Raises:
        AwsError: it is nobody's, has run out, or its session's token is not there.
    """
    key = await s3.keys.find(key_id)
    if not s3.proves_signatures:
        return key
    if key is None:
        expired = await s3.keys.expired(key_id)
        raise expired_token("s3", protocol_is_json=False) if expired else unknown_key("s3", False, key_id)
    if key.token and not sigv4.same(key.token, fields.get("x-amz-security-token", "")):
        raise wrong_token("s3", False)
    return key
