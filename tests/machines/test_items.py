"""A table with a local and a global index against a dictionary, with restarts and a stream that replays it all."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.aws.dynamodb.forms import index, item, make_table, pages, plain_item
from tests.aws_server import AwsServer

partitions = st.sampled_from(["a", "b"])
sorts = st.integers(-3, 3)
extras = st.fixed_dictionaries(
    {},
    optional={
        "g": st.sampled_from(["x", "y"]),
        "r": st.integers(-2, 2),
        "l": st.sampled_from(["k", "l", "m"]),
        "n": st.integers(0, 3),
    },
)
Key = tuple[str, int]


class TableMachine(RuleBasedStateMachine):
    """The model is a dictionary; what the indexes hold follows from it."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.server = AwsServer(Path(self.directory.name) / "data").start()
        self.model: dict[Key, dict[str, Any]] = {}
        self.client: Any = self.server.client("dynamodb")
        make_table(
            self.client,
            sort="N",
            attributes={"g": "S", "r": "N", "l": "S"},
            LocalSecondaryIndexes=[index("local", "pk", "l")],
            GlobalSecondaryIndexes=[index("global", "g", "r", projection="KEYS_ONLY")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def teardown(self) -> None:
        self.server.stop()
        self.directory.cleanup()

    @rule(pk=partitions, sk=sorts, extra=extras)
    def put(self, pk: str, sk: int, extra: dict[str, Any]) -> None:
        self.client.put_item(TableName="table", Item=item(pk=pk, sk=sk, **extra))
        self.model[pk, sk] = extra

    @rule(pk=partitions, sk=sorts)
    def delete(self, pk: str, sk: int) -> None:
        old = self.client.delete_item(TableName="table", Key=item(pk=pk, sk=sk), ReturnValues="ALL_OLD")
        known = self.model.pop((pk, sk), None)
        found = plain_item(old["Attributes"]) if "Attributes" in old else None
        assert found == (None if known is None else {"pk": pk, "sk": sk, **known})

    @rule(pk=partitions, sk=sorts, name=st.sampled_from(["g", "l"]), value=st.sampled_from(["x", "k"]))
    def update(self, pk: str, sk: int, name: str, value: str) -> None:
        self.client.update_item(
            TableName="table",
            Key=item(pk=pk, sk=sk),
            UpdateExpression="SET #n = :v REMOVE r ADD n :one",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": {"S": value}, ":one": {"N": "1"}},
        )
        known = {key: kept for key, kept in self.model.get((pk, sk), {}).items() if key != "r"}
        self.model[pk, sk] = {**known, name: value, "n": known.get("n", 0) + 1}

    @rule(keys=st.lists(st.tuples(partitions, sorts), min_size=2, max_size=4, unique=True), must_exist=st.booleans())
    def transact(self, keys: list[Key], must_exist: bool) -> None:  # noqa: FBT001 # hypothesis passes it by name
        (pk, sk), *others = keys
        condition = "attribute_exists(pk)" if must_exist else "attribute_not_exists(pk)"
        check = {"TableName": "table", "Key": item(pk=pk, sk=sk), "ConditionExpression": condition}
        puts = [{"Put": {"TableName": "table", "Item": item(pk=p, sk=s, g="t", r=s)}} for p, s in others]
        try:
            self.client.transact_write_items(TransactItems=[*puts, {"ConditionCheck": check}])
        except self.client.exceptions.TransactionCanceledException:
            assert ((pk, sk) in self.model) is not must_exist
        else:
            assert ((pk, sk) in self.model) is must_exist
            self.model.update({key: {"g": "t", "r": key[1]} for key in others})

    @rule()
    def restart(self) -> None:
        self.server.restart()

    @rule(pk=partitions, low=sorts, high=sorts, forward=st.booleans(), limit=st.integers(1, 4))
    def query(self, pk: str, low: int, high: int, forward: bool, limit: int) -> None:  # noqa: FBT001 # by name
        low, high = min(low, high), max(low, high)
        values = {":p": {"S": pk}, ":l": {"N": str(low)}, ":h": {"N": str(high)}}
        found = pages(
            self.client.query,
            TableName="table",
            KeyConditionExpression="pk = :p AND sk BETWEEN :l AND :h",
            ExpressionAttributeValues=values,
            ScanIndexForward=forward,
            Limit=limit,
        )
        expected = sorted((s for p, s in self.model if p == pk and low <= s <= high), reverse=not forward)
        assert [plain_item(each)["sk"] for page in found for each in page["Items"]] == expected

    @rule(g=st.sampled_from(["x", "y", "t"]), limit=st.integers(1, 3))
    def query_the_global_index(self, g: str, limit: int) -> None:
        found = pages(
            self.client.query,
            TableName="table",
            IndexName="global",
            KeyConditionExpression="g = :g",
            ExpressionAttributeValues={":g": {"S": g}},
            Limit=limit,
        )
        listed = [plain_item(each) for page in found for each in page["Items"]]
        expected = {key: kept["r"] for key, kept in self.model.items() if kept.get("g") == g and "r" in kept}
        assert {(each["pk"], each["sk"]): each["r"] for each in listed} == expected
        assert [each["r"] for each in listed] == sorted(expected.values())

    @invariant()
    def the_table_and_the_local_index_are_the_model(self) -> None:
        found = [plain_item(each) for page in pages(self.client.scan, TableName="table") for each in page["Items"]]
        assert {(each.pop("pk"), each.pop("sk")): each for each in found} == self.model
        local = self.client.scan(TableName="table", IndexName="local", Select="COUNT")["Count"]
        assert local == sum("l" in kept for kept in self.model.values())

    @rule()
    def the_stream_replays_to_the_model(self) -> None:
        streams: Any = self.server.client("dynamodbstreams")
        arn = self.client.describe_table(TableName="table")["Table"]["LatestStreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        position = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        replayed: dict[Key, dict[str, Any]] = {}
        for record in streams.get_records(ShardIterator=position)["Records"]:
            key = plain_item(record["dynamodb"]["Keys"])
            place = key["pk"], key["sk"]
            old, new = (record["dynamodb"].get(name) for name in ("OldImage", "NewImage"))
            assert (None if old is None else plain_item(old)) == (
                {"pk": place[0], "sk": place[1], **replayed[place]} if place in replayed else None
            )
            replayed.pop(place, None)
            if new is not None:
                replayed[place] = {name: kept for name, kept in plain_item(new).items() if name not in {"pk", "sk"}}
        assert replayed == self.model


TestTable = TableMachine.TestCase
TestTable.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
