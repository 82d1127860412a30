"""KMS's operations by AWS's names."""

from collections.abc import Mapping

from homeport.aws.service import Operation
from homeport.aws.services.kms.operations import aliases, encryption, grants, keys, settings, signing
from homeport.aws.services.kms.room import Kms

OPERATIONS: Mapping[str, Operation[Kms]] = {
    "CancelKeyDeletion": keys.cancel_key_deletion,
    "CreateAlias": aliases.create_alias,
    "CreateGrant": grants.create_grant,
    "CreateKey": keys.create_key,
    "Decrypt": encryption.decrypt,
    "DeleteAlias": aliases.delete_alias,
    "DeriveSharedSecret": signing.derive_shared_secret,
    "DescribeKey": keys.describe_key,
    "DisableKey": keys.disable_key,
    "DisableKeyRotation": settings.disable_key_rotation,
    "EnableKey": keys.enable_key,
    "EnableKeyRotation": settings.enable_key_rotation,
    "Encrypt": encryption.encrypt,
    "GenerateDataKey": encryption.generate_data_key,
    "GenerateDataKeyPair": encryption.generate_data_key_pair,
    "GenerateDataKeyPairWithoutPlaintext": encryption.generate_data_key_pair_without_plaintext,
    "GenerateDataKeyWithoutPlaintext": encryption.generate_data_key_without_plaintext,
    "GenerateMac": signing.generate_mac,
    "GenerateRandom": encryption.generate_random,
    "GetKeyPolicy": settings.get_key_policy,
    "GetKeyRotationStatus": settings.get_key_rotation_status,
    "GetPublicKey": signing.get_public_key,
    "ListAliases": aliases.list_aliases,
    "ListGrants": grants.list_grants,
    "ListKeyPolicies": settings.list_key_policies,
    "ListKeyRotations": settings.list_key_rotations,
    "ListKeys": keys.list_keys,
    "ListResourceTags": settings.list_resource_tags,
    "ListRetirableGrants": grants.list_retirable_grants,
    "PutKeyPolicy": settings.put_key_policy,
    "ReEncrypt": encryption.re_encrypt,
    "RetireGrant": grants.retire_grant,
    "RevokeGrant": grants.revoke_grant,
    "RotateKeyOnDemand": settings.rotate_key_on_demand,
    "ScheduleKeyDeletion": keys.schedule_key_deletion,
    "Sign": signing.sign,
    "TagResource": settings.tag_resource,
    "UntagResource": settings.untag_resource,
    "UpdateAlias": aliases.update_alias,
    "UpdateKeyDescription": keys.update_key_description,
    "Verify": signing.verify,
    "VerifyMac": signing.verify_mac,
}
