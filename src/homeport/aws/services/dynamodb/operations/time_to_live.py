"""UpdateTimeToLive, DescribeTimeToLive, and the deletion of what has expired."""

from typing import Final, TypedDict

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import NameRequest, loaded
from homeport.aws.services.dynamodb.room import DynamoDb, resolve
from homeport.aws.services.dynamodb.store import items, tables
from homeport.aws.services.dynamodb.store.clearing import fill_expiry
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Tx

EXPIRE_AT_ONCE: Final = 200
"""How many items one transaction deletes."""

_FIVE_YEARS_SECONDS: Final = 5 * 365 * 24 * 3600


class Specification(TypedDict):
    """`TimeToLiveSpecification`."""

    Enabled: bool
    AttributeName: str


class TtlRequest(NameRequest, total=False):
    """The parameters of UpdateTimeToLive."""

    TimeToLiveSpecification: Specification


async def update_time_to_live(dynamodb: DynamoDb, call: Call, request: TtlRequest) -> Result:
    """Let items be deleted when the time in an attribute of theirs has passed, or no longer.

    Spec: DynamoDB API reference, UpdateTimeToLive.
    """
    name = resolve(call, request["TableName"])
    await dynamodb.described_table(call, request["TableName"])
    wanted = request["TimeToLiveSpecification"]

    def update(tx: Tx) -> None:
        table = loaded(tx, name)
        present = table.settings.get("TimeToLive")
        if wanted["Enabled"]:
            _check_not_enabled(present, wanted["AttributeName"])
            index_id = tables.new_index(tx, table.data_id)
            for member in tables.members(tx, table.data_id):
                member.settings["TimeToLive"] = wanted["AttributeName"]
                member.settings["TimeToLiveIndex"] = index_id
                tables.save(tx, member.id, member.settings)
            fill_expiry(tx, loaded(tx, name))
        else:
            _disable(tx, table, present, wanted["AttributeName"])

    await dynamodb.tables.change(update)
    return {"TimeToLiveSpecification": wanted}


def _check_not_enabled(present: str | None, wanted: str) -> None:
    if present == wanted:
        raise ValidationException("TimeToLive is already enabled")
    if present is not None:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {present}"
        )


def _disable(tx: Tx, table: Table, present: str | None, wanted: str) -> None:
    if present is None:
        raise ValidationException("TimeToLive is already disabled")
    if present != wanted:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {present}"
        )
    if table.expiry is not None:
        tables.drop_index(tx, table.expiry.index_id)
    for member in tables.members(tx, table.data_id):
        member.settings.pop("TimeToLive", None)
        member.settings.pop("TimeToLiveIndex", None)
        tables.save(tx, member.id, member.settings)


async def describe_time_to_live(dynamodb: DynamoDb, call: Call, request: NameRequest) -> Result:
    """Tell whether items expire, and by which attribute.

    Spec: DynamoDB API reference, DescribeTimeToLive.
    """
    table = await dynamodb.described_table(call, request["TableName"])
    attribute = table.settings.get("TimeToLive")
    if attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}}


async def delete_expired(dynamodb: DynamoDb) -> int:
    """Delete every item whose time has passed; how many there were."""
    every = await dynamodb.db.read(tables.all_tables)
    by_data = {table.data_id: table for table in every if table.expiry is not None}
    return sum([await _delete_of(dynamodb, table) for table in by_data.values()])


async def _delete_of(dynamodb: DynamoDb, table: Table) -> int:
    deleted = 0
    while True:
        count = await dynamodb.db.write(
            lambda tx: _delete_some(tx, dynamodb.tables.fresh(tx, table), dynamodb.clock.now())
        )
        deleted += count
        if not count:
            break
    if deleted and table.log_changes:
        dynamodb.wake_readers(table)
    return deleted


def _delete_some(tx: Tx, table: Table, now: Millis) -> int:
    expiry = table.expiry
    if expiry is None:
        return 0
    seconds = now // MILLIS_PER_SECOND
    # DynamoDB developer guide, "Time to Live": what expired more than five years ago stays.
    oldest = max(0, seconds - _FIVE_YEARS_SECONDS)
    due = items.due(tx, expiry.index_id, oldest.to_bytes(8), seconds.to_bytes(8), EXPIRE_AT_ONCE)
    for key, row in due:
        items.delete(tx, table, key, row, now, by_service=True)
    return len(due)
