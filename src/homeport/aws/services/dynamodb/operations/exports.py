"""ExportTableToPointInTime, DescribeExport, ListExports, and the work behind them."""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import md5, sha256
from typing import Final, TypedDict, cast

import orjson

from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.services.dynamodb.errors import (
    INVALID_REQUEST,
    ExportConflictException,
    ExportNotFoundException,
    InvalidExportTimeException,
    PointInTimeRecoveryUnavailableException,
    TableNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import Item
from homeport.aws.services.dynamodb.operations.buckets import Place, put_object
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.restoring import restorable
from homeport.aws.services.dynamodb.room import DynamoDb, is_part, resolve
from homeport.aws.services.dynamodb.store import former, tables, tasks
from homeport.aws.services.dynamodb.store.tasks import Description, Task
from homeport.kernel.clock import Millis, to_datetime
from homeport.kernel.storage.database import Snapshot, Tx

_BYTES_PER_FILE: Final = 16 << 20
"""Before they are compressed."""

_MICROS: Final = 1000
_KEPT: Final = frozenset({"S3BucketOwner", "S3Prefix", "S3SseKmsKeyId"})


class Window(TypedDict, total=False):
    """`IncrementalExportSpecification`."""

    ExportFromTime: Millis
    ExportToTime: Millis
    ExportViewType: str


class ExportRequest(TypedDict, total=False):
    """The parameters of the three operations."""

    TableArn: str
    ExportTime: Millis
    ClientToken: str
    S3Bucket: str
    S3BucketOwner: str
    S3Prefix: str
    S3SseAlgorithm: str
    S3SseKmsKeyId: str
    ExportFormat: str
    ExportType: str
    IncrementalExportSpecification: Window
    ExportArn: str
    MaxResults: int
    NextToken: str


async def export_table_to_point_in_time(dynamodb: DynamoDb, call: Call, request: ExportRequest) -> Result:
    """Write what a table held at some time into a bucket, or what changed in some time.

    Spec: DynamoDB API reference, ExportTableToPointInTime.
    """
    if request.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise OperationNotImplemented("DynamoDB", "ExportTableToPointInTime as ION")
    name = resolve(call, request["TableArn"])
    if "S3SseKmsKeyId" in request and request.get("S3SseAlgorithm", "AES256") != "KMS":
        raise ValidationException(f"{INVALID_REQUEST}KMS Key Id is not supported for this encryption type")
    now = dynamodb.clock.now()
    token = request.get("ClientToken") or dynamodb.ids.uuid()
    digest = sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).digest()
    suffix = f"{now:014d}-{dynamodb.ids.hex(4)}"

    def start(tx: Tx) -> Description:
        known = tasks.find_token(tx, "export", call.account, call.region, token)
        if known is not None:
            if known.digest != digest:
                raise ExportConflictException("The client token was used with other parameters")
            return known.description
        table = tables.load(tx, name)
        if table is None:
            raise TableNotFoundException(name[2])
        arn = f"{table.arn}/export/{suffix}"
        described = _describe(table, arn, token, request, now)
        tasks.add(tx, "export", arn, (call.account, call.region), table.arn, (token, digest), described)
        return described

    described = await dynamodb.db.write(start)
    dynamodb.wake_transfers()
    return {"ExportDescription": described}


def _describe(table: Table, arn: str, token: str, request: ExportRequest, now: Millis) -> Description:
    window = restorable(table.settings, now)
    if window is None:
        raise PointInTimeRecoveryUnavailableException(table.name)
    described: Description = {
        "ExportArn": arn,
        "ExportStatus": tasks.IN_PROGRESS,
        "StartTime": now,
        "TableArn": table.arn,
        "TableId": table.settings["TableId"],
        "ClientToken": token,
        "S3Bucket": request["S3Bucket"],
        "S3SseAlgorithm": request.get("S3SseAlgorithm", "AES256"),
        "ExportFormat": "DYNAMODB_JSON",
        "ExportType": request.get("ExportType", "FULL_EXPORT"),
    }
    described.update({key: value for key, value in request.items() if key in _KEPT})
    if described["ExportType"] == "FULL_EXPORT":
        at = request.get("ExportTime", now)
        _check_inside(at, window)
        described["ExportTime"] = at
        return described
    changes = request.get("IncrementalExportSpecification")
    if changes is None or "ExportFromTime" not in changes:
        raise ValidationException(f"{INVALID_REQUEST}ExportFromTime must be provided in IncrementalExportSpecification")
    end = changes.get("ExportToTime", now)
    _check_inside(changes["ExportFromTime"], window)
    _check_inside(end, window)
    described["IncrementalExportSpecification"] = {
        "ExportFromTime": changes["ExportFromTime"],
        "ExportToTime": end,
        "ExportViewType": changes.get("ExportViewType", "NEW_AND_OLD_IMAGES"),
    }
    return described


