"""Backups and restores of tables that are too large for one transaction, while others write to them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, refusal
from tests.aws_server import AwsServer

from homeport.aws.services.dynamodb.store.pieces import ROWS
from homeport.kernel.clock import to_datetime

COUNT = 2 * ROWS + 25


@pytest.fixture
def table(dynamodb: Any) -> str:
    arn = make_table(dynamodb, sort="N", attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    for low in range(0, COUNT, 25):
        puts = [{"PutRequest": {"Item": item(pk="a", sk=sk, g="x", v=0)}} for sk in range(low, low + 25)]
        dynamodb.batch_write_item(RequestItems={"table": puts})
    return arn


def change(dynamodb: Any) -> None:
    """A new item, a deleted one and two changes of one, at either end."""
    for sk in (0, COUNT - 25):
        dynamodb.put_item(TableName="table", Item=item(pk="a", sk=sk - 0.5, g="x"))
        dynamodb.delete_item(TableName="table", Key=item(pk="a", sk=sk + 1))
        for v in (1, 2):
            dynamodb.put_item(TableName="table", Item=item(pk="a", sk=sk + 2, g="x", v=v))


def contents(dynamodb: Any, name: str, **options: Any) -> list[Any]:
    found = [page["Items"] for page in dynamodb.get_paginator("scan").paginate(TableName=name, **options)]
    return sorted((each for page in found for each in page), key=str)


def status(dynamodb: Any, name: str) -> str:
    told: str = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
    return told


def test_a_large_backup_is_the_table_at_its_moment_however_long_it_takes(
    aws: AwsServer, dynamodb: Any, table: str
) -> None:
    before = contents(dynamodb, "table")
    arn = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    change(dynamodb)
    aws.restart()

    details = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    assert details["BackupStatus"] == "CREATING"
    assert refusal(dynamodb.delete_backup, BackupArn=arn)[0] == "BackupInUseException"
    early = refusal(dynamodb.restore_table_from_backup, TargetTableName="restored", BackupArn=arn)
    assert early[0] == "BackupInUseException"
    dynamodb.delete_table(TableName="table")
    aws.run_jobs()
    described = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    assert described["SourceTableDetails"]["ItemCount"] == COUNT
    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    aws.run_jobs()
    assert contents(dynamodb, "restored") == contents(dynamodb, "restored", IndexName="by-g") == before


def by_backup(aws: AwsServer, dynamodb: Any) -> Callable[[], Any]:
    arn = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    aws.run_jobs()
    return lambda: dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)


def by_time(aws: AwsServer, dynamodb: Any) -> Callable[[], Any]:
    on = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=on)
    moment = to_datetime(aws.clock.now())
    aws.advance(seconds=60)
    return lambda: dynamodb.restore_table_to_point_in_time(
        SourceTableName="table", TargetTableName="restored", RestoreDateTime=moment + timedelta(seconds=1)
    )


@pytest.mark.parametrize("prepare", [by_backup, by_time])
def test_a_large_table_is_being_created_until_everything_is_back(
    aws: AwsServer, dynamodb: Any, table: str, prepare: Callable[[AwsServer, Any], Callable[[], Any]]
) -> None:
    before = contents(dynamodb, "table")
    restore = prepare(aws, dynamodb)
    change(dynamodb)
    restore()
    change(dynamodb)

    assert status(dynamodb, "restored") == "CREATING"
    assert refusal(dynamodb.scan, TableName="restored")[0] == "ResourceNotFoundException"
    assert refusal(dynamodb.delete_table, TableName="restored")[0] == "ResourceInUseException"
    assert refusal(dynamodb.update_table, TableName="restored", TableClass="STANDARD")[0] == "ResourceInUseException"
    aws.restart()
    aws.run_jobs()
    assert status(dynamodb, "restored") == "ACTIVE"
    summary = dynamodb.describe_table(TableName="restored")["Table"]["RestoreSummary"]
    assert summary["RestoreInProgress"] is False
    assert contents(dynamodb, "restored") == contents(dynamodb, "restored", IndexName="by-g") == before


def test_large_items_are_copied_and_cleared_away_in_small_pieces(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb)
    for number in range(30):
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), g="x", text="x" * 390_000))
    arn = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]

    assert dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "CREATING"
    dynamodb.update_table(
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g")}],
    )
    aws.run_jobs()
    assert dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]["ItemCount"] == 30
    assert len(contents(dynamodb, "table", IndexName="by-g")) == 30
