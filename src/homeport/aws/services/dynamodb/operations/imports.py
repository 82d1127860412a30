"""ImportTable, DescribeImport, ListImports, and the work behind them."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Final, TypedDict, cast

import orjson

from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.services.dynamodb.errors import (
    INVALID_REQUEST,
    ImportConflictException,
    ImportNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.checking import check_item
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.table_rules import TableRequest, check_create
from homeport.aws.services.dynamodb.model.values import MAX_ITEM_BYTES, Item
from homeport.aws.services.dynamodb.operations.buckets import Place, get_object, list_keys
from homeport.aws.services.dynamodb.operations.exports import page, root_arn
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import make_table, new_settings, with_known_key
from homeport.aws.services.dynamodb.operations.writes import Write, perform, place
from homeport.aws.services.dynamodb.room import DynamoDb, check_new_name, is_part, resolve
from homeport.aws.services.dynamodb.store import tables, tasks
from homeport.aws.services.dynamodb.store.tasks import Description, Task
from homeport.kernel.storage.database import Snapshot, Tx

_LONGEST_LINE: Final = 4 * MAX_ITEM_BYTES
_PIECE: Final = 200
_UNREAD: Final = frozenset({"ION", "ZSTD"})
_TOLD: Final[tuple[str, ...]] = (
    "ImportArn",
    "ImportStatus",
    "TableArn",
    "S3BucketSource",
    "InputFormat",
    "StartTime",
    "EndTime",
)


class Source(TypedDict, total=False):
    """`S3BucketSource`."""

    S3BucketOwner: str
    S3Bucket: str
    S3KeyPrefix: str


class CsvOptions(TypedDict, total=False):
    """How the columns of a file are told apart, and what they are called."""

    Delimiter: str
    HeaderList: list[str]


class ImportRequest(TypedDict, total=False):
    """The parameters of the three operations."""

    ClientToken: str
    S3BucketSource: Source
    InputFormat: str
    InputFormatOptions: dict[str, CsvOptions]
    InputCompressionType: str
    TableCreationParameters: TableRequest
    ImportArn: str
    TableArn: str
    PageSize: int
    NextToken: str


async def import_table(dynamodb: DynamoDb, call: Call, request: ImportRequest) -> Result:
    """Make a table of the objects of a bucket.

    Spec: DynamoDB API reference, ImportTable.
    """
    for form in (request["InputFormat"], request.get("InputCompressionType")):
        if form in _UNREAD:
            raise OperationNotImplemented("DynamoDB", f"ImportTable of {form}")
    if "InputFormatOptions" in request and request["InputFormat"] != "CSV":
        raise ValidationException(
            f"{INVALID_REQUEST}Unsupported InputFormatOptions for the given input format: {request['InputFormat']}."
        )
    parameters = request["TableCreationParameters"]
    name = resolve(call, parameters["TableName"])
    check_new_name(name[2])
    check_create(parameters)
    now = dynamodb.clock.now()
    token = request.get("ClientToken") or dynamodb.ids.uuid()
    digest = sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).digest()
    if "SSESpecification" in parameters:
        key = await with_known_key(dynamodb, call, parameters["SSESpecification"])
        parameters = {**parameters, "SSESpecification": key}
    settings = new_settings(dynamodb, call, parameters, now)
    settings["Status"] = "CREATING"
    suffix = f"{now:014d}-{dynamodb.ids.hex(4)}"

    def start(tx: Tx) -> Description:
        known = tasks.find_token(tx, "import", call.account, call.region, token)
        if known is not None:
            if known.digest != digest:
                raise ImportConflictException("The client token was used with other parameters")
            return known.description
        table = make_table(dynamodb, tx, name, settings, parameters)
        described: Description = {
            "ImportArn": f"{table.arn}/import/{suffix}",
            "ImportStatus": tasks.IN_PROGRESS,
            "TableArn": table.arn,
            "TableId": table.settings["TableId"],
            "ClientToken": token,
            "StartTime": now,
            "InputCompressionType": request.get("InputCompressionType", "NONE"),
            **{
                key: value
                for key, value in request.items()
                if key in {"S3BucketSource", "InputFormat", "InputFormatOptions", "TableCreationParameters"}
            },
        }
        arn = str(described["ImportArn"])
        tasks.add(tx, "import", arn, (call.account, call.region), table.arn, (token, digest), described)
        return described

    described = await dynamodb.tables.change(start)
    dynamodb.wake_transfers()
    return {"ImportTableDescription": described}


def _find(snapshot: Snapshot, arn: str) -> Description:
    task = tasks.find(snapshot, "import", arn)
    if task is None and not is_part(arn, "import"):
        raise ValidationException("Invalid Import ARN")
    if task is None:
        raise ImportNotFoundException(f"Import not found: {arn}")
    return task.description


async def describe_import(dynamodb: DynamoDb, _call: Call, request: ImportRequest) -> Result:
    """Tell of an import.

    Spec: DynamoDB API reference, DescribeImport.
    """
    return {"ImportTableDescription": await dynamodb.db.read(lambda snapshot: _find(snapshot, request["ImportArn"]))}


async def list_imports(dynamodb: DynamoDb, call: Call, request: ImportRequest) -> Result:
    """List imports, the newest first.

    Spec: DynamoDB API reference, ListImports.
    """
    every = await dynamodb.db.read(
        lambda snapshot: tasks.every(snapshot, "import", call.account, call.region, request.get("TableArn"))
    )
    summaries = [{key: task.description[key] for key in _TOLD if key in task.description} for task in every]
    return page(summaries, "ImportSummaryList", request.get("NextToken"), request.get("PageSize", 25))


@dataclass(slots=True)
class _Progress:
    """What has been read and written so far."""

    size: int = 0
    read: int = 0
    written: int = 0
    errors: int = 0


async def run_import(dynamodb: DynamoDb, task: Task) -> None:
    """Do an import, from its beginning even if it was begun before; an error of S3 ends it as failed."""
    call = Call(task.account, task.region, "s3", "GetObject", dynamodb.ids.uuid(), principal_arn=root_arn(task.account))
    progress = _Progress()
    outcome: Description = {"ImportStatus": "COMPLETED"}
    try:
        await _import(dynamodb, call, task, progress)
    except (AwsError, OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        code = error.code if isinstance(error, AwsError) else "InputFormatError"
        outcome = {"ImportStatus": "FAILED", "FailureCode": code, "FailureMessage": str(error)}
    described = {
        **task.description,
        **outcome,
        "EndTime": dynamodb.clock.now(),
        "ProcessedSizeBytes": progress.size,
        "ProcessedItemCount": progress.read,
        "ImportedItemCount": progress.written,
        "ErrorCount": progress.errors,
    }
    await dynamodb.tables.change(partial(_finish, task, described))


def _finish(task: Task, described: Description, tx: Tx) -> None:
    tasks.finish(tx, task, str(described["ImportStatus"]), described)
    name = (task.account, task.region, task.table_arn.rpartition("/")[2])
    table = tables.load(tx, name)
    if table is not None and table.settings["TableId"] == described["TableId"]:
        table.settings["Status"] = "ACTIVE"
        tables.save(tx, table.id, table.settings)


async def _import(dynamodb: DynamoDb, call: Call, task: Task, progress: _Progress) -> None:
    source = cast("Source", task.description["S3BucketSource"])
    table = await dynamodb.tables.find(resolve(call, task.table_arn))
    place = Place(source["S3Bucket"], source.get("S3BucketOwner", ""))
    for key in await list_keys(dynamodb, call, place, source.get("S3KeyPrefix", "")):
        if key.endswith("/"):
            continue
        content = await get_object(dynamodb, call, place, key)
        progress.size += len(content)
        rows = _rows(table, task.description, _unpacked(task.description, content))
        while piece := list(islice(rows, _PIECE)):
            progress.read += len(piece)
            written = await dynamodb.db.write(partial(_write, dynamodb, table, piece))
            progress.written += written
            progress.errors += len(piece) - written


_Lines = gzip.GzipFile | io.BytesIO


def _unpacked(described: Description, content: bytes) -> _Lines:
    """An object's lines; unpacked as they are read, since nobody knows how large they become."""
    packed = io.BytesIO(content)
    return gzip.GzipFile(fileobj=packed) if described["InputCompressionType"] == "GZIP" else packed


