"""How many items a table has, and how large they are: counted when asked, and not too often."""

from dataclasses import dataclass

from homeport.aws.services.dynamodb.store.items import index_totals, totals
from homeport.kernel.clock import Clock
from homeport.kernel.storage.database import Database

_PATIENCE = 100
"""A count is good for this many times as long as it took: exact for small tables, cheap for large ones.

AWS itself counts "approximately every six hours".
"""


@dataclass(frozen=True, slots=True)
class _Count:
    items: int
    size_bytes: int
    good_until: float


class Counts:
    """Counts of tables and indexes."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._counts: dict[tuple[str, int], _Count] = {}

    async def of_table(self, data_id: int) -> tuple[int, int]:
        """Items, and bytes, of a table."""
        return await self._of("table", data_id)

    async def of_index(self, index_id: int) -> tuple[int, int]:
        """Items, and bytes, of an index."""
        return await self._of("index", index_id)

    async def _of(self, kind: str, id_: int) -> tuple[int, int]:
        known = self._counts.get((kind, id_))
        started = self._clock.monotonic()
        if known is None or started >= known.good_until:
            count = totals if kind == "table" else index_totals
            items, size_bytes = await self._db.read_long(lambda snapshot: count(snapshot, id_))
            took = self._clock.monotonic() - started
            known = _Count(items, size_bytes, started + took * _PATIENCE)
            self._counts[kind, id_] = known
        return known.items, known.size_bytes
