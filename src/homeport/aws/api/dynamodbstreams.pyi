# The shapes of DynamoDB Streams, API version 2012-08-10: made by tools/make_api.py, for type checking only.

from collections.abc import AsyncIterator
from typing import Required, TypedDict

from homeport.aws.stream import Download, Upload
from homeport.kernel.clock import Millis


class AttributeValue(TypedDict, total=False):
    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    M: dict[str, AttributeValue]
    L: list[AttributeValue]
    NULL: bool
    BOOL: bool


class DescribeStreamInput(TypedDict, total=False):
    StreamArn: Required[str]
    Limit: int
    ExclusiveStartShardId: str
    ShardFilter: ShardFilter


class DescribeStreamOutput(TypedDict, total=False):
    StreamDescription: StreamDescription


class GetRecordsInput(TypedDict, total=False):
    ShardIterator: Required[str]
    Limit: int


class GetRecordsOutput(TypedDict, total=False):
    Records: list[Record]
    NextShardIterator: str


class GetShardIteratorInput(TypedDict, total=False):
    StreamArn: Required[str]
    ShardId: Required[str]
    ShardIteratorType: Required[str]
    SequenceNumber: str
    Timestamp: Millis


class GetShardIteratorOutput(TypedDict, total=False):
    ShardIterator: str


class Identity(TypedDict, total=False):
    PrincipalId: str
    Type: str


class KeySchemaElement(TypedDict, total=False):
    AttributeName: Required[str]
    KeyType: Required[str]


class ListStreamsInput(TypedDict, total=False):
    TableName: str
    Limit: int
    ExclusiveStartStreamArn: str


class ListStreamsOutput(TypedDict, total=False):
    Streams: list[Stream]
    LastEvaluatedStreamArn: str


class Record(TypedDict, total=False):
    eventID: str
    eventName: str
    eventVersion: str
    eventSource: str
    awsRegion: str
    dynamodb: StreamRecord
    userIdentity: Identity


class SequenceNumberRange(TypedDict, total=False):
    StartingSequenceNumber: str
    EndingSequenceNumber: str


class Shard(TypedDict, total=False):
    ShardId: str
    SequenceNumberRange: SequenceNumberRange
    ParentShardId: str


class ShardFilter(TypedDict, total=False):
    Type: str
    ShardId: str


class Stream(TypedDict, total=False):
    StreamArn: str
    TableName: str
    StreamLabel: str


class StreamDescription(TypedDict, total=False):
    StreamArn: str
    StreamLabel: str
    StreamStatus: str
    StreamViewType: str
    CreationRequestDateTime: Millis
    TableName: str
    KeySchema: list[KeySchemaElement]
    Shards: list[Shard]
    LastEvaluatedShardId: str


class StreamRecord(TypedDict, total=False):
    ApproximateCreationDateTime: Millis
    Keys: dict[str, AttributeValue]
    NewImage: dict[str, AttributeValue]
    OldImage: dict[str, AttributeValue]
    SequenceNumber: str
    SizeBytes: int
    StreamViewType: str
