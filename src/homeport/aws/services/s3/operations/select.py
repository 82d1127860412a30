"""SelectObjectContent: a query over one object, answered as a stream of events while a thread reads."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import BinaryIO, Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import HeaderNotImplemented, SelectError
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.select import run
from homeport.aws.services.s3.model.select.run import CountingReader, Stats
from homeport.aws.services.s3.model.select.syntax import Query, parse
from homeport.aws.services.s3.model.version import Version
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.operations.get import check_restored, find
from homeport.aws.services.s3.room import S3

_BUFFER_BYTES: Final = 256 * 1024


async def select_object_content(s3: S3, call: Call, bucket: Bucket, request: api.SelectObjectContentRequest) -> Members:
    """Query an object.

    Raises:
        AwsError: there is none, or the query cannot be read.
    """
    _check(request)
    query = parse(request["Expression"], s3.clock.now())
    version, data = await find(s3, call, bucket, cast("Mapping[str, object]", request))
    if version.archived:
        check_restored(version, s3)
    return {"Payload": _events(s3, version, data, query, request)}


def _check(request: api.SelectObjectContentRequest) -> None:
    if request.get("ExpressionType", "").upper() != "SQL":
        raise SelectError(
            "InvalidExpressionType", "The ExpressionType is not valid. Only SQL expressions are supported."
        )
    source, target = request.get("InputSerialization", {}), request.get("OutputSerialization", {})
    if "Parquet" in source:
        raise HeaderNotImplemented("Parquet")
    if ("CSV" in source) == ("JSON" in source):
        raise SelectError("InvalidDataSource", "Invalid data source type. Only CSV and JSON are supported.")
    if ("CSV" in target) == ("JSON" in target):
        raise SelectError("InvalidRequestParameter", "The OutputSerialization must be either CSV or JSON.")
    if "ScanRange" in request:
        if source.get("CompressionType", "NONE").upper() not in {"NONE", ""} or (
            source.get("JSON", {}).get("Type", "LINES").upper() == "DOCUMENT"
        ):
            raise SelectError(
                "UnsupportedScanRangeInput", "Scan range queries are not supported on this type of object."
            )
        scan = request["ScanRange"]
        if "Start" in scan and "End" in scan and scan["Start"] > scan["End"]:
            raise SelectError("InvalidScanRange", "The provided scan range is not valid.")


async def _events(
    s3: S3, version: Version, data: bytes, query: Query, request: api.SelectObjectContentRequest
) -> AsyncIterator[Members]:
    loop = asyncio.get_running_loop()
    stats = Stats()
    stream = await loop.run_in_executor(s3.files.threads, _opened, s3, version, data, request)
    counting = CountingReader(stream)
    try:
        pieces = _pieces(cast("BinaryIO", _Raw(counting)), query, request, stats)
        while (piece := await loop.run_in_executor(s3.files.threads, next, pieces, None)) is not None:
            yield {"Records": {"Payload": piece}}
    finally:
        stream.close()
    details = {
        "BytesScanned": counting.count,
        "BytesProcessed": counting.count,
        "BytesReturned": stats.returned,
    }
    if request.get("RequestProgress", {}).get("Enabled"):
        yield {"Progress": {"Details": details}}
    yield {"Stats": {"Details": details}}
    yield {"End": {}}


class _Raw(io.RawIOBase):
    """The counted stream as what the standard library's readers take."""

    def __init__(self, stream: CountingReader) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer."""
        view = memoryview(cast("bytearray", buffer))
        piece = self._stream.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


def _pieces(raw: BinaryIO, query: Query, request: api.SelectObjectContentRequest, stats: Stats) -> Iterator[bytes]:
    buffered = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", raw), _BUFFER_BYTES))
    rows = run.rows(buffered, query, request["InputSerialization"])
    return run.written(run.results(query, rows), request["OutputSerialization"], stats)


def _opened(s3: S3, version: Version, data: bytes, request: api.SelectObjectContentRequest) -> BinaryIO:
    stream = s3.files.reader(version.file) if version.file else io.BytesIO(data)
    scan = request.get("ScanRange")
    return stream if scan is None else _scanned(stream, version.size, scan)


def _scanned(stream: BinaryIO, size: int, scan: api.ScanRange) -> BinaryIO:
    """The records that begin within a range of bytes, each of them whole."""
    start, end = scan.get("Start"), scan.get("End", size)
    if start is None:
        start, end = max(size - end, 0), size
    if start:
        stream.seek(start - 1)
        stream.readline()
    first = stream.tell()
    stream.seek(min(end, size))
    stream.readline()
    last = stream.tell() if end < size else size
    stream.seek(first)
    return _Window(stream, max(last - first, 0))


class _Window(io.BytesIO):
    """A stretch of a stream."""

    def __init__(self, stream: BinaryIO, count: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = count

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file's."""
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._stream.read(wanted)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close what is below."""
        self._stream.close()
        super().close()
