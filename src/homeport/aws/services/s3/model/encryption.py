"""Server-side encryption: what a request asks for, what the bucket's default gives, and customers' keys."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidEncryptionAlgorithm,
    InvalidRequest,
    MalformedXml,
)
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.version import Head, Version

AES: Final = "AES256"
KMS: Final = frozenset({"aws:kms", "aws:kms:dsse"})
_HEADER: Final = "x-amz-server-side-encryption"
_KEY_BYTES: Final = 32
DEFAULT: Final[api.ServerSideEncryptionConfiguration] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": AES}, "BucketKeyEnabled": False}]
}
"""What every bucket has since January 2023."""


def requested(request: Mapping[str, object], bucket: Bucket) -> tuple[Head, str]:
    """What a new object's head says of its encryption, and the digest of the customer's key (empty without one).

    Raises:
        InvalidArgument, InvalidEncryptionAlgorithm, InvalidRequest: the request's headers make no sense.
    """
    customer = customer_key(request)
    algorithm = _text(request, "ServerSideEncryption")
    key_id = _text(request, "SSEKMSKeyId")
    if customer is not None:
        if algorithm:
            raise InvalidArgument(
                "Server Side Encryption with Customer provided key is incompatible with the encryption method "
                "specified",
                _HEADER,
                algorithm,
            )
        md5, digest = customer
        return {"SSECustomerAlgorithm": AES, "SSECustomerKeyMD5": md5}, digest
    if algorithm and algorithm not in {AES, *KMS}:
        raise InvalidEncryptionAlgorithm(_HEADER, algorithm)
    if key_id and algorithm not in KMS:
        raise InvalidArgument(
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
            "aws:kms",
            _HEADER,
            algorithm or None,
        )
    default = bucket.configurations.get("encryption", DEFAULT)["Rules"][0]
    by_default = default.get("ApplyServerSideEncryptionByDefault", {})
    if not algorithm:
        algorithm, key_id = by_default.get("SSEAlgorithm", AES), by_default.get("KMSMasterKeyID", "")
    head: Head = {"ServerSideEncryption": algorithm}
    if algorithm in KMS:
        if key_id:
            head["SSEKMSKeyId"] = key_id
        if bool(request.get("BucketKeyEnabled", default.get("BucketKeyEnabled"))):
            head["BucketKeyEnabled"] = True
    return head, ""


def customer_key(request: Mapping[str, object], prefix: str = "") -> tuple[str, str] | None:
    """The MD5 of the customer's key as the wire has it, and a digest to know the key by; None without one.

    `prefix`: `CopySource` for the key of a copy's source.

    Raises:
        InvalidArgument, InvalidEncryptionAlgorithm: key, digest and algorithm do not fit together.
    """
    algorithm = _text(request, f"{prefix}SSECustomerAlgorithm")
    key = _text(request, f"{prefix}SSECustomerKey")
    md5 = _text(request, f"{prefix}SSECustomerKeyMD5")
    if not (algorithm or key or md5):
        return None
    if not algorithm:
        raise InvalidArgument(
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption "
            "algorithm.",
            _HEADER,
        )
    if not key:
        raise InvalidArgument(
            "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate "
            "secret key.",
            _HEADER,
        )
    if algorithm != AES:
        raise InvalidEncryptionAlgorithm(_HEADER, algorithm)
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InvalidArgument("The secret key was invalid for the specified algorithm.", _HEADER)
    computed = base64.b64encode(hashlib.md5(raw, usedforsecurity=False).digest()).decode()
    if md5 and md5 != computed:
        raise InvalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.", _HEADER)
    return computed, hashlib.sha256(b"homeport sse-c " + raw).hexdigest()


def check_customer_key(version: Version, request: Mapping[str, object], prefix: str = "") -> None:
    """Refuse to read a version without the key that it was put with.

    Raises:
        InvalidRequest: a key is missing, or there is one too much.
        AccessDenied: it is another key.
    """
    given = customer_key(request, prefix)
    stored = version.extra.get("sse_key")
    if stored is None:
        if given is not None:
            raise InvalidRequest("The encryption parameters are not applicable to this object.")
        return
    if given is None:
        raise InvalidRequest(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided "
            "to retrieve the object."
        )
    if given[1] != stored:
        raise AccessDenied


def check_configuration(configuration: api.ServerSideEncryptionConfiguration) -> None:
    """Refuse a default encryption that does not fit the schema.

    Raises:
        MalformedXml, InvalidArgument: it does not.
    """
    rules = configuration.get("Rules", [])
    if len(rules) != 1:
        raise MalformedXml
    default = rules[0].get("ApplyServerSideEncryptionByDefault")
    if default is None:
        if "BlockedEncryptionTypes" in rules[0]:
            return
        raise MalformedXml
    algorithm = default.get("SSEAlgorithm")
    if algorithm not in {AES, *KMS}:
        raise MalformedXml
    if default.get("KMSMasterKeyID") is not None and algorithm not in KMS:
        raise InvalidArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            "ApplyServerSideEncryptionByDefault",
        )


def _text(request: Mapping[str, object], member: str) -> str:
    value = request.get(member)
    return value if isinstance(value, str) else ""
