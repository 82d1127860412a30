"""A query over an object's content: filtered, aggregated, limited, and written as CSV or JSON."""

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.expressions import Aggregate
from homeport.aws.services.s3.model.select.operators import arithmetic
from homeport.aws.services.s3.model.select.records import Row, csv_rows, json_rows
from homeport.aws.services.s3.model.select.syntax import Query
from homeport.aws.services.s3.model.select.values import (
    MISSING,
    Record,
    Value,
    absent,
    compare,
    dumps,
    number,
    text_of,
    truth,
)

_BATCH_BYTES: Final = 128 * 1024


class CountingReader:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        data = self._stream.read(size)
        self.count += len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        """As a file's."""
        data = self._stream.readline(size)
        self.count += len(data)
        return data


@dataclass(slots=True)
class Stats:
    """Bytes: of the object read, of records after decompression, of results."""

    scanned: int = 0
    processed: int = 0
    returned: int = 0


def rows(stream: BinaryIO, query: Query, source: api.InputSerialization) -> Iterator[Row]:
    """The records that a query reads.

    Raises:
        SelectError: they cannot be read.
    """
    compression = source.get("CompressionType", "NONE").upper()
    match compression:
        case "NONE" | "":
            opened = stream
        case "GZIP":
            opened = cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        case "BZIP2":
            opened = cast("BinaryIO", bz2.BZ2File(stream))
        case _:
            raise SelectError(
                "InvalidCompressionFormat",
                "The file is not in a supported compression format. Only GZIP and BZIP2 are supported.",
            )
    found = (
        csv_rows(opened, source["CSV"]) if "CSV" in source else json_rows(opened, source.get("JSON", {}), query.path)
    )
    try:
        yield from found
    except (OSError, EOFError, zlib.error) as error:
        if compression in {"NONE", ""}:
            raise
        raise SelectError(
            "InvalidCompressionFormat", f"The file is not in a supported compression format: {error}."
        ) from error


def results(query: Query, found: Iterator[Row]) -> Iterator[Row]:
    """What a query answers.

    Raises:
        SelectError: a value is of the wrong type.
    """
    if query.limit == 0:
        return
    matching = (row for row in found if query.where is None or truth(query.where(row)))
    if query.aggregates:
        yield _select(query, _aggregated(query.aggregates, matching))
        return
    for count, row in enumerate(matching, start=1):
        yield _select(query, row)
        if count == query.limit:
            return


def _select(query: Query, row: Record) -> Row:
    if not query.columns:
        return cast("Row", row)
    return {column.name: column.evaluate(row) for column in query.columns}


def _aggregated(aggregates: Sequence[Aggregate], found: Iterator[Row]) -> Row:
    states = [_Aggregation(aggregate) for aggregate in aggregates]
    for row in found:
        for state in states:
            state.take(row)
    return {state.slot: state.result for state in states}


class _Aggregation:
    """An aggregate while records go by."""

    def __init__(self, aggregate: Aggregate) -> None:
        self.slot = aggregate.slot
        self._kind = aggregate.kind
        self._argument = aggregate.argument
        self._count = 0
        self._value: Value = None

    def take(self, row: Record) -> None:
        """One more record."""
        if self._argument is None:
            self._count += 1
            return
        value = self._argument(row)
        if absent(value):
            return
        self._count += 1
        if self._kind in {"SUM", "AVG"}:
            made = number(value)
            if made is None:
                raise SelectError("InvalidDataType", f"{self._kind} needs numbers.")
            before = number(self._value)
            self._value = made if before is None else arithmetic("+", before, made)
        elif self._kind in {"MIN", "MAX"}:
            self._value = self._extreme(value)

    def _extreme(self, value: Value) -> Value:
        made = number(value)
        value = value if made is None else made
        order = compare(value, self._value)
        if order is None:
            return value if self._value is None else self._value
        return value if (order < 0) == (self._kind == "MIN") and order else self._value

    @property
    def result(self) -> Value:
        """Of all records so far."""
        if self._kind == "COUNT":
            return self._count
        if self._kind == "AVG":
            total = number(self._value)
            return None if total is None else arithmetic("/", float(total), self._count)
        return self._value


def written(found: Iterator[Row], target: api.OutputSerialization, stats: Stats) -> Iterator[bytes]:
    """Results as bytes, in pieces of at most some hundred KiB.

    Raises:
        SelectError: as `results`.
    """
    write = _CsvLine(target["CSV"]) if "CSV" in target else _json_line(target.get("JSON", {}))
    gathered: list[bytes] = []
    size = 0
    for row in found:
        line = write(row).encode()
        gathered.append(line)
        size += len(line)
        stats.returned += len(line)
        if size >= _BATCH_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


class _CsvLine:
    """Writes rows of CSV with chosen marks, which the standard library's writer cannot all take."""

    def __init__(self, options: api.CSVOutput) -> None:
        self._field = options.get("FieldDelimiter", ",")
        self._record = options.get("RecordDelimiter", "\n")
        self._quote = options.get("QuoteCharacter", '"')
        self._escape = options.get("QuoteEscapeCharacter", '"')
        self._always = options.get("QuoteFields", "ASNEEDED").upper() == "ALWAYS"

    def __call__(self, row: Row) -> str:
        fields = (self._quoted(text_of(value)) for value in row.values())
        return self._field.join(fields) + self._record

    def _quoted(self, text: str) -> str:
        marks = (self._field, self._record, self._quote, "\n", "\r")
        if not self._always and not any(mark and mark in text for mark in marks):
            return text
        return f"{self._quote}{text.replace(self._quote, self._escape + self._quote)}{self._quote}"


def _json_line(options: api.JSONOutput) -> Callable[[Row], str]:
    delimiter = options.get("RecordDelimiter", "\n")

    def write(row: Row) -> str:
        kept: dict[str, Value] = {name: value for name, value in row.items() if value is not MISSING}
        return dumps(kept) + delimiter

    return write
