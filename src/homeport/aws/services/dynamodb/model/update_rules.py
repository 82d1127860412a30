"""What one UpdateTable may change at a time, in AWS's words."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from homeport.aws.services.dynamodb.errors import INVALID, LimitExceededException, ValidationException

_NOTHING: Final = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
_ALONE: Final = (
    ("ReplicaUpdates", "Replica modification must be the only operation in the request"),
    ("DeletionProtectionEnabled", "DeletionProtection modification must be the only operation in the request"),
    ("SSESpecification", "Server-Side Encryption modification must be the only operation in the request"),
    ("TableClass", "TableClass modification must be the only operation in the request"),
)
_WITH_INDEXES: Final = (
    ("WarmThroughput", "Create global secondary index cannot be specified when updating WarmThroughput"),
    ("ProvisionedThroughput", "You cannot create or delete index while updating table IOPS"),
    ("StreamSpecification", "You cannot create or delete index while changing stream status"),
)

Updates = Sequence[Mapping[str, object]]


def check_update(request: Mapping[str, object], updates: Updates | None) -> None:
    """Refuse an UpdateTable that asks for nothing, or for what cannot be changed together.

    Args:
        request: as it came.
        updates: its `GlobalSecondaryIndexUpdates`.
    """
    changes = request.keys() - {"TableName", "AttributeDefinitions"}
    if not changes or (changes == {"GlobalSecondaryIndexUpdates"} and not updates):
        raise ValidationException(_NOTHING)
    if updates is not None and not updates:
        raise ValidationException(f"{INVALID}List of GlobalSecondaryIndexUpdates is empty")
    _check_together(changes, updates or ())
    if request.get("BillingMode") == "PROVISIONED" and "ProvisionedThroughput" not in request:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def _check_together(changes: AbstractSet[str], updates: Updates) -> None:
    for member, message in _ALONE:
        if member in changes and changes - {member, "MultiRegionConsistency"}:
            raise ValidationException(f"{INVALID}{message}")
    if any("Create" in update or "Delete" in update for update in updates):
        for member, message in _WITH_INDEXES:
            if member in changes and not (member == "ProvisionedThroughput" and "BillingMode" in changes):
                raise ValidationException(f"{INVALID}{message}")
    if "WarmThroughput" in changes and len(changes) > 1:
        raise ValidationException(f"{INVALID}WarmThroughput must be the only operation in the request")
    if "OnDemandThroughput" in changes and changes - {"OnDemandThroughput", "BillingMode"}:
        raise ValidationException(
            f"{INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"
        )
    if {"StreamSpecification", "ProvisionedThroughput"} <= changes:
        raise ValidationException(f"{INVALID}You cannot modify stream status while updating table IOPS")


def check_index_updates(updates: Sequence[Mapping[str, Mapping[str, object]]]) -> None:
    """Check the elements of `GlobalSecondaryIndexUpdates` against one another."""
    seen: set[object] = set()
    for update in updates:
        if not update:
            raise ValidationException(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(update) > 1:
            raise ValidationException(
                f"{INVALID}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"
            )
        (index,) = update.values()
        if index["IndexName"] in seen:
            raise ValidationException(
                f"{INVALID}Only one global secondary index update per index is allowed simultaneously. "
                f"Index: {index['IndexName']}"
            )
        seen.add(index["IndexName"])
    if sum("Update" not in update for update in updates) > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )


def check_changed_stream(enabled: bool, view_type: str | None) -> None:  # noqa: FBT001 # as the member says it
    """Check what an update wants of a table's stream."""
    if enabled and view_type is None:
        raise ValidationException(f"{INVALID}If stream is being enabled then UpdateViewType is required")
    if not enabled and view_type is not None:
        raise ValidationException(f"{INVALID}If stream is being disabled, then UpdateViewType must not be specified")
