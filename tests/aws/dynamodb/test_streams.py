"""DynamoDB Streams over the wire: records, iterators, shards, trimming."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.aws.dynamodb.forms import item, make_table, plain_item, refusal
from tests.aws_server import AwsServer

HOUR = 3600


@pytest.fixture
def arn(dynamodb: Any) -> str:
    return make_streamed(dynamodb, "NEW_AND_OLD_IMAGES")


def make_streamed(dynamodb: Any, view_type: str, name: str = "table") -> str:
    make_table(dynamodb, name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type})
    arn: str = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    return arn


def shards(streams: Any, arn: str) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    return described


def iterator(streams: Any, arn: str, kind: str = "TRIM_HORIZON", number: int = 0, **options: Any) -> str:
    made: str = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shards(streams, arn)[number]["ShardId"], ShardIteratorType=kind, **options
    )["ShardIterator"]
    return made


def records(streams: Any, arn: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator(streams, arn, **options))["Records"]
    return found


def change_a_little(dynamodb: Any, name: str = "table") -> None:
    dynamodb.put_item(TableName=name, Item=item(pk="Fred"))
    update = {"UpdateExpression": "SET #n = :n", "ExpressionAttributeNames": {"#n": "name"}}
    values = {":n": {"S": "Fred"}}
    dynamodb.update_item(TableName=name, Key=item(pk="Fred"), ExpressionAttributeValues=values, **update)
    dynamodb.delete_item(TableName=name, Key=item(pk="Fred"))


@pytest.mark.parametrize(
    ("view_type", "images", "sizes"),
    [
        ("KEYS_ONLY", [(None, None)] * 3, [6, 6, 6]),
        ("NEW_IMAGE", [("new", None), ("new", None), (None, None)], [12, 20, 6]),
        ("OLD_IMAGE", [(None, None), (None, "old"), (None, "old")], [6, 12, 20]),
        ("NEW_AND_OLD_IMAGES", [("new", None), ("new", "old"), (None, "old")], [12, 26, 20]),
    ],
)
def test_a_record_shows_what_the_view_type_says(
    dynamodb: Any, streams: Any, view_type: str, images: Any, sizes: list[int]
) -> None:
    """DynamoDB API reference, StreamSpecification."""
    arn = make_streamed(dynamodb, view_type)
    change_a_little(dynamodb)

    found = records(streams, arn)

    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    seen = [record["dynamodb"] for record in found]
    assert [("NewImage" in each, "OldImage" in each) for each in seen] == [(bool(n), bool(o)) for n, o in images]
    assert [each["SizeBytes"] for each in seen] == sizes
    assert all(each["Keys"] == item(pk="Fred") and each["StreamViewType"] == view_type for each in seen)
    assert all(record["eventSource"] == "aws:dynamodb" and record["awsRegion"] == "us-east-1" for record in found)
    numbers = [each["SequenceNumber"] for each in seen]
    assert numbers == sorted(numbers)
    assert all(len(number) >= 21 for number in numbers)


def test_a_write_that_changes_nothing_makes_no_record(dynamodb: Any, streams: Any, arn: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="a", words={"x", "y"}))
    dynamodb.put_item(TableName="table", Item={"words": {"SS": ["y", "x"]}, **item(pk="a")})
    dynamodb.update_item(TableName="table", Key=item(pk="a"), UpdateExpression="REMOVE gone")
    dynamodb.delete_item(TableName="table", Key=item(pk="b"))

    assert [record["eventName"] for record in records(streams, arn)] == ["INSERT"]


def test_a_transaction_and_a_batch_make_their_records_in_order(dynamodb: Any, streams: Any, arn: str) -> None:
    puts = [{"Put": {"TableName": "table", "Item": item(pk=key)}} for key in "abc"]
    dynamodb.transact_write_items(TransactItems=puts)
    failing = {"ConditionCheck": {"TableName": "table", "Key": item(pk="z"), "ConditionExpression": "pk = pk2"}}
    refusal(
        dynamodb.transact_write_items, TransactItems=[{"Delete": {"TableName": "table", "Key": item(pk="a")}}, failing]
    )
    dynamodb.batch_write_item(RequestItems={"table": [{"DeleteRequest": {"Key": item(pk=key)}} for key in "cb"]})

    found = [(each["eventName"], each["dynamodb"]["Keys"]["pk"]["S"]) for each in records(streams, arn)]

    assert found == [("INSERT", "a"), ("INSERT", "b"), ("INSERT", "c"), ("REMOVE", "c"), ("REMOVE", "b")]


def test_iterators_begin_where_they_are_asked_to(dynamodb: Any, streams: Any, arn: str) -> None:
    change_a_little(dynamodb)
    latest = iterator(streams, arn, "LATEST")
    dynamodb.put_item(TableName="table", Item=item(pk="later"))
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records(streams, arn)]

    def seen(**options: Any) -> list[str]:
        return [record["dynamodb"]["SequenceNumber"] for record in records(streams, arn, **options)]

    assert seen(kind="AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == numbers[1:]
    assert seen(kind="AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == numbers[2:]
    after = streams.get_records(ShardIterator=latest)
    assert [record["dynamodb"]["Keys"] for record in after["Records"]] == [item(pk="later")]
    assert streams.get_records(ShardIterator=after["NextShardIterator"])["Records"] == []


def test_records_come_in_pages(dynamodb: Any, streams: Any, arn: str) -> None:
    for number in range(5):
        dynamodb.put_item(TableName="table", Item=item(pk=str(number)))
    position = iterator(streams, arn)

    found = []
    for _ in range(3):
        page = streams.get_records(ShardIterator=position, Limit=2)
        found.append([record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]])
        position = page["NextShardIterator"]

    assert found == [["0", "1"], ["2", "3"], ["4"]]


def test_a_stream_and_its_iterators_outlive_a_restart(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="a"))
    position = iterator(streams, arn)

    aws.restart()
    dynamodb.put_item(TableName="table", Item=item(pk="b"))

    found = streams.get_records(ShardIterator=position)["Records"]
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in found] == ["a", "b"]


def test_an_iterator_is_good_for_fifteen_minutes(aws: AwsServer, streams: Any, arn: str) -> None:
    position = iterator(streams, arn)
    aws.advance(seconds=15 * 60)
    streams.get_records(ShardIterator=position)
    aws.advance(seconds=1)

    assert refusal(streams.get_records, ShardIterator=position)[0] == "ExpiredIteratorException"
    assert refusal(streams.get_records, ShardIterator="nonsense")[0] == "ValidationException"


def test_records_leave_after_a_day(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    """DynamoDB developer guide, "Change data capture for DynamoDB Streams": 24 hours."""
    dynamodb.put_item(TableName="table", Item=item(pk="old"))
    aws.advance(seconds=24 * HOUR - 1)
    dynamodb.put_item(TableName="table", Item=item(pk="new"))
    assert len(records(streams, arn)) == 1
    aws.advance(seconds=1)

    rest = [
        record["dynamodb"]["Keys"]["pk"]["S"]
        for number in range(len(shards(streams, arn)))
        for record in records(streams, arn, number=number)
    ]

    assert rest == ["new"]


def test_a_shard_is_followed_by_its_child(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="a"))
    position = iterator(streams, arn)
    aws.advance(seconds=4 * HOUR)
    dynamodb.put_item(TableName="table", Item=item(pk="b"))

    parent, child = shards(streams, arn)

    assert child["ParentShardId"] == parent["ShardId"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    last = streams.get_records(ShardIterator=iterator(streams, arn))
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in last["Records"]] == ["a"]
    assert "NextShardIterator" not in last
    assert [each["dynamodb"]["Keys"]["pk"]["S"] for each in records(streams, arn, number=1)] == ["b"]
    assert position


def test_a_disabled_stream_can_be_read_for_a_day(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="a"))
    dynamodb.update_table(TableName="table", StreamSpecification={"StreamEnabled": False})
    dynamodb.put_item(TableName="table", Item=item(pk="b"))

    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert [each["dynamodb"]["Keys"]["pk"]["S"] for each in records(streams, arn)] == ["a"]
    assert "StreamSpecification" not in dynamodb.describe_table(TableName="table")["Table"]
    aws.advance(seconds=24 * HOUR)
    assert refusal(streams.describe_stream, StreamArn=arn) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Stream: {arn} not found",
    )


def test_streams_are_listed_by_table(dynamodb: Any, streams: Any, arn: str) -> None:
    other = make_streamed(dynamodb, "KEYS_ONLY", "another")

    assert [each["StreamArn"] for each in streams.list_streams()["Streams"]] == [other, arn]
    assert [each["TableName"] for each in streams.list_streams(TableName="table")["Streams"]] == ["table"]
    first = streams.list_streams(Limit=1)
    rest = streams.list_streams(ExclusiveStartStreamArn=first["LastEvaluatedStreamArn"])["Streams"]
    assert [each["StreamArn"] for each in rest] == [arn]


def test_what_expires_is_removed_by_the_service(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    """DynamoDB developer guide, "DynamoDB Streams and Time to Live"."""
    now = int(aws.clock.now() / 1000)
    spec = {"Enabled": True, "AttributeName": "end"}
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification=spec)
    dynamodb.put_item(TableName="table", Item=item(pk="a", end=now + 60))

    aws.advance(seconds=120)

    inserted, removed = records(streams, arn)
    assert "userIdentity" not in inserted
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert plain_item(removed["dynamodb"]["OldImage"]) == {"pk": "a", "end": now + 60}


@pytest.mark.parametrize(
    "opaque",
    [b"x", b"{}", b"[1,2,3]", b'["a","b","c"]', b'["a",1,null]', b'["a",1.5,2]', f'["a",{10**30},1]'.encode()],
)
def test_an_iterator_that_nobody_gave_out_is_refused(streams: Any, arn: str, opaque: bytes) -> None:
    forged = f"{arn}|1|{b64encode(opaque).decode()}"
    assert refusal(streams.get_records, ShardIterator=forged) == ("ValidationException", "Invalid ShardIterator")


def test_a_sequence_number_beyond_all_others_is_refused(streams: Any, arn: str) -> None:
    (shard,) = shards(streams, arn)
    position = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "AT_SEQUENCE_NUMBER"}
    code, _ = refusal(streams.get_shard_iterator, SequenceNumber="9" * 40, **position)
    assert code == "ValidationException"
    assert refusal(streams.get_shard_iterator, **position) == (
        "ValidationException",
        "SequenceNumber is required for ShardIteratorType AT_SEQUENCE_NUMBER",
    )


def test_a_page_of_large_records_holds_little_more_than_a_megabyte(dynamodb: Any, streams: Any, arn: str) -> None:
    """DynamoDB Streams API reference, GetRecords: up to 1 MB of data."""
    for number in range(5):
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), text="x" * 390_000))

    page = streams.get_records(ShardIterator=iterator(streams, arn))
    assert len(page["Records"]) == 3
    rest = streams.get_records(ShardIterator=page["NextShardIterator"])
    assert len(rest["Records"]) == 2


def test_a_shard_can_be_read_from_a_time_on(aws: AwsServer, dynamodb: Any, streams: Any, arn: str) -> None:
    dynamodb.put_item(TableName="table", Item=item(pk="a"))
    aws.advance(seconds=60)
    moment = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    dynamodb.put_item(TableName="table", Item=item(pk="b"))

    def since(at: datetime) -> list[Any]:
        return [
            each["dynamodb"]["Keys"]["pk"]["S"] for each in records(streams, arn, kind="AT_TIMESTAMP", Timestamp=at)
        ]

    assert since(moment) == ["b"]
    assert since(moment - timedelta(seconds=60)) == ["a", "b"]
    assert since(moment - timedelta(days=1)) == ["a", "b"]
    assert since(moment + timedelta(seconds=1)) == []
    shard = shards(streams, arn)[0]["ShardId"]
    code, message = refusal(streams.get_shard_iterator, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_TIMESTAMP")
    assert (code, "Timestamp" in message) == ("ValidationException", True)
