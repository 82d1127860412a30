"""Read and write capacity units, computed from sizes as DynamoDB bills them.

DynamoDB developer guide, "DynamoDB read and write operations": a read unit is 4 KB (half as much when it need not be
consistent, twice in a transaction), a write unit 1 KB (twice in a transaction).
"""

from collections.abc import Mapping

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024


def read_units(size_bytes: int, *, consistent: bool, transactional: bool = False) -> float:
    """Units of one read of this many bytes; a read of nothing costs the smallest one."""
    units = max(1, -(-size_bytes // READ_UNIT_BYTES))
    if transactional:
        return 2.0 * units
    return float(units) if consistent else units / 2


def write_units(*sizes_bytes: int, transactional: bool = False) -> float:
    """Units of one write: the larger of the item before and after it."""
    units = max(1, -(-max(sizes_bytes, default=0) // WRITE_UNIT_BYTES))
    return 2.0 * units if transactional else float(units)


class Consumed:
    """What one request has used of one table, and of which of its indexes."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.units = 0.0
        self.local: dict[str, float] = {}
        self.global_: dict[str, float] = {}

    def add_index(self, name: str, units: float, *, local: bool) -> None:
        """Count units for an index."""
        indexes = self.local if local else self.global_
        indexes[name] = indexes.get(name, 0.0) + units

    def describe(self, wanted: str, *, kind: str = "") -> dict[str, object]:
        """`ConsumedCapacity`.

        Args:
            wanted: `TOTAL`, or `INDEXES` for the details.
            kind: `Read` or `Write` where transactions tell which units they are.
        """
        total = self.units + sum(self.local.values()) + sum(self.global_.values())
        described: dict[str, object] = {"TableName": self.table, **_units(total, kind)}
        if wanted == "INDEXES":
            described["Table"] = _units(self.units, kind)
            if self.local:
                described["LocalSecondaryIndexes"] = _by_name(self.local, kind)
            if self.global_:
                described["GlobalSecondaryIndexes"] = _by_name(self.global_, kind)
        return described


def _units(units: float, kind: str) -> dict[str, object]:
    counted: dict[str, object] = {"CapacityUnits": units}
    if kind:
        counted[f"{kind}CapacityUnits"] = units
    return counted


def _by_name(indexes: Mapping[str, float], kind: str) -> dict[str, dict[str, object]]:
    return {name: _units(units, kind) for name, units in indexes.items()}
