"""Members of requests that Homeport does not do: such a request is refused whole, since its rest is something else."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeport.aws.call import Call
from homeport.aws.errors import OperationNotImplemented
from homeport.aws.service import Operation, Result
from homeport.aws.services.dynamodb.room import DynamoDb

UNBUILT: Final[Mapping[str, Sequence[str]]] = {
    "CreateTable": ("VectorIndexes", "GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"),
    "ExportTableToPointInTime": ("FilterSpecification",),
    "ImportTable": ("TableCreationParameters.VectorIndexes",),
    "RestoreTableFromBackup": ("VectorIndexOverride",),
    "RestoreTableToPointInTime": ("VectorIndexOverride",),
    "UpdateGlobalTableSettings": (
        "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate",
        "GlobalTableGlobalSecondaryIndexSettingsUpdate",
        "ReplicaSettingsUpdate.ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate",
        "ReplicaSettingsUpdate.ReplicaGlobalSecondaryIndexSettingsUpdate",
    ),
    "UpdateTable": (
        "VectorIndexUpdates",
        "GlobalTableWitnessUpdates",
        "GlobalTableSettingsReplicationMode",
        "DisassociationProtectionEnabled",
        "ReplicaUpdates.Disassociate",
    ),
    "UpdateTableReplicaAutoScaling": (
        "GlobalSecondaryIndexUpdates",
        "ReplicaUpdates.ReplicaGlobalSecondaryIndexUpdates",
    ),
}
"""By operation; a dot leads into a member's structure, or into each element of its list."""


def refusing(name: str, operation: Operation[DynamoDb]) -> Operation[DynamoDb]:
    """An operation that says which member of its request it does not do, before it does anything."""
    unbuilt = UNBUILT.get(name)
    if unbuilt is None:
        return operation

    async def refuse(dynamodb: DynamoDb, call: Call, request: Any) -> Result:
        for path in unbuilt:
            if _given(request, path.split(".")):
                raise OperationNotImplemented("DynamoDB", f"{name} with {path}")
        return await operation(dynamodb, call, request)

    return refuse


def _given(value: Any, path: Sequence[str]) -> bool:
    """Whether something stands at a path; nothing, an empty list and false ask for nothing."""
    if isinstance(value, list) and path:
        return any(_given(element, path) for element in value)
    return bool(value) and (not path or _given(value.get(path[0]), path[1:]))
