"""kill -9 amid transactions and batches: each is there whole or not at all, and none that was answered is lost."""

import random
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from tests.aws.dynamodb.forms import index, item, make_table, pages, plain_item
from tests.servers import HomeportProcess

ROUNDS = 5
LONGEST_ROUND_SECONDS = 0.5
GROUP = 8


def client_of(server: HomeportProcess) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=server.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=10),
    )


def members(number: int) -> list[dict[str, Any]]:
    """The items of one group, in the table and in its index."""
    return [item(pk=f"{number}", sk=place, group=f"g{number % 3}", pad="p" * 500) for place in range(GROUP)]


def transact(client: Any, number: int) -> None:
    puts = [{"Put": {"TableName": "table", "Item": each}} for each in members(number)]
    client.transact_write_items(TransactItems=puts)


def batch(client: Any, number: int) -> None:
    client.batch_write_item(RequestItems={"table": [{"PutRequest": {"Item": each}} for each in members(number)]})


def write_until_killed(server: HomeportProcess, write: Any, chance: random.Random, first: int) -> int:
    """Write groups until the server is gone; the number of the group that was cut off."""
    client, number = client_of(server), first
    killer = threading.Timer(chance.uniform(0.05, LONGEST_ROUND_SECONDS), server.kill)
    killer.start()
    try:
        while True:
            write(client, number)
            number += 1
    except BotoCoreError:
        return number
    finally:
        killer.join()


def check(client: Any, answered: set[int]) -> None:
    """Every answered group is whole, every other one is whole or absent, and the index and the stream agree."""
    found: dict[int, int] = {}
    for page in pages(client.scan, TableName="table"):
        for each in map(plain_item, page["Items"]):
            found[int(each["pk"])] = found.get(int(each["pk"]), 0) + 1
    assert answered <= found.keys()
    assert set(found.values()) <= {GROUP}
    counted = sum(page["Count"] for page in pages(client.scan, TableName="table", IndexName="by-group", Select="COUNT"))
    assert counted == sum(found.values())


@pytest.mark.parametrize("write", [transact, batch], ids=lambda write: write.__name__)
def test_a_group_of_writes_is_whole_or_absent_after_a_kill(tmp_path: Path, write: Any) -> None:
    chance = random.Random(write.__name__)
    server = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0").start()
    try:
        make_table(
            client_of(server),
            sort="N",
            attributes={"group": "S"},
            GlobalSecondaryIndexes=[index("by-group", "group", projection="KEYS_ONLY")],
        )
        answered: set[int] = set()
        number = 0
        for _ in range(ROUNDS):
            cut_off = write_until_killed(server, write, chance, number)
            answered |= set(range(number, cut_off))
            number = cut_off + 1
            check(client_of(server.restart()), answered)

        assert len(answered) > ROUNDS
    finally:
        server.kill()
