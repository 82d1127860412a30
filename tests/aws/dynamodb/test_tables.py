"""Tables over the wire: what they can be, what Describe reads back, what is refused."""

from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, refusal

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}]
DEFINITIONS = [{"AttributeName": "pk", "AttributeType": "S"}]


def test_a_new_table_is_being_created_and_then_active(dynamodb: Any) -> None:
    made = dynamodb.create_table(
        TableName="table",
        KeySchema=KEYS,
        AttributeDefinitions=DEFINITIONS,
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
    )["TableDescription"]

    assert made["TableStatus"] == "CREATING"
    assert "WarmThroughput" not in made
    dynamodb.get_waiter("table_exists").wait(TableName="table")
    described = dynamodb.describe_table(TableName="table")["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": 5,
        "WriteCapacityUnits": 6,
    }
    assert described["WarmThroughput"] == {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 6, "Status": "ACTIVE"}
    assert described["DeletionProtectionEnabled"] is False
    assert described["TableArn"] == "arn:aws:dynamodb:us-east-1:000000000000:table/table"
    assert "BillingModeSummary" not in described


def test_a_table_on_demand_tells_its_billing_mode(dynamodb: Any) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])

    described = dynamodb.describe_table(TableName="table")["Table"]

    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "LastUpdateToPayPerRequestDateTime" in described["BillingModeSummary"]
    (by_g,) = described["GlobalSecondaryIndexes"]
    assert by_g["IndexStatus"] == "ACTIVE"
    assert by_g["WarmThroughput"] == {
        "ReadUnitsPerSecond": 12000,
        "WriteUnitsPerSecond": 4000,
        "Status": "ACTIVE",
    }


def test_counts_are_those_of_now(dynamodb: Any, aws: Any) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    dynamodb.put_item(TableName="table", Item=item(pk="a", g="x"))
    dynamodb.put_item(TableName="table", Item=item(pk="b"))

    described = dynamodb.describe_table(TableName="table")["Table"]

    assert (described["ItemCount"], described["TableSizeBytes"]) == (2, 8)
    assert described["GlobalSecondaryIndexes"][0]["ItemCount"] == 1


def test_a_table_lives_in_its_account_and_region(aws: Any, dynamodb: Any) -> None:
    make_table(dynamodb)

    assert dynamodb.list_tables()["TableNames"] == ["table"]
    assert aws.client("dynamodb", region="eu-west-1").list_tables()["TableNames"] == []
    assert aws.client("dynamodb", account="111111111111").list_tables()["TableNames"] == []


def test_a_table_can_be_named_by_its_arn(dynamodb: Any) -> None:
    arn = make_table(dynamodb)

    dynamodb.put_item(TableName=arn, Item=item(pk="a"))

    assert dynamodb.get_item(TableName="table", Key=item(pk="a"))["Item"] == item(pk="a")
    assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == "table"


def test_lists_come_in_pages(dynamodb: Any) -> None:
    for name in ("ccc", "aaa", "bbb"):
        make_table(dynamodb, name)

    first = dynamodb.list_tables(Limit=2)

    assert first["TableNames"] == ["aaa", "bbb"]
    assert dynamodb.list_tables(ExclusiveStartTableName=first["LastEvaluatedTableName"])["TableNames"] == ["ccc"]


def test_everything_survives_a_restart(aws: Any, dynamodb: Any) -> None:
    make_table(dynamodb, sort="N", attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    dynamodb.put_item(TableName="table", Item=item(pk="a", sk=1, g="x"))
    before = dynamodb.describe_table(TableName="table")["Table"]

    aws.restart()

    assert dynamodb.describe_table(TableName="table")["Table"] == before
    found = dynamodb.query(
        TableName="table",
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "x"}},
    )
    assert found["Items"] == [item(pk="a", sk=1, g="x")]


def test_a_deleted_table_is_gone_with_its_items(aws: Any, dynamodb: Any) -> None:
    make_table(dynamodb)
    dynamodb.put_item(TableName="table", Item=item(pk="a"))

    assert dynamodb.delete_table(TableName="table")["TableDescription"]["TableStatus"] == "DELETING"

    assert refusal(dynamodb.describe_table, TableName="table") == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: table not found",
    )
    assert refusal(dynamodb.get_item, TableName="table", Key=item(pk="a")) == (
        "ResourceNotFoundException",
        "Requested resource not found",
    )
    make_table(dynamodb)
    aws.run_jobs()
    assert dynamodb.scan(TableName="table")["Items"] == []


def test_a_protected_table_cannot_be_deleted(dynamodb: Any) -> None:
    make_table(dynamodb, DeletionProtectionEnabled=True)

    code, message = refusal(dynamodb.delete_table, TableName="table")
    assert (code, "protected against deletion" in message) == ("ValidationException", True)

    dynamodb.update_table(TableName="table", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="table")


def test_a_name_is_given_once(dynamodb: Any) -> None:
    make_table(dynamodb)

    assert refusal(
        dynamodb.create_table,
        TableName="table",
        KeySchema=KEYS,
        AttributeDefinitions=DEFINITIONS,
        BillingMode="PAY_PER_REQUEST",
    ) == ("ResourceInUseException", "Table already exists: table")


