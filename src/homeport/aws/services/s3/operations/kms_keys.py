"""Which KMS key encrypts an object: the one that is named, as KMS knows it, or the account's own for S3."""

import re
import uuid

from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.services.s3.errors import KmsNotFound
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.encryption import KMS
from homeport.aws.services.s3.model.version import Head
from homeport.aws.services.s3.room import S3

_KEY_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def settle_key(s3: S3, call: Call, bucket: Bucket, head: Head) -> None:
    """Put the key's ARN into the head of an object that KMS encrypts.

    Raises:
        KmsNotFound: KMS does not know the key.
    """
    if head.get("ServerSideEncryption") not in KMS:
        return
    named = head.get("SSEKMSKeyId")
    if named is None:
        name = f"s3:{bucket.account}:{bucket.region}"
        identifier = uuid.uuid5(uuid.NAMESPACE_URL, name)
        head["SSEKMSKeyId"] = f"arn:aws:kms:{bucket.region}:{bucket.account}:key/{identifier}"
        return
    head["SSEKMSKeyId"] = await _known(s3, call, named)


async def _known(s3: S3, call: Call, named: str) -> str:
    parts = named.split(":", 5)
    if named.startswith("arn:") and (len(parts) != 6 or parts[3] != call.region):  # noqa: PLR2004 # an ARN's parts
        raise KmsNotFound(f"Invalid arn {parts[3] if len(parts) > 3 else named}")  # noqa: PLR2004 # up to the region
    if not named.startswith(("arn:", "alias/")) and _KEY_ID.fullmatch(named) is None:
        raise KmsNotFound(f"Invalid keyId '{named}'")
    try:
        described = await s3.invoke(call, "kms", "DescribeKey", {"KeyId": named})
    except OperationNotImplemented:
        return named if named.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{named}"
    except AwsError as error:
        if error.code != "NotFoundException":
            raise
        raise KmsNotFound(error.message) from error
    metadata = described["KeyMetadata"]
    arn = metadata["Arn"]
    return arn if isinstance(arn, str) else named
