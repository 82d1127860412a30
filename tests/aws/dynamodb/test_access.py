"""In mode `signed` a table is its account's, and its policy says who else may use it; in mode `open` anybody may."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.accounts import OTHER, OWNER, Accounts
from tests.aws.dynamodb.forms import index, item, make_table
from tests.aws_server import AwsServer

KEY = item(pk="a")


def denied(do: Callable[..., Any], **request: Any) -> str:
    """What a refusal for want of leave says; empty if it is another one, or none."""
    try:
        do(**request)
    except ClientError as error:
        told = error.response["Error"]
        return str(told["Message"]) if told["Code"] == "AccessDeniedException" else ""
    return ""


def policy(*actions: str, on: str | list[str], effect: str = "Allow", who: str = OTHER) -> str:
    statement = {"Effect": effect, "Principal": {"AWS": who}, "Action": list(actions), "Resource": on}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def uses(client: Any, table: str) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Every way to read or write the items of a table, or to rule it."""
    values = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    check = {"Key": KEY, "ConditionExpression": "attribute_exists(pk)"}
    return {
        "GetItem": (client.get_item, {"TableName": table, "Key": KEY}),
        "PutItem": (client.put_item, {"TableName": table, "Item": KEY}),
        "UpdateItem": (client.update_item, {"TableName": table, "Key": KEY}),
        "DeleteItem": (client.delete_item, {"TableName": table, "Key": KEY}),
        "Query": (client.query, {"TableName": table, **values}),
        "Scan": (client.scan, {"TableName": table}),
        "BatchGetItem": (client.batch_get_item, {"RequestItems": {table: {"Keys": [KEY]}}}),
        "BatchWriteItem": (client.batch_write_item, {"RequestItems": {table: [{"PutRequest": {"Item": KEY}}]}}),
        "transact get": (client.transact_get_items, {"TransactItems": [{"Get": {"TableName": table, "Key": KEY}}]}),
        "transact put": (client.transact_write_items, {"TransactItems": [{"Put": {"TableName": table, "Item": KEY}}]}),
        "transact check": (
            client.transact_write_items,
            {"TransactItems": [{"ConditionCheck": {"TableName": table, **check}}]},
        ),
        "DescribeTable": (client.describe_table, {"TableName": table}),
        "UpdateTable": (client.update_table, {"TableName": table, "DeletionProtectionEnabled": False}),
        "ListTagsOfResource": (client.list_tags_of_resource, {"ResourceArn": table}),
        "TagResource": (client.tag_resource, {"ResourceArn": table, "Tags": [{"Key": "a", "Value": "b"}]}),
        "DeleteTable": (client.delete_table, {"TableName": table}),
    }


def owners_only(client: Any, table: str) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """What no policy can give to another account."""
    recovery = {"PointInTimeRecoveryEnabled": True}
    ttl = {"Enabled": True, "AttributeName": "t"}
    insert = {"Statement": 'INSERT INTO "%s" VALUE {}'.replace("%s", table)}
    schema = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    }
    return [
        (client.create_table, {"TableName": f"{table}2", "BillingMode": "PAY_PER_REQUEST", **schema}),
        (client.create_backup, {"TableName": table, "BackupName": "backup"}),
        (client.describe_backup, {"BackupArn": f"{table}/backup/01"}),
        (client.delete_backup, {"BackupArn": f"{table}/backup/01"}),
        (client.restore_table_from_backup, {"BackupArn": f"{table}/backup/01", "TargetTableName": "mine"}),
        (client.update_continuous_backups, {"TableName": table, "PointInTimeRecoverySpecification": recovery}),
        (client.describe_continuous_backups, {"TableName": table}),
        (client.restore_table_to_point_in_time, {"SourceTableArn": table, "TargetTableName": "mine"}),
        (client.export_table_to_point_in_time, {"TableArn": table, "S3Bucket": "bucket"}),
        (client.list_exports, {"TableArn": table}),
        (client.describe_export, {"ExportArn": f"{table}/export/01234567890123456789012345678901"}),
        (client.describe_import, {"ImportArn": f"{table}/import/01234567890123456789012345678901"}),
        (client.update_time_to_live, {"TableName": table, "TimeToLiveSpecification": ttl}),
        (client.describe_time_to_live, {"TableName": table}),
        (client.put_resource_policy, {"ResourceArn": table, "Policy": policy("dynamodb:*", on="*")}),
        (client.get_resource_policy, {"ResourceArn": table}),
        (client.delete_resource_policy, {"ResourceArn": table}),
        (client.execute_statement, insert),
        (client.execute_transaction, {"TransactStatements": [insert]}),
        (client.update_contributor_insights, {"TableName": table, "ContributorInsightsAction": "ENABLE"}),
        (client.describe_table_replica_auto_scaling, {"TableName": table}),
        (client.describe_kinesis_streaming_destination, {"TableName": table}),
    ]


def test_a_table_without_a_policy_is_its_accounts_alone(accounts: Accounts) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    table = make_table(owner)

    for name, (do, request) in uses(other, table).items():
        assert denied(do, **request), name
    for do, request in owners_only(other, table):
        assert denied(do, **request), request
    assert denied(other.get_item, TableName=table, Key=KEY) == (
        f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: dynamodb:GetItem on resource: {table} "
        "because no resource-based policy allows the dynamodb:GetItem action"
    )
    for name, (do, request) in uses(owner, table).items():
        assert not denied(do, **request), name


