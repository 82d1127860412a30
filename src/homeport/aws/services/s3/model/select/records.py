"""Records of an object's content: rows of CSV, lines of JSON, and whole JSON documents, one after the other."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, cast

import orjson

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import SelectError
from homeport.aws.services.s3.model.select.paths import Step, walk
from homeport.aws.services.s3.model.select.values import MISSING, Value

LONGEST_BYTES: Final = 1024 * 1024
_LARGEST_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 256 * 1024

Row = dict[str, Value]


def csv_rows(stream: BinaryIO, options: api.CSVInput) -> Iterator[Row]:
    """Rows of CSV; columns by the header's names, or as _1, _2, ...; the latter always work.

    Raises:
        SelectError: a row is longer than 1 MB, or the text is no UTF-8.
    """
    header: Sequence[str] | None = None
    mode = options.get("FileHeaderInfo", "NONE").upper()
    if mode not in {"NONE", "USE", "IGNORE"}:
        raise SelectError(
            "InvalidFileHeaderInfo", "The FileHeaderInfo is not valid. Only NONE, USE, and IGNORE are supported."
        )
    comments = options.get("Comments", "")
    try:
        for fields in _fields(stream, options):
            if not fields or (comments and fields[0].startswith(comments)):
                continue
            if mode != "NONE":
                header = fields if mode == "USE" else None
                mode = "NONE"
                continue
            yield _row(fields, header)
    except csv.Error as error:
        raise SelectError("CSVParsingError", f"Encountered an error parsing the CSV file: {error}.") from error
    except UnicodeDecodeError:
        raise SelectError("InvalidTextEncoding", "Invalid encoding type. Only UTF-8 encoding is supported.") from None


class CsvRow(Row):
    """A row whose columns are also found by their numbers."""

    __slots__ = ("fields",)

    def __init__(self, fields: Sequence[str], header: Sequence[str] | None) -> None:
        names = header if header is not None else [f"_{number}" for number in range(1, len(fields) + 1)]
        super().__init__(zip(names, fields, strict=False))
        self.fields = fields

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._numbered(name) is not None

    def get(self, name: str, default: Value = None) -> Value:  # type: ignore[override] # a string key is all there is
        """A column by its name or number."""
        if super().__contains__(name):
            return self[name]
        found = self._numbered(name)
        return default if found is None else found

    def _numbered(self, name: object) -> str | None:
        if isinstance(name, str) and name[:1] == "_" and name[1:].isdecimal():
            number = int(name[1:])
            return self.fields[number - 1] if 1 <= number <= len(self.fields) else None
        return None


def _row(fields: Sequence[str], header: Sequence[str] | None) -> Row:
    return CsvRow(fields, header)


def _fields(stream: BinaryIO, options: api.CSVInput) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_BYTES)
    quote = options.get("QuoteCharacter", '"')
    escape = options.get("QuoteEscapeCharacter", '"')
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    delimiter = options.get("RecordDelimiter", "\n")
    lines: Iterable[str] = text if delimiter in {"\n", "\r\n", "\r"} else _split(text, delimiter)
    return csv.reader(
        lines,
        delimiter=options.get("FieldDelimiter", ","),
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=escape == quote,
        escapechar=escape if escape and escape != quote else None,
    )


def _split(text: io.TextIOWrapper, delimiter: str) -> Iterator[str]:
    rest = ""
    while piece := text.read(_CHUNK):
        *whole, rest = (rest + piece).split(delimiter)
        yield from whole
        if len(rest) > LONGEST_BYTES:
            raise _too_long()
    if rest.strip("\r\n"):
        yield rest


def _too_long() -> SelectError:
    return SelectError(
        "OverMaxRecordSize",
        "The length of a record in the input or result is greater than the maxCharsPerRecord limit of 1 MB.",
    )


def json_rows(stream: BinaryIO, options: api.JSONInput, path: Sequence[Step]) -> Iterator[Row]:
    """JSON values, one a line or one after the other, and what the path picks from each.

    Raises:
        SelectError: it is no JSON, or too long.
    """
    kind = options.get("Type", "").upper()
    if kind not in {"LINES", "DOCUMENT"}:
        raise SelectError("InvalidJsonType", "The JsonType is not valid. Only DOCUMENT and LINES are supported.")
    values = _lines(stream) if kind == "LINES" else _documents(stream)
    for value in values:
        for found in _pick(value, list(path)):
            yield found if isinstance(found, dict) else {"_1": found}


def _lines(stream: BinaryIO) -> Iterator[Value]:
    while line := stream.readline(LONGEST_BYTES + 1):
        if len(line) > LONGEST_BYTES:
            raise _too_long()
        if line.strip():
            yield _loads(line)


def _loads(text: bytes) -> Value:
    try:
        return cast("Value", orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise _not_json(error) from error


def _not_json(error: Exception) -> SelectError:
    return SelectError("JSONParsingError", f"Encountered an error parsing the JSON file: {error}.")


def _documents(stream: BinaryIO) -> Iterator[Value]:
    content = stream.read(_LARGEST_DOCUMENT_BYTES + 1)
    if len(content) > _LARGEST_DOCUMENT_BYTES:
        raise _too_long()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SelectError("InvalidTextEncoding", "Invalid encoding type. Only UTF-8 encoding is supported.") from None
    decoder = json.JSONDecoder()
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise _not_json(error) from error
        yield value


def _pick(value: Value, path: list[Step]) -> Iterator[Value]:
    """What the FROM clause's path leads to; `[*]` spreads a list, at the very beginning also the document itself."""
    if path and path[0].every:
        del path[0]
        if not path:
            yield from value if isinstance(value, list) else [value]
            return
        for item in value if isinstance(value, list) else [value]:
            yield from _pick(item, list(path))
        return
    if not path:
        yield value
        return
    found = walk(value if isinstance(value, dict) else {"": value}, path[:1])
    if found is MISSING:
        return
    yield from _pick(found, path[1:])
