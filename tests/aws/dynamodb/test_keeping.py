"""Time to live, backups, point-in-time recovery, replicas, and what is only configuration."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, refusal
from tests.aws_server import AwsServer

START = datetime(2026, 1, 1, tzinfo=UTC)


def names(dynamodb: Any, table: str = "table") -> set[str]:
    return {each["pk"]["S"] for each in dynamodb.scan(TableName=table)["Items"]}


def expire_at_once(aws: AwsServer) -> int:
    request = urllib.request.Request(f"{aws.url}/_aws/dynamodb/expired", method="DELETE")
    with urllib.request.urlopen(request) as answer:
        count: int = json.load(answer)["ExpiredItems"]
        return count


def test_items_are_deleted_when_their_time_has_passed(aws: AwsServer, dynamodb: Any) -> None:
    """DynamoDB developer guide, "Using time to live (TTL) in DynamoDB"."""
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    now = int(START.timestamp())
    ends = {"soon": now + 60, "later": now + 600, "never": None, "text": "1", "ancient": now - 6 * 365 * 86400}
    for name, end in ends.items():
        kept = item(pk=name, g="x") | ({} if end is None else item(end=end))
        dynamodb.put_item(TableName="table", Item=kept)
    spec = {"Enabled": True, "AttributeName": "end"}
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification=spec)

    assert dynamodb.describe_time_to_live(TableName="table")["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "end",
    }
    aws.advance(seconds=59)
    assert len(names(dynamodb)) == 5
    aws.advance(seconds=32)
    assert names(dynamodb) == {"later", "never", "text", "ancient"}
    assert dynamodb.scan(TableName="table", IndexName="by-g")["Count"] == 4
    dynamodb.put_item(TableName="table", Item=item(pk="later", g="x"))
    aws.advance(seconds=3600)
    assert names(dynamodb) == {"later", "never", "text", "ancient"}


def test_what_has_expired_can_be_deleted_at_once(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb)
    spec = {"Enabled": True, "AttributeName": "end"}
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification=spec)
    for number in range(450):
        end = int(START.timestamp()) - 10
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), end=end))

    assert expire_at_once(aws) == 450
    assert expire_at_once(aws) == 0


def test_time_to_live_is_turned_on_once(dynamodb: Any) -> None:
    make_table(dynamodb)

    def turn(attribute: str, *, on: bool) -> str:
        spec = {"Enabled": on, "AttributeName": attribute}
        return refusal(dynamodb.update_time_to_live, TableName="table", TimeToLiveSpecification=spec)[1]

    assert turn("end", on=False) == "TimeToLive is already disabled"
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    assert turn("end", on=True) == "TimeToLive is already enabled"
    assert turn("x", on=True) == "TimeToLive is active on a different AttributeName: current AttributeName is end"


@pytest.fixture
def recoverable(dynamodb: Any) -> str:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    on = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=on)
    return "table"


def test_a_table_is_restored_to_what_it_was_at_a_time(aws: AwsServer, dynamodb: Any, recoverable: str) -> None:
    """DynamoDB developer guide, "Point-in-time backups for DynamoDB"."""
    dynamodb.put_item(TableName="table", Item=item(pk="kept", g="x", v=1))
    dynamodb.put_item(TableName="table", Item=item(pk="deleted", g="x"))
    aws.advance(seconds=10)
    moment = START + timedelta(seconds=10)
    aws.advance(seconds=10)
    dynamodb.put_item(TableName="table", Item=item(pk="kept", g="y", v=2))
    dynamodb.put_item(TableName="table", Item=item(pk="kept", g="y", v=3))
    dynamodb.delete_item(TableName="table", Key=item(pk="deleted"))
    dynamodb.put_item(TableName="table", Item=item(pk="new"))
    aws.restart()

    described = dynamodb.restore_table_to_point_in_time(
        SourceTableName="table", TargetTableName="restored", RestoreDateTime=moment
    )["TableDescription"]

    assert described["RestoreSummary"]["RestoreInProgress"] is True
    found = {each["pk"]["S"]: each for each in dynamodb.scan(TableName="restored")["Items"]}
    assert found == {"kept": item(pk="kept", g="x", v=1), "deleted": item(pk="deleted", g="x")}
    assert dynamodb.scan(TableName="restored", IndexName="by-g")["Count"] == 2
    latest = {"SourceTableName": "table", "UseLatestRestorableTime": True}
    dynamodb.restore_table_to_point_in_time(TargetTableName="latest", GlobalSecondaryIndexOverride=[], **latest)
    assert names(dynamodb, "latest") == {"kept", "new"}
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName="latest")["Table"]
    assert names(dynamodb) == {"kept", "new"}


def test_only_the_window_can_be_restored(aws: AwsServer, dynamodb: Any, recoverable: str) -> None:
    window = dynamodb.describe_continuous_backups(TableName="table")["ContinuousBackupsDescription"]
    recovery = window["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert recovery["EarliestRestorableDateTime"] == START

    def restore(moment: datetime) -> str:
        return refusal(
            dynamodb.restore_table_to_point_in_time,
            SourceTableName="table",
            TargetTableName="restored",
            RestoreDateTime=moment,
        )[0]

    assert restore(START - timedelta(seconds=1)) == "InvalidRestoreTimeException"
    assert restore(START + timedelta(seconds=1)) == "InvalidRestoreTimeException"
    aws.advance(seconds=36 * 86400)
    assert restore(START + timedelta(hours=23)) == "InvalidRestoreTimeException"
    off = {"PointInTimeRecoveryEnabled": False}
    dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=off)
    assert restore(START) == "PointInTimeRecoveryUnavailableException"


def test_a_backup_is_the_table_as_it_was(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    dynamodb.put_item(TableName="table", Item=item(pk="a", g="x"))
    arn = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    dynamodb.put_item(TableName="table", Item=item(pk="b"))
    dynamodb.delete_table(TableName="table")
    aws.restart()
    aws.run_jobs()

    described = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described["BackupDetails"]["BackupStatus"] == "AVAILABLE"
    assert described["SourceTableDetails"]["ItemCount"] == 1
    assert [each["BackupArn"] for each in dynamodb.list_backups(TableName="table")["BackupSummaries"]] == [arn]
    dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
    assert names(dynamodb, "restored") == {"a"}
    assert dynamodb.scan(TableName="restored", IndexName="by-g")["Count"] == 1
    assert refusal(dynamodb.restore_table_from_backup, TargetTableName="restored", BackupArn=arn)[0] == (
        "TableAlreadyExistsException"
    )
    dynamodb.delete_backup(BackupArn=arn)
    assert refusal(dynamodb.describe_backup, BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")


def test_a_replica_shows_the_same_items_in_another_region(aws: AwsServer, dynamodb: Any) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    make_table(dynamodb, StreamSpecification=stream)
    dynamodb.put_item(TableName="table", Item=item(pk="before"))
    dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    europe = aws.client("dynamodb", region="eu-west-1")

    europe.put_item(TableName="table", Item=item(pk="from europe"))

    assert names(dynamodb) == names(europe) == {"before", "from europe"}
    replicas = dynamodb.describe_table(TableName="table")["Table"]["Replicas"]
    assert [each["RegionName"] for each in replicas] == ["eu-west-1"]
    for region in ("us-east-1", "eu-west-1"):
        streams = aws.client("dynamodbstreams", region=region)
        (listed,) = streams.list_streams()["Streams"]
        shard = streams.describe_stream(StreamArn=listed["StreamArn"])["StreamDescription"]["Shards"][0]
        position = streams.get_shard_iterator(
            StreamArn=listed["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        last = streams.get_records(ShardIterator=position)["Records"][-1]
        assert (last["awsRegion"], last["dynamodb"]["Keys"]) == (region, item(pk="from europe"))
    dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    assert europe.list_tables()["TableNames"] == []
    aws.run_jobs()
    assert names(dynamodb) == {"before", "from europe"}


def test_an_index_of_one_replica_is_an_index_of_all(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb)
    dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    europe = aws.client("dynamodb", region="eu-west-1")
    europe.update_table(
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g")}],
    )

    dynamodb.put_item(TableName="table", Item=item(pk="a", g="x"))

    assert europe.scan(TableName="table", IndexName="by-g")["Count"] == 1
    assert dynamodb.scan(TableName="table", IndexName="by-g")["Count"] == 1


def test_global_tables_of_2017_join_empty_tables(aws: AwsServer, dynamodb: Any) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    europe = aws.client("dynamodb", region="eu-west-1")
    for client in (dynamodb, europe):
        make_table(client, StreamSpecification=stream)
    group = [{"RegionName": "us-east-1"}, {"RegionName": "eu-west-1"}]

    dynamodb.create_global_table(GlobalTableName="table", ReplicationGroup=group)
    europe.put_item(TableName="table", Item=item(pk="a"))

    assert names(dynamodb) == {"a"}
    described = dynamodb.describe_global_table(GlobalTableName="table")["GlobalTableDescription"]
    assert [each["RegionName"] for each in described["ReplicationGroup"]] == ["eu-west-1", "us-east-1"]
    assert [each["GlobalTableName"] for each in dynamodb.list_global_tables()["GlobalTables"]] == ["table"]
    assert refusal(dynamodb.describe_global_table, GlobalTableName="nowhere")[0] == "GlobalTableNotFoundException"


def test_configuration_is_read_back(dynamodb: Any) -> None:
    make_table(dynamodb, sort="N")
    kinesis = "arn:aws:kinesis:us-east-1:000000000000:stream/changes"
    dynamodb.enable_kinesis_streaming_destination(TableName="table", StreamArn=kinesis)
    dynamodb.update_contributor_insights(TableName="table", ContributorInsightsAction="ENABLE")

    (destination,) = dynamodb.describe_kinesis_streaming_destination(TableName="table")["KinesisDataStreamDestinations"]
    assert (destination["StreamArn"], destination["DestinationStatus"]) == (kinesis, "ACTIVE")
    dynamodb.disable_kinesis_streaming_destination(TableName="table", StreamArn=kinesis)
    insights = dynamodb.describe_contributor_insights(TableName="table")
    assert insights["ContributorInsightsStatus"] == "ENABLED"
    assert len(insights["ContributorInsightsRuleList"]) == 4
    assert len(dynamodb.list_contributor_insights()["ContributorInsightsSummaries"]) == 1
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40000
    assert dynamodb.describe_endpoints()["Endpoints"][0]["Address"].startswith("127.0.0.1:")


def test_large_items_expire_and_leave_the_change_log_in_small_pieces(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    spec = {"Enabled": True, "AttributeName": "end"}
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification=spec)
    for number in range(30):
        end = int(START.timestamp()) - 10
        dynamodb.put_item(TableName="table", Item=item(pk=str(number), end=end, text="x" * 390_000))

    assert expire_at_once(aws) == 30
    assert names(dynamodb) == set()
    aws.advance(seconds=25 * 3600)
    left = aws.run(aws.half.db.read(lambda snapshot: snapshot.value("SELECT COUNT(*) FROM ddb_change")))
    assert left == 0


def test_only_indexes_of_the_source_are_restored(aws: AwsServer, dynamodb: Any) -> None:
    """DynamoDB API reference, RestoreTableFromBackup, GlobalSecondaryIndexOverride."""
    indexes = [index("by-g", "g"), index("by-h", "h")]
    make_table(dynamodb, attributes={"g": "S", "h": "S"}, GlobalSecondaryIndexes=indexes)
    arn = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    restore = {"TargetTableName": "restored", "BackupArn": arn}

    for wrong in (
        [index("by-g", "nokey")],
        [index("by-g", "g", projection="KEYS_ONLY")],
        [indexes[0], indexes[0]],
        [index("same", "g"), index("same", "h")],
    ):
        refused = refusal(dynamodb.restore_table_from_backup, GlobalSecondaryIndexOverride=wrong, **restore)
        assert refused[0] == "ValidationException"
    assert dynamodb.list_tables()["TableNames"] == ["table"]
    dynamodb.restore_table_from_backup(GlobalSecondaryIndexOverride=[index("renamed", "h")], **restore)
    (kept,) = dynamodb.describe_table(TableName="restored")["Table"]["GlobalSecondaryIndexes"]
    assert kept["IndexName"] == "renamed"


def test_a_restored_table_can_be_encrypted_with_another_key(aws: AwsServer, dynamodb: Any, recoverable: str) -> None:
    key = f"arn:aws:kms:us-east-1:000000000000:key/{'0' * 8}-0000-0000-0000-{'0' * 12}"

    made = dynamodb.restore_table_to_point_in_time(
        SourceTableName="table",
        TargetTableName="new",
        UseLatestRestorableTime=True,
        SSESpecificationOverride={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )["TableDescription"]

    assert made["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}


def test_replicas_of_a_global_table_have_settings_of_their_own(aws: AwsServer) -> None:
    """DynamoDB API reference, UpdateGlobalTableSettings."""
    here, there = aws.client("dynamodb"), aws.client("dynamodb", region="eu-west-1")
    options: dict[str, Any] = {
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    for client in (here, there):
        make_table(client, StreamSpecification=stream, **options)
    regions = [{"RegionName": region} for region in ("us-east-1", "eu-west-1")]
    here.create_global_table(GlobalTableName="table", ReplicationGroup=regions)
    settings = {"ReplicaProvisionedReadCapacityUnits": 5, "ReplicaTableClass": "STANDARD_INFREQUENT_ACCESS"}

    here.update_global_table_settings(
        GlobalTableName="table", ReplicaSettingsUpdate=[{"RegionName": "eu-west-1", **settings}]
    )

    told = there.describe_global_table_settings(GlobalTableName="table")["ReplicaSettings"]
    assert {each["RegionName"]: each["ReplicaProvisionedReadCapacityUnits"] for each in told} == {
        "us-east-1": 1,
        "eu-west-1": 5,
    }
    assert there.describe_table(TableName="table")["Table"]["TableClassSummary"]["TableClass"] == (
        "STANDARD_INFREQUENT_ACCESS"
    )
    code, _ = refusal(
        here.update_global_table_settings, GlobalTableName="table", ReplicaSettingsUpdate=[{"RegionName": "ap-east-1"}]
    )
    assert code == "ReplicaNotFoundException"
