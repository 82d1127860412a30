"""Configurations that are kept and read back: which of them S3 would refuse."""

import re
from collections.abc import Mapping
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import (
    AccessDenied,
    IllegalVersioningConfiguration,
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
)
from homeport.aws.services.s3.model.bucket import Bucket

NEW_BUCKETS_BLOCK: Final[api.PublicAccessBlockConfiguration] = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
"""What new buckets have since April 2023."""

OWNERSHIPS: Final = frozenset({"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"})
_ACCOUNT = re.compile(r"\d{12}")


def check_versioning(configuration: api.VersioningConfiguration, bucket: Bucket) -> None:
    """Refuse a versioning state that there is not, or that the bucket's lock does not allow.

    Raises:
        IllegalVersioningConfiguration, InvalidRequest, AccessDenied: it is such a one.
    """
    if configuration.get("MFADelete") == "Enabled":
        # Nobody has a device here: to keep the word and not ask for its codes would be no protection.
        raise AccessDenied("Mfa Authentication must be used for this request")
    status = configuration.get("Status")
    if status is None and "MFADelete" not in configuration:
        raise IllegalVersioningConfiguration
    if status is not None and status not in {"Enabled", "Suspended"}:
        raise MalformedXml
    if status == "Suspended" and bucket.lockable:
        raise InvalidRequest(
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        )


def ownership_of(controls: api.OwnershipControls) -> str:
    """The one ownership that controls name.

    Raises:
        MalformedXml: not exactly one known one.
    """
    rules = controls.get("Rules", [])
    if len(rules) != 1 or rules[0].get("ObjectOwnership") not in OWNERSHIPS:
        raise MalformedXml
    return rules[0]["ObjectOwnership"]


def check_accelerate(configuration: api.AccelerateConfiguration, bucket: str) -> None:
    """Refuse an acceleration state that there is not, or for a name that cannot have it.

    Raises:
        MalformedXml, InvalidRequest: it is such a one.
    """
    if configuration.get("Status") not in {"Enabled", "Suspended"}:
        raise MalformedXml
    if "." in bucket:
        raise InvalidRequest("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names")


def replication_kept(configuration: api.ReplicationConfiguration) -> api.ReplicationConfiguration:
    """A replication configuration as it is read back, with what S3 fills in.

    Raises:
        MalformedXml: it breaks the schema.
    """
    rules = configuration.get("Rules", [])
    if not rules or "Role" not in configuration:
        raise MalformedXml
    kept: list[api.ReplicationRule] = []
    for rule in rules:
        if rule.get("Status") not in {"Enabled", "Disabled"} or not rule.get("Destination", {}).get("Bucket"):
            raise MalformedXml
        filled: api.ReplicationRule = {**rule}
        if "Prefix" not in filled:
            filled.setdefault("Filter", {})
            filled.setdefault("Priority", 0)
            filled.setdefault("DeleteMarkerReplication", {"Status": "Disabled"})
        kept.append(filled)
    return {"Role": configuration["Role"], "Rules": kept}


def check_configuration_id(told: str, configuration: Mapping[str, object]) -> None:
    """Refuse an analytics, inventory, metrics or tiering configuration whose id is not the one in the URL.

    Raises:
        InvalidArgument, MalformedXml: it is another one, or missing.
    """
    identifier = configuration.get("Id")
    if not identifier:
        raise MalformedXml
    if identifier != told:
        raise InvalidArgument("The configuration id in the request does not match the one in the URL", "id", told)


def check_metrics(configuration: api.MetricsConfiguration) -> None:
    """Refuse a filter that says nothing or too much.

    Raises:
        MalformedXml: it does.
    """
    wanted = configuration.get("Filter")
    if wanted is not None and len(wanted) != 1:
        raise MalformedXml


def check_inventory(configuration: api.InventoryConfiguration) -> None:
    """Refuse an inventory that lacks what S3 demands.

    Raises:
        MalformedXml: it does.
    """
    for member in ("Destination", "IsEnabled", "IncludedObjectVersions", "Schedule"):
        if member not in configuration:
            raise MalformedXml
    if configuration["IncludedObjectVersions"] not in {"All", "Current"}:
        raise MalformedXml
    if configuration["Schedule"].get("Frequency") not in {"Daily", "Weekly"}:
        raise MalformedXml


def is_account(text: str) -> bool:
    """Whether a text is an account's twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None