def _check_inside(moment: Millis, window: tuple[Millis, Millis]) -> None:
    if not window[0] <= moment <= window[1]:
        raise InvalidExportTimeException("The specified ExportTime is outside of the point in time recovery window")


def _find(snapshot: Snapshot, arn: str) -> Description:
    task = tasks.find(snapshot, "export", arn)
    if task is None and not is_part(arn, "export"):
        raise ValidationException("Invalid Export ARN")
    if task is None:
        raise ExportNotFoundException(f"Export not found: {arn}")
    return task.description


async def describe_export(dynamodb: DynamoDb, _call: Call, request: ExportRequest) -> Result:
    """Tell of an export.

    Spec: DynamoDB API reference, DescribeExport.
    """
    return {"ExportDescription": await dynamodb.db.read(lambda snapshot: _find(snapshot, request["ExportArn"]))}


async def list_exports(dynamodb: DynamoDb, call: Call, request: ExportRequest) -> Result:
    """List exports, the newest first.

    Spec: DynamoDB API reference, ListExports.
    """
    every = await dynamodb.db.read(
        lambda snapshot: tasks.every(snapshot, "export", call.account, call.region, request.get("TableArn"))
    )
    told = ("ExportArn", "ExportStatus", "ExportType")
    summaries = [{key: task.description[key] for key in told} for task in every]
    return page(summaries, "ExportSummaries", request.get("NextToken"), request.get("MaxResults", 25))


def page(summaries: list[dict[str, object]], member: str, token: str | None, limit: int) -> Result:
    """A page of a list; the token is how many came before it."""
    if token is not None and not (token.isascii() and token.isdigit()):
        raise ValidationException(f"{INVALID_REQUEST}Provided nextToken is invalid: {token}")
    start = 0 if token is None else int(token[:9])
    result: Result = {member: summaries[start : start + limit]}
    if start + limit < len(summaries):
        result["NextToken"] = str(start + limit)
    return result


@dataclass(slots=True)
class _Written:
    """What an export has written: a line of its manifest for each file, how many items, how many bytes."""

    lines: list[bytes] = field(default_factory=list)
    count: int = 0
    size: int = 0


Deliver = Callable[[list[bytes]], bytes]
"""Writes lines as a file, from another thread than the event loop's; returns the file's line of the manifest."""


async def run_export(dynamodb: DynamoDb, task: Task) -> None:
    """Do an export; an error of S3 ends it as failed."""
    call = Call(task.account, task.region, "s3", "PutObject", dynamodb.ids.uuid(), principal_arn=root_arn(task.account))
    try:
        described = await _export(dynamodb, call, task)
    except AwsError as error:
        failed = {"ExportStatus": "FAILED", "FailureCode": error.code, "FailureMessage": error.message}
        described = {**task.description, **failed, "EndTime": dynamodb.clock.now()}
    status = str(described["ExportStatus"])
    await dynamodb.db.write(lambda tx: tasks.finish(tx, task, status, described))


def root_arn(account: str) -> str:
    """The principal under which an account's own work is done."""
    return f"arn:aws:iam::{account}:root"


async def _export(dynamodb: DynamoDb, call: Call, task: Task) -> Description:
    described = task.description
    table = await dynamodb.tables.find(resolve(call, task.table_arn))
    bucket = _bucket(described)
    prefix = str(described.get("S3Prefix", "")).strip("/")
    identity = task.arn.rpartition("/")[2]
    root = f"{prefix}/AWSDynamoDB/{identity}" if prefix else f"AWSDynamoDB/{identity}"
    await put_object(dynamodb, call, bucket, f"{root}/_started", b"")
    deliver = _deliverer(dynamodb, call, bucket, root)
    made = await dynamodb.db.read_long(lambda snapshot: _collect(snapshot, table, described, deliver))
    await _put_with_checksum(dynamodb, call, bucket, f"{root}/manifest-files.json", b"\n".join(made.lines))
    done: Description = {
        **described,
        "ExportStatus": "COMPLETED",
        "EndTime": dynamodb.clock.now(),
        "ExportManifest": f"{root}/manifest-summary.json",
        "BilledSizeBytes": made.size,
        "ItemCount": made.count,
    }
    summary = orjson.dumps(_summary(done, f"{root}/manifest-files.json"))
    await _put_with_checksum(dynamodb, call, bucket, f"{root}/manifest-summary.json", summary)
    return done


