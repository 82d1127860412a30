"""DynamoDB Streams: ListStreams, DescribeStream, GetShardIterator, GetRecords."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from itertools import pairwise
from typing import Final, NamedTuple, TypedDict, cast

import orjson
from orjson import Fragment

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    ExpiredIteratorException,
    ResourceNotFoundException,
    TrimmedDataAccessException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.values import Item, item_size
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.room import DynamoDb, resolve
from homeport.aws.services.dynamodb.store import streams
from homeport.aws.services.dynamodb.store.streams import RETENTION_MILLIS, Change, Shard, Stream
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.storage.database import Snapshot

MAX_RECORDS: Final = 1000
MAX_RECORDS_BYTES: Final = 1 << 20
ITERATOR_MILLIS: Final = 15 * 60 * 1000
_FIRST_SEQUENCE: Final = 10**20
"""Sequence numbers have at least 21 digits."""

_LAST_SEQUENCE: Final = _FIRST_SEQUENCE + (1 << 62)
"""No change will ever have a higher one."""

_MAX_STREAMS: Final = 100
_SERVICE: Final = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


class StreamRequest(TypedDict, total=False):
    """The parameters of the four."""

    StreamArn: str
    TableName: str
    Limit: int
    ExclusiveStartStreamArn: str
    ExclusiveStartShardId: str
    ShardFilter: dict[str, str]
    ShardId: str
    ShardIteratorType: str
    SequenceNumber: str
    Timestamp: Millis
    ShardIterator: str


class _Position(NamedTuple):
    """What a shard iterator says: the next change to read."""

    arn: str
    shard: str
    change: int
    made: int


async def list_streams(dynamodb: DynamoDb, call: Call, request: StreamRequest) -> Result:
    """List the streams of an account in a region, or of one table.

    Spec: DynamoDB Streams API reference, ListStreams.
    """
    limit = request.get("Limit", _MAX_STREAMS)
    name = resolve(call, request["TableName"])[2] if "TableName" in request else None
    after = request.get("ExclusiveStartStreamArn", "")
    found = await dynamodb.db.read(
        lambda snapshot: streams.list_streams(snapshot, call.account, call.region, name, after, limit + 1)
    )
    result: Result = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.name, "StreamLabel": stream.label} for stream in found[:limit]
        ]
    }
    if len(found) > limit:
        result["LastEvaluatedStreamArn"] = found[limit - 1].arn
    return result


def _find(snapshot: Snapshot, arn: str) -> Stream:
    stream = streams.find_stream(snapshot, arn)
    if stream is None:
        raise ResourceNotFoundException(f"Stream: {arn} not found")
    return stream


async def describe_stream(dynamodb: DynamoDb, _call: Call, request: StreamRequest) -> Result:
    """Tell a stream's shards.

    Spec: DynamoDB Streams API reference, DescribeStream.
    """
    stream, shards = await dynamodb.db.read(lambda snapshot: _with_shards(snapshot, request["StreamArn"]))
    shards = _filtered(shards, request)
    start = request.get("ExclusiveStartShardId")
    if start is not None:
        position = next((index for index, shard in enumerate(shards) if shard.name == start), -1)
        shards = shards[position + 1 :]
    limit = request.get("Limit", _MAX_STREAMS)
    described: dict[str, object] = {
        "StreamArn": stream.arn,
        "StreamLabel": stream.label,
        "StreamStatus": "ENABLED" if stream.closed is None else "DISABLED",
        "StreamViewType": stream.view_type,
        "CreationRequestDateTime": stream.created,
        "TableName": stream.name,
        "KeySchema": stream.key_schema,
        "Shards": [_describe_shard(shard, shards) for shard in shards[:limit]],
    }
    if len(shards) > limit:
        described["LastEvaluatedShardId"] = shards[limit - 1].name
    return {"StreamDescription": described}


def _filtered(shards: list[Shard], request: StreamRequest) -> list[Shard]:
    """Only the children of one shard, if that is asked for."""
    wanted = request.get("ShardFilter")
    if wanted is None:
        return shards
    parents = {child.name: parent.name for parent, child in pairwise(shards)}
    return [shard for shard in shards if parents.get(shard.name) == wanted.get("ShardId")]


def _with_shards(snapshot: Snapshot, arn: str) -> tuple[Stream, list[Shard]]:
    stream = _find(snapshot, arn)
    return stream, streams.list_shards(snapshot, stream.id)


def _describe_shard(shard: Shard, shards: list[Shard]) -> dict[str, object]:
    numbers = {"StartingSequenceNumber": _sequence(shard.first)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = _sequence(shard.last)
    described: dict[str, object] = {"ShardId": shard.name, "SequenceNumberRange": numbers}
    parent = next((each for each in shards if each.number == shard.number - 1), None)
    if parent is not None:
        described["ParentShardId"] = parent.name
    return described


def _sequence(change: int) -> str:
    return str(_FIRST_SEQUENCE + change)


def _change_of(sequence: str) -> int:
    if not (sequence.isascii() and sequence.isdigit()) or not _FIRST_SEQUENCE <= int(sequence) <= _LAST_SEQUENCE:
        raise ValidationException(f"Invalid SequenceNumber: {sequence}")
    return int(sequence) - _FIRST_SEQUENCE


async def get_shard_iterator(dynamodb: DynamoDb, _call: Call, request: StreamRequest) -> Result:
    """A position in a shard, good for 15 minutes.

    Spec: DynamoDB Streams API reference, GetShardIterator.
    """
    now = dynamodb.clock.now()

    def position(snapshot: Snapshot) -> _Position:
        stream, shards = _with_shards(snapshot, request["StreamArn"])
        shard = _shard(shards, request["ShardId"], stream.arn)
        change = _start(snapshot, stream, shard, request, now)
        return _Position(stream.arn, shard.name, change, now)

    return {"ShardIterator": _write_iterator(await dynamodb.db.read(position))}


def _shard(shards: list[Shard], name: str, arn: str) -> Shard:
    for shard in shards:
        if shard.name == name:
            return shard
    raise ResourceNotFoundException(f"Shard: {name} in stream: {arn} not found")


def _start(snapshot: Snapshot, stream: Stream, shard: Shard, request: StreamRequest, now: Millis) -> int:
    match request["ShardIteratorType"]:
        case "TRIM_HORIZON":
            return shard.first
        case "LATEST":
            return streams.next_change(snapshot) if shard.last is None else shard.last + 1
        case "AT_TIMESTAMP":
            if "Timestamp" not in request:
                raise ValidationException("Timestamp is required for ShardIteratorType AT_TIMESTAMP")
            at = streams.oldest_change(snapshot, stream.data_id, request["Timestamp"] - 1)
            following = streams.next_change(snapshot) if at is None else at
            return following if shard.last is None else min(following, shard.last + 1)
        case kind:
            if "SequenceNumber" not in request:
                raise ValidationException(f"SequenceNumber is required for ShardIteratorType {kind}")
            change = _change_of(request["SequenceNumber"])
            if change < shard.first or (shard.last is not None and change > shard.last):
                raise ValidationException(
                    f"Invalid SequenceNumber: {request['SequenceNumber']} is not in shard {shard.name}"
                )
            oldest = streams.oldest_change(snapshot, stream.data_id, now - RETENTION_MILLIS)
            if oldest is not None and change < oldest and change > shard.first:
                raise TrimmedDataAccessException(
                    "The operation attempted to read past the oldest stream record in a shard."
                )
            return change if kind == "AT_SEQUENCE_NUMBER" else change + 1


def _write_iterator(position: _Position) -> str:
    opaque = b64encode(orjson.dumps(position[1:])).decode()
    return f"{position.arn}|1|{opaque}"


def _read_iterator(text: str) -> _Position:
    arn, separator, opaque = text.partition("|1|")
    if not separator:
        raise ValidationException("Invalid ShardIterator")
    try:
        match orjson.loads(b64decode(opaque, validate=True)):
            case [str(shard), int(change), int(made)] if abs(change) <= _LAST_SEQUENCE - _FIRST_SEQUENCE:
                return _Position(arn, shard, change, made)
    except (Base64Error, ValueError) as error:
        raise ValidationException("Invalid ShardIterator") from error
    raise ValidationException("Invalid ShardIterator")


async def get_records(dynamodb: DynamoDb, _call: Call, request: StreamRequest) -> Result:
    """The changes at a position, and the position behind them.

    Spec: DynamoDB Streams API reference, GetRecords.
    """
    position = _read_iterator(request["ShardIterator"])
    now = dynamodb.clock.now()
    if position.made + ITERATOR_MILLIS < now:
        raise ExpiredIteratorException(
            f"Iterator expired. The iterator was created at time {position.made} while right now it is {now} which is "
            "further in the future than the tolerated delay of 900000 milliseconds."
        )
    limit = min(request.get("Limit", MAX_RECORDS), MAX_RECORDS)
    return await dynamodb.db.read(lambda snapshot: _read(snapshot, position, limit, now))


def _read(snapshot: Snapshot, position: _Position, limit: int, now: Millis) -> Result:
    stream, shards = _with_shards(snapshot, position.arn)
    shard = _shard(shards, position.shard, stream.arn)
    first = max(position.change, shard.first)
    oldest = streams.oldest_change(snapshot, stream.data_id, now - RETENTION_MILLIS)
    if oldest is not None:
        first = max(first, oldest)
    records: list[dict[str, object]] = []
    following, size = first, 0
    for change in streams.read_changes(snapshot, stream.data_id, first, shard.last, limit):
        if change.at > now - RETENTION_MILLIS:
            record, record_bytes = _record(stream, change)
            records.append(record)
            size += record_bytes
        following = change.id + 1
        if size >= MAX_RECORDS_BYTES:
            break
    result: Result = {"Records": records}
    ended = shard.last is not None and (following > shard.last or (len(records) < limit and size < MAX_RECORDS_BYTES))
    if not ended:
        result["NextShardIterator"] = _write_iterator(_Position(stream.arn, shard.name, following, now))
    return result


def _record(stream: Stream, change: Change) -> tuple[dict[str, object], int]:
    """A record as the stream's view type shows it, and its size in bytes."""
    old = None if change.old is None else cast("Item", orjson.loads(change.old))
    new = None if change.new is None else cast("Item", orjson.loads(change.new))
    present = new if new is not None else old or {}
    keys = {key["AttributeName"]: present[key["AttributeName"]] for key in stream.key_schema}
    size = item_size(keys)
    seen: dict[str, object] = {
        # DynamoDB tells whole seconds.
        "ApproximateCreationDateTime": change.at // MILLIS_PER_SECOND * MILLIS_PER_SECOND,
        "Keys": keys,
        "SequenceNumber": _sequence(change.id),
        "StreamViewType": stream.view_type,
    }
    if change.new is not None and new is not None and stream.view_type in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}:
        seen["NewImage"] = Fragment(change.new)
        size += item_size(new)
    if change.old is not None and old is not None and stream.view_type in {"OLD_IMAGE", "NEW_AND_OLD_IMAGES"}:
        seen["OldImage"] = Fragment(change.old)
        size += item_size(old)
    seen["SizeBytes"] = size
    event = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
    record: dict[str, object] = {
        "eventID": f"{change.id:032x}",
        "eventName": event,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.region,
        "dynamodb": seen,
    }
    if change.by_service:
        record["userIdentity"] = _SERVICE
    return record, size
