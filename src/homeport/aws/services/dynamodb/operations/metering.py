"""`ConsumedCapacity` and `ItemCollectionMetrics` of writes, computed only for those who ask."""

from collections.abc import Mapping

from homeport.aws.services.dynamodb.model import keys
from homeport.aws.services.dynamodb.model.capacity import Consumed, write_units
from homeport.aws.services.dynamodb.model.projection import entry
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item, Value, equal, equal_items, item_size
from homeport.aws.services.dynamodb.operations.writes import Outcome
from homeport.aws.services.dynamodb.store.items import collection_bytes
from homeport.kernel.storage.database import Snapshot

_GIB = 1 << 30


def wants_capacity(wanted: str | None) -> bool:
    """Whether `ReturnConsumedCapacity` asks for anything."""
    return wanted in {"TOTAL", "INDEXES"}


def count_write(consumed: Consumed, table: Table, outcome: Outcome, *, transactional: bool = False) -> None:
    """Add what a write has used of its table and of each index."""
    old_size = 0 if outcome.old is None else outcome.old.size
    consumed.units += write_units(old_size, outcome.size, transactional=transactional)
    if not table.indexes:
        return
    old = None if outcome.old is None else outcome.old.item()
    factor = 2 if transactional else 1
    for index in table.indexes:
        units = _index_units(index, entry(index, old), entry(index, outcome.item))
        if units:
            consumed.add_index(index.name, units * factor, local=index.local)


def _index_units(index: Index, old: Item | None, new: Item | None) -> float:
    """DynamoDB developer guide, "Provisioned throughput considerations for global secondary indexes"."""
    if old is None and new is None:
        return 0
    if old is None or new is None:
        return write_units(item_size(new or old or {}))
    if not all(equal(old[key.name], new[key.name]) for key in index.keys):
        return write_units(item_size(old)) + write_units(item_size(new))
    return 0 if equal_items(old, new) else write_units(item_size(old), item_size(new))


def collection_metrics(snapshot: Snapshot, table: Table, key: Mapping[str, Value]) -> dict[str, object]:
    """`ItemCollectionMetrics` of the items that share a partition key."""
    hash_value = key[table.hash.name]
    prefix = keys.partition([keys.scalar_bytes(hash_value)])
    gibibytes = collection_bytes(snapshot, table.data_id, prefix, keys.after(prefix)) // _GIB
    return {
        "ItemCollectionKey": {table.hash.name: hash_value},
        "SizeEstimateRangeGB": [float(gibibytes), float(gibibytes + 1)],
    }


def wants_collections(wanted: str | None, table: Table) -> bool:
    """Whether `ReturnItemCollectionMetrics` asks for something that the table has."""
    return wanted == "SIZE" and table.has_local