def _bucket(described: Description) -> Place:
    return Place(
        str(described["S3Bucket"]),
        owner=str(described.get("S3BucketOwner", "")),
        encryption=str(described["S3SseAlgorithm"]),
        key=str(described.get("S3SseKmsKeyId", "")),
    )


def _deliverer(dynamodb: DynamoDb, call: Call, bucket: Place, root: str) -> Deliver:
    loop = asyncio.get_running_loop()

    def deliver(lines: list[bytes]) -> bytes:
        content = gzip.compress(b"".join(lines), compresslevel=6, mtime=0)
        key = f"{root}/data/{dynamodb.ids.hex(13)}.json.gz"
        put = put_object(dynamodb, call, bucket, key, content)
        # The table's snapshot waits for the bucket, so that never more than one file is held.
        etag = asyncio.run_coroutine_threadsafe(put, loop).result()
        checksum = b64encode(md5(content, usedforsecurity=False).digest()).decode()
        told = {"itemCount": len(lines), "md5Checksum": checksum, "etag": etag, "dataFileS3Key": key}
        return orjson.dumps(told)

    return deliver


async def _put_with_checksum(dynamodb: DynamoDb, call: Call, bucket: Place, key: str, content: bytes) -> None:
    await put_object(dynamodb, call, bucket, key, content)
    checksum = b64encode(md5(content, usedforsecurity=False).digest())
    await put_object(dynamodb, call, bucket, key.replace(".json", ".md5"), checksum)


def _summary(done: Description, files: str) -> dict[str, object]:
    """DynamoDB developer guide, "DynamoDB table export output format": manifest-summary.json."""

    def told(moment: object) -> str:
        return to_datetime(cast("Millis", moment)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    return {
        "version": "2020-06-30",
        "exportArn": done["ExportArn"],
        "startTime": told(done["StartTime"]),
        "endTime": told(done["EndTime"]),
        "tableArn": done["TableArn"],
        "tableId": done["TableId"],
        "exportTime": told(done["ExportTime"]) if "ExportTime" in done else None,
        "s3Bucket": done["S3Bucket"],
        "s3Prefix": done.get("S3Prefix"),
        "s3SseAlgorithm": done["S3SseAlgorithm"],
        "s3SseKmsKeyId": done.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": files,
        "billedSizeBytes": done["BilledSizeBytes"],
        "itemCount": done["ItemCount"],
        "outputFormat": "DYNAMODB_JSON",
        "exportType": done["ExportType"],
    }


def _collect(snapshot: Snapshot, table: Table, described: Description, deliver: Deliver) -> _Written:
    window = described.get("IncrementalExportSpecification")
    if window is None:
        lines = _full(snapshot, table, cast("Millis", described["ExportTime"]))
    else:
        lines = _changes(snapshot, table, cast("Window", window))
    written = _Written()
    gathered: list[bytes] = []
    size = 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size >= _BYTES_PER_FILE:
            _deliver(gathered, size, written, deliver)
            gathered, size = [], 0
    if gathered or not written.lines:
        _deliver(gathered, size, written, deliver)
    return written


def _deliver(gathered: list[bytes], size: int, written: _Written, deliver: Deliver) -> None:
    written.lines.append(deliver(gathered))
    written.count += len(gathered)
    written.size += size


def _full(snapshot: Snapshot, table: Table, at: Millis) -> Iterator[bytes]:
    """Every item as it was at a time."""
    for blob in former.states_at(snapshot, table.data_id, at):
        yield b'{"Item":' + blob + b"}\n"


def _changes(snapshot: Snapshot, table: Table, window: Window) -> Iterator[bytes]:
    """What every item that changed was before, and is then."""
    start, end = window["ExportFromTime"], window["ExportToTime"]
    with_old = window.get("ExportViewType") != "NEW_IMAGE"
    for at, old, new in former.changes_between(snapshot, table.data_id, start, end):
        present = new or old
        if present is None:
            # Made and deleted again meanwhile (developer guide, "DynamoDB table export output format").
            continue
        image = cast("Item", orjson.loads(present))
        line: dict[str, object] = {
            "Metadata": {"WriteTimestampMicros": {"N": str(at * _MICROS)}},
            "Keys": {key.name: image[key.name] for key in table.keys},
        }
        if old is not None and with_old:
            line["OldImage"] = orjson.Fragment(old)
        if new is not None:
            line["NewImage"] = orjson.Fragment(new)
        yield orjson.dumps(line) + b"\n"
