"""PartiQL's SELECT: which part of a table it reads, and what it shows of the items."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final, cast

import orjson

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.capacity import Consumed
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition
from homeport.aws.services.dynamodb.model.expressions.nodes import Path
from homeport.aws.services.dynamodb.model.expressions.paths import find
from homeport.aws.services.dynamodb.model.partiql.planning import compile_where, spans
from homeport.aws.services.dynamodb.model.partiql.statements import Select
from homeport.aws.services.dynamodb.model.query_plan import Span, start_position
from homeport.aws.services.dynamodb.model.schema import Index, Table
from homeport.aws.services.dynamodb.model.values import Item, Value
from homeport.aws.services.dynamodb.operations.pages import (
    PAGE_BYTES,
    Reading,
    check_filter_projected,
    consumed_by,
    read_page,
)
from homeport.kernel.storage.database import Snapshot

Values = Mapping[str, Value]

_EVERYTHING: Final = Span(b"", b"\xff" * 8)
_DIGEST_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Selection:
    """A SELECT, bound to its table."""

    readings: tuple[Reading, ...]
    digest: str


@dataclass(slots=True)
class Selected:
    """A page of a selection."""

    items: list[object]
    consumed: Consumed
    last: Item | None = None
    token: str | None = None


def bind(table: Table, select: Select, values: Values, text: str, *, consistent: bool) -> Selection:
    """Decide what a SELECT reads.

    Raises:
        ValidationException: it asks for what the table or the index does not have.
    """
    index = _index(table, select, consistent=consistent)
    where = compile_where(select.where, values)
    _check_projected(index, select.paths)
    runs = spans(table, index, select.where, values)
    if runs is not None:
        # What reads the whole index finds nothing there instead.
        check_filter_projected(index, where)
    backward = _backward(table, index, select, runs)
    fetch = index is not None and index.projected is not None and index.local and bool(_heads(select.paths))
    reading = Reading(
        table,
        index,
        _EVERYTHING,
        backward=backward,
        fetch=fetch,
        keep=None if where is None else partial(_keep, where, values),
        cut=partial(_cut, _columns(select.paths)) if select.paths else None,
        consistent=consistent,
    )
    digest = b64encode(sha256(text.encode()).digest()[:_DIGEST_BYTES]).decode()
    return Selection(tuple(replace(reading, span=span) for span in runs or [_EVERYTHING]), digest)


def _keep(where: CompiledCondition, values: Values, item: Item) -> bool:
    return where.test(item, values)


def _index(table: Table, select: Select, *, consistent: bool) -> Index | None:
    if select.index is None:
        return None
    index = table.by_name.get(select.index)
    if index is None:
        raise ValidationException("The table does not have the specified index")
    if consistent and not index.local:
        raise ValidationException("Strongly consistent read is not supported on Global Secondary Indexes")
    if not index.active:
        raise ValidationException(f"Cannot read from backfilling global secondary index: {index.name}")
    return index


def _heads(paths: tuple[Path, ...]) -> set[str]:
    return {str(path.parts[0]) for path in paths}


def _check_projected(index: Index | None, paths: tuple[Path, ...]) -> None:
    if index is None or index.projected is None:
        return
    missing = sorted(_heads(paths) - index.projected)
    if missing and not index.local:
        raise ValidationException(
            f"{INVALID}Global secondary index {index.name} does not project [{', '.join(missing)}]"
        )


def _backward(table: Table, index: Index | None, select: Select, runs: list[Span] | None) -> bool:
    if not select.order:
        return False
    if select.where is None:
        raise ValidationException("Must have WHERE clause in the statement when using ORDER BY clause.")
    if runs is None:
        raise ValidationException(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    attributes = table.keys if index is None else index.keys
    names = [key.name for key in attributes]
    for name, _ in select.order:
        if name not in names:
            raise ValidationException(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    return select.order[-1][1]


def _columns(paths: tuple[Path, ...]) -> list[tuple[str, tuple[str | int, ...]]]:
    columns: dict[str, tuple[str | int, ...]] = {}
    for path in paths:
        parts = tuple(part if isinstance(part, int) else str(part) for part in path.parts)
        name = _column_name(parts)
        if name in columns:
            raise ValidationException(f"Duplicate identifiers in select clause: {name}")
        columns[name] = parts
    return list(columns.items())


def _column_name(parts: tuple[str | int, ...]) -> str:
    """The last name of a path, with the indexes behind it."""
    start = max(index for index, part in enumerate(parts) if isinstance(part, str))
    return str(parts[start]) + "".join(f"[{part}]" for part in parts[start + 1 :])


def _cut(columns: list[tuple[str, tuple[str | int, ...]]], item: Item) -> Item:
    found = ((name, find(item, path)) for name, path in columns)
    return {name: value for name, value in found if value is not None}


def read(snapshot: Snapshot, selection: Selection, limit: int | None, token: str | None) -> Selected:
    """A page of a selection: up to `limit` items looked at, or 1 MB."""
    position, start = (0, None) if token is None else _read_token(token, selection)
    first = selection.readings[0]
    selected = Selected([], Consumed(first.table.name))
    size, scanned = 0, 0
    for number in range(position, len(selection.readings)):
        reading = replace(selection.readings[number], limit=None if limit is None else limit - scanned)
        if start is not None:
            reading = replace(reading, start=start)
            start = None
        page = read_page(snapshot, reading)
        selected.items += page.items
        size, scanned = size + page.size, scanned + page.scanned
        _add(selected.consumed, consumed_by(reading, page))
        if page.last is not None:
            selected.last = page.last
            behind = start_position(reading.table, reading.index, page.last)
            selected.token = _write_token(number, behind, selection)
            break
        if number + 1 < len(selection.readings) and (scanned == limit or size >= PAGE_BYTES):
            selected.token = _write_token(number + 1, None, selection)
            break
    return selected


def _add(total: Consumed, part: Consumed) -> None:
    total.units += part.units
    for indexes, local in ((part.local, True), (part.global_, False)):
        for name, units in indexes.items():
            total.add_index(name, units, local=local)


def _write_token(position: int, start: bytes | None, selection: Selection) -> str:
    behind = None if start is None else b64encode(start).decode()
    return b64encode(orjson.dumps([position, behind, selection.digest])).decode()


def _read_token(token: str, selection: Selection) -> tuple[int, bytes | None]:
    """Which reading goes on, and behind which item."""
    try:
        position, behind, digest = cast("tuple[object, str | None, str]", orjson.loads(b64decode(token, validate=True)))
        start = None if behind is None else b64decode(behind, validate=True)
    except (Base64Error, ValueError, TypeError):
        raise ValidationException("Invalid NextToken") from None
    if digest != selection.digest or not isinstance(position, int) or not 0 <= position < len(selection.readings):
        raise ValidationException("NextToken does not match request")
    return position, start