def _rows(table: Table, described: Description, content: _Lines) -> Iterator[object]:
    if described["InputFormat"] == "CSV":
        options = cast("dict[str, CsvOptions]", described.get("InputFormatOptions", {})).get("Csv", {})
        yield from _csv_rows(table, options, content)
        return
    for line in iter(lambda: content.readline(_LONGEST_LINE), b""):
        if line.strip():
            try:
                yield orjson.loads(line).get("Item")
            except (orjson.JSONDecodeError, AttributeError):
                yield None


def _csv_rows(table: Table, options: CsvOptions, content: _Lines) -> Iterator[Item]:
    """DynamoDB developer guide, "DynamoDB import formats": all strings but for the keys, which have their own types."""
    text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=options.get("Delimiter", ","))
    header = options.get("HeaderList") or next(reader, [])
    for row in reader:
        yield {name: {table.types.get(name, "S"): text} for name, text in zip(header, row, strict=False) if text != ""}


def _write(dynamodb: DynamoDb, table: Table, rows: Sequence[object], tx: Tx) -> int:
    """Write the rows that are items of the table; how many those were."""
    written = 0
    table = dynamodb.tables.fresh(tx, table)
    for row in rows:
        try:
            size = check_item(row)
            write = Write("put", cast("Item", row), size)
            key = place(write, table)
        except AwsError:
            continue
        if size <= MAX_ITEM_BYTES:
            perform(tx, table, key, write, dynamodb.clock.now())
            written += 1
    return written