def test_the_billing_mode_can_be_changed(dynamodb: Any) -> None:
    make_table(dynamodb)

    changed = dynamodb.update_table(
        TableName="table",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    )["TableDescription"]

    assert changed["TableStatus"] == "UPDATING"
    described = dynamodb.describe_table(TableName="table")["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 2
    code, message = refusal(
        dynamodb.update_table,
        TableName="table",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    )
    assert code == "ValidationException"
    assert message.startswith("The provisioned throughput for the table will not change.")


def test_class_encryption_tags_and_policy_are_read_back(dynamodb: Any) -> None:
    policy = '{"Version": "2012-10-17", "Statement": []}'
    arn = make_table(
        dynamodb,
        TableClass="STANDARD_INFREQUENT_ACCESS",
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        Tags=[{"Key": "a", "Value": "1"}],
        ResourcePolicy=policy,
    )

    described = dynamodb.describe_table(TableName="table")["Table"]

    assert described["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert described["SSEDescription"]["Status"] == "ENABLED"
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == policy
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_policy_is_changed_by_its_revision(dynamodb: Any) -> None:
    arn = make_table(dynamodb)
    policy = '{"Statement": []}'

    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy, ExpectedRevisionId="NO_POLICY")[
        "RevisionId"
    ]

    assert dynamodb.put_resource_policy(ResourceArn=arn, Policy='{"Statement":[]}')["RevisionId"] == revision
    code, _ = refusal(dynamodb.delete_resource_policy, ResourceArn=arn, ExpectedRevisionId="other")
    assert code == "PolicyNotFoundException"
    dynamodb.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=revision)
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn)[0] == "PolicyNotFoundException"


PROVISIONED = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
BASE: dict[str, Any] = {
    "TableName": "table",
    "KeySchema": KEYS,
    "AttributeDefinitions": DEFINITIONS,
    "BillingMode": "PAY_PER_REQUEST",
}
INVALID = "One or more parameter values were invalid: "
CONSTRAINT = "1 validation error detected: Value "


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"TableName": "ab"},
            "TableName must be at least 3 characters long and at most 255 characters long",
        ),
        (
            {"TableName": "a" * 256},
            "TableName must be at least 3 characters long and at most 255 characters long",
        ),
        (
            {"TableName": "a b c"},
            (
                f"{CONSTRAINT}'a b c' at 'tableName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "INVALID"}]},
            (
                f"{CONSTRAINT}'INVALID' at 'keySchema.1.member.keyType' failed to satisfy constraint: "
                "Member must satisfy enum value set: [HASH, RANGE]"
            ),
        ),
        (
            {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "X"}]},
            (
                f"{CONSTRAINT}'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: "
                "Member must satisfy enum value set: [B, N, S]"
            ),
        ),
        (
            {"KeySchema": [*KEYS, {"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]},
            (
                f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [other], "
                "AttributeDefinitions: [pk]"
            ),
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {"AttributeDefinitions": [*DEFINITIONS, {"AttributeName": "x", "AttributeType": "S"}]},
            (
                f"{INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in "
                "AttributeDefinitions"
            ),
        ),
        (
            {"BillingMode": "PROVISIONED"},
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": PROVISIONED},
            (
                f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            ),
        ),
        (
            {"LocalSecondaryIndexes": [index("lsi", "pk", "pk")]},
            (
                f"{INVALID}Table KeySchema does not have a range key, which is required when specifying a "
                "LocalSecondaryIndex"
            ),
        ),
        ({"GlobalSecondaryIndexes": []}, f"{INVALID}List of GlobalSecondaryIndexes is empty"),
        (
            {"GlobalSecondaryIndexes": [index("same", "pk"), index("same", "pk")]},
            f"{INVALID}Duplicate index name: same",
        ),
        (
            {"GlobalSecondaryIndexes": [index("gsi", "pk", include=["x"], projection="KEYS_ONLY")]},
            f"{INVALID}ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        (
            {"GlobalSecondaryIndexes": [index("gsi", "pk", projection="INCLUDE")]},
            f"{INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            {"GlobalSecondaryIndexes": [index("gsi", "pk", ProvisionedThroughput=PROVISIONED)]},
            (
                f"{INVALID}ProvisionedThroughput should not be specified for index: gsi when "
                "BillingMode is PAY_PER_REQUEST"
            ),
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused_in_aws_own_words(
    dynamodb: Any, changes: dict[str, Any], message: str
) -> None:
    assert refusal(dynamodb.create_table, **{**BASE, **changes}) == ("ValidationException", message)


@pytest.mark.parametrize("operation", ["create_table", "describe_table", "update_table", "delete_table"])
def test_a_table_has_to_be_named(dynamodb: Any, operation: str) -> None:
    told = "The parameter 'TableName' is required but was not present in the request"
    assert refusal(getattr(dynamodb, operation)) == ("ValidationException", told)


def test_everything_that_a_new_table_misses_is_told(dynamodb: Any) -> None:
    missing = "Value null at '{}' failed to satisfy constraint: Member must not be null"
    told = f"2 validation errors detected: {missing.format('attributeDefinitions')}; {missing.format('keySchema')}"
    assert refusal(dynamodb.create_table, TableName="table") == ("ValidationException", told)


def test_an_update_asks_for_something(dynamodb: Any) -> None:
    make_table(dynamodb)

    assert refusal(dynamodb.update_table, TableName="table")[1].startswith("At least one of ProvisionedThroughput")
    assert refusal(dynamodb.update_table, TableName="nowhere", DeletionProtectionEnabled=True) == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: nowhere not found",
    )


def test_an_update_changes_each_index_once(dynamodb: Any) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])

    def update(*changes: dict[str, Any]) -> str:
        return refusal(dynamodb.update_table, TableName="table", GlobalSecondaryIndexUpdates=list(changes))[1]

    name = {"IndexName": "by-g"}
    assert update({"Delete": name, "Update": name}).endswith("allowed per GlobalSecondaryIndexUpdate object")
    assert update({"Delete": name}, {"Update": name}).endswith("per index is allowed simultaneously. Index: by-g")
    assert update({"Delete": name}, {"Create": index("other", "g")}).startswith("Subscriber limit exceeded")
    assert update({}).endswith("GlobalSecondaryIndexUpdate.Delete must not be null")