def test_a_policy_shares_items_and_the_table_and_not_what_is_around_it(accounts: Accounts) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    table = make_table(owner)
    owner.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:*", on="*"))

    for do, request in owners_only(other, table):
        assert denied(do, **request), request
    for name, (do, request) in uses(other, table).items():
        assert not denied(do, **request), name
    # The last of them has deleted it.
    assert owner.list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("GetItem", {"GetItem", "transact get"}),
        ("PutItem", {"PutItem", "transact put"}),
        ("ConditionCheckItem", {"transact check"}),
        ("BatchGetItem", {"BatchGetItem"}),
        ("Scan", {"Scan"}),
    ],
)
def test_an_action_allows_itself_and_its_part_in_transactions(
    accounts: Accounts, action: str, allowed: set[str]
) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    table = make_table(owner)
    owner.put_resource_policy(ResourceArn=table, Policy=policy(f"dynamodb:{action}", on=table))

    assert {name for name, (do, request) in uses(other, table).items() if not denied(do, **request)} == allowed


def test_one_closed_table_closes_a_batch_and_a_transaction_over_several(accounts: Accounts) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    shared, closed, own = make_table(owner, "shared"), make_table(owner, "closed"), make_table(other, "own")
    owner.put_resource_policy(ResourceArn=shared, Policy=policy("dynamodb:*", on="*"))

    def batch(*names: str) -> dict[str, Any]:
        return {"RequestItems": {name: [{"PutRequest": {"Item": KEY}}] for name in names}}

    def transaction(*names: str) -> dict[str, Any]:
        return {"TransactItems": [{"Put": {"TableName": name, "Item": KEY}} for name in names]}

    for do, requested in ((other.batch_write_item, batch), (other.transact_write_items, transaction)):
        assert denied(do, **requested("own", shared, closed))
        assert not other.scan(TableName=own)["Count"]
        do(**requested("own", shared))
        for client, table in ((other, "own"), (owner, "shared")):
            assert client.scan(TableName=table)["Count"] == 1
            client.delete_item(TableName=table, Key=KEY)


def test_an_index_is_shared_by_its_own_arn(accounts: Accounts) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    table = make_table(owner, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    owner.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:Scan", on=f"{table}/index/by-g"))

    assert not denied(other.scan, TableName=table, IndexName="by-g")
    assert f"on resource: {table} " in denied(other.scan, TableName=table)
    assert denied(other.query, TableName=table, IndexName="by-g", KeyConditionExpression="g = :g")
    owner.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:Scan", on=table))
    assert f"on resource: {table}/index/by-g " in denied(other.scan, TableName=table, IndexName="by-g")


def test_the_arn_of_an_index_is_no_tables_name(accounts: Accounts) -> None:
    owner = accounts.client("dynamodb", OWNER)
    table = make_table(owner, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])

    with pytest.raises(ClientError, match="Invalid TableArn"):
        owner.get_item(TableName=f"{table}/index/by-g", Key=KEY)


def test_a_stream_has_a_policy_of_its_own(accounts: Accounts) -> None:
    owner = accounts.client("dynamodb", OWNER)
    mine, theirs = accounts.client("dynamodbstreams", OWNER), accounts.client("dynamodbstreams", OTHER)
    table = make_table(owner, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    stream = owner.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    owner.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:*", on="*"))
    owner.put_item(TableName=table, Item=KEY)
    shard = mine.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    start = {"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = mine.get_shard_iterator(**start)["ShardIterator"]

    assert denied(theirs.describe_stream, StreamArn=stream)
    assert denied(theirs.get_shard_iterator, **start)
    assert f"dynamodb:GetRecords on resource: {stream} " in denied(theirs.get_records, ShardIterator=iterator)

    owner.put_resource_policy(ResourceArn=stream, Policy=policy("dynamodb:GetRecords", on=stream))
    assert len(theirs.get_records(ShardIterator=iterator)["Records"]) == 1
    assert denied(theirs.describe_stream, StreamArn=stream)


def test_a_policy_can_forbid_the_tables_own_account_all_but_its_mending(accounts: Accounts) -> None:
    owner = accounts.client("dynamodb", OWNER)
    table = make_table(owner)
    owner.get_item(TableName="table", Key=KEY)
    owner.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:*", on="*", effect="Deny", who=OWNER))

    assert denied(owner.get_item, TableName="table", Key=KEY) == (
        f"User: arn:aws:iam::{OWNER}:root is not authorized to perform: dynamodb:GetItem on resource: {table} "
        "with an explicit deny in a resource-based policy"
    )
    statement = {"Statement": "SELECT * FROM \"table\" WHERE pk = 'a'"}
    assert "dynamodb:PartiQLSelect" in denied(owner.execute_statement, **statement)
    response = owner.batch_execute_statement(Statements=[statement])["Responses"][0]
    assert response["Error"]["Code"] == "AccessDenied"
    owner.delete_resource_policy(ResourceArn=table)
    owner.get_item(TableName="table", Key=KEY)


def test_another_accounts_table_that_is_not_there_is_not_told_from_one_that_is(accounts: Accounts) -> None:
    owner, other = accounts.client("dynamodb", OWNER), accounts.client("dynamodb", OTHER)
    present = make_table(owner)
    absent = present + "2"

    assert denied(other.describe_table, TableName=absent) == denied(other.describe_table, TableName=present).replace(
        present, absent
    )


def test_a_policy_that_says_nothing_understandable_is_refused(dynamodb: Any) -> None:
    table = make_table(dynamodb)

    with pytest.raises(ClientError, match="Invalid policy document: Invalid principal in policy"):
        dynamodb.put_resource_policy(ResourceArn=table, Policy=policy("dynamodb:*", on="*", who="nobody"))


def test_in_mode_open_any_account_may_use_a_table_by_its_arn(aws: AwsServer) -> None:
    owner, other = (aws.client("dynamodb", account=account) for account in (OWNER, OTHER))
    table = make_table(owner)

    other.put_item(TableName=table, Item=KEY)

    assert owner.get_item(TableName="table", Key=KEY)["Item"] == KEY
