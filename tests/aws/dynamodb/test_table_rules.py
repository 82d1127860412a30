"""What tables cannot be made, and what they cannot become, in AWS's words."""

from typing import Any

import pytest
from tests.aws.dynamodb.forms import index, item, make_table, refusal
from tests.aws_server import AwsServer

INVALID = "One or more parameter values were invalid: "
ONE = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
TWO = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": ONE}
KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}]
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"
WARM = {"ReadUnitsPerSecond": 1}


def define(*names: str, kind: str = "S") -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name in names]


def capped(**caps: int) -> dict[str, int]:
    return {f"Max{name.title()}RequestUnits": value for name, value in caps.items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AttributeDefinitions": define("pk", "pk")}, "Attribute Name is duplicated: pk"),
        (
            {"OnDemandThroughput": capped(read=-1)},
            f"{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
        (
            {**PROVISIONED, "OnDemandThroughput": capped(write=0)},
            (
                f"{INVALID}MaxWriteRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is "
                "PROVISIONED."
            ),
        ),
        (
            {**PROVISIONED, "WarmThroughput": {"ReadUnitsPerSecond": 0}},
            (
                f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than "
                "ReadCapacityUnits of ProvisionedThroughput"
            ),
        ),
        (
            {"GlobalSecondaryIndexes": [index("gsi", "pk", OnDemandThroughput=capped(read=0))]},
            f"{INVALID}Requested MaxReadRequestUnits for OnDemandThroughput for index : gsi is outside of valid range",
        ),
        (
            {**PROVISIONED, "GlobalSecondaryIndexes": [index("gsi", "pk")]},
            f"{INVALID}ProvisionedThroughput is not specified for index: gsi",
        ),
        (
            {"GlobalSecondaryIndexes": [index("gsi", "pk", projection="INCLUDE", include=["a", "b", "a"])]},
            f"{INVALID}Duplicate element in NonKeyAttributes: a",
        ),
        (
            {
                "AttributeDefinitions": define("pk", *"abcde"),
                "GlobalSecondaryIndexes": [index("gsi", *"abcde", hashes=5)],
            },
            f"{INVALID}The KeySchema exceeds the maximum allowed number of HASH key attributes",
        ),
        (
            {
                "AttributeDefinitions": define("pk", *"abc"),
                "GlobalSecondaryIndexes": [
                    {
                        **index("gsi", "a"),
                        "KeySchema": [
                            {"AttributeName": name, "KeyType": role}
                            for name, role in (("a", "HASH"), ("b", "RANGE"), ("c", "HASH"))
                        ],
                    }
                ],
            },
            f"{INVALID}All HASH key attributes must precede RANGE key attributes in the KeySchema",
        ),
        (
            {
                "AttributeDefinitions": define("pk", "unused"),
                "GlobalSecondaryIndexes": [index("gsi", "pk", projection="INCLUDE")],
            },
            f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [pk, unused], keys used: [pk]",
        ),
        ({"Tags": [{"Key": "aws:a", "Value": "b"}]}, "Tag Key cannot be prefixed with aws:, Key: aws:a"),
        (
            {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]},
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found a",
        ),
        (
            {"Tags": [{"Key": str(number), "Value": ""} for number in range(51)]},
            "Number of Tags exceed the current limit for the provided ResourceArn",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            f"{INVALID}Table is being created with a stream enabled, UpdateViewType is required",
        ),
        (
            {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "alias/a"}},
            f"{INVALID}SSEType KMS is required if KMSMasterKeyId is specified",
        ),
        (
            {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
            f"{INVALID}SSEType can not be specified if Enabled is false",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused(dynamodb: Any, changes: dict[str, Any], message: str) -> None:
    base = {"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": define("pk"), "KeySchema": KEYS}

    assert refusal(dynamodb.create_table, TableName="table", **{**base, **changes}) == ("ValidationException", message)
    assert dynamodb.list_tables()["TableNames"] == []


def test_a_table_on_demand_is_at_least_as_warm_as_it_comes(dynamodb: Any) -> None:
    base = {"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": define("pk"), "KeySchema": KEYS}
    _, message = refusal(dynamodb.create_table, TableName="table", WarmThroughput=WARM, **base)
    assert message.startswith(
        f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for "
        "OnDemand. See: https://docs.aws.amazon.com/"
    )

    make_table(dynamodb, WarmThroughput={"ReadUnitsPerSecond": 13000})

    warm = dynamodb.describe_table(TableName="table")["Table"]["WarmThroughput"]
    assert warm == {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    assert refusal(dynamodb.update_table, TableName="table", WarmThroughput={"ReadUnitsPerSecond": 12500})[1] == (
        f"{INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
        "decreasing WarmThroughput is not supported"
    )
    dynamodb.update_table(TableName="table", WarmThroughput={"WriteUnitsPerSecond": 5000})
    warm = dynamodb.describe_table(TableName="table")["Table"]["WarmThroughput"]
    assert (warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"]) == (13000, 5000)


ALONE = "must be the only operation in the request"
CREATE = {"GlobalSecondaryIndexUpdates": [{"Create": index("new", "n")}], "AttributeDefinitions": define("n")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DeletionProtectionEnabled": True, "TableClass": "STANDARD"}, f"DeletionProtection modification {ALONE}"),
        ({**CREATE, "SSESpecification": {"Enabled": True}}, f"Server-Side Encryption modification {ALONE}"),
        ({"TableClass": "STANDARD", "OnDemandThroughput": capped(read=5)}, f"TableClass modification {ALONE}"),
        (
            {
                "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}],
                "DeletionProtectionEnabled": True,
            },
            f"Replica modification {ALONE}",
        ),
        (
            {**CREATE, "WarmThroughput": {"ReadUnitsPerSecond": 20000}},
            "Create global secondary index cannot be specified when updating WarmThroughput",
        ),
        (
            {**CREATE, "ProvisionedThroughput": TWO},
            "You cannot create or delete index while updating table IOPS",
        ),
        (
            {**CREATE, "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
            "You cannot create or delete index while changing stream status",
        ),
        (
            {"OnDemandThroughput": capped(read=5), "StreamSpecification": {"StreamEnabled": False}},
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"DeletionProtectionEnabled": True, "GlobalSecondaryIndexUpdates": []},
            "List of GlobalSecondaryIndexUpdates is empty",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Create": index("new", "n")}]},
            "AttributeDefinitions is not specified for index: new",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Create": index("new", "g")}]},
            "AttributeDefinitions is not specified for index: new",
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-g", "ProvisionedThroughput": ONE}}]},
            (
                "The only Updates for index: by-g when TableThroughputMode is PAY_PER_REQUEST can be to "
                "OnDemandThroughput, WarmThroughput"
            ),
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            "If stream is being enabled then UpdateViewType is required",
        ),
        ({"SSESpecification": {"Enabled": False}}, "Table is already encrypted by default"),
        (
            {"OnDemandThroughput": capped(read=0)},
            "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
    ],
)
def test_an_update_that_cannot_be_is_refused_whole(dynamodb: Any, changes: dict[str, Any], message: str) -> None:
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[index("by-g", "g")])
    before = dynamodb.describe_table(TableName="table")["Table"]

    assert refusal(dynamodb.update_table, TableName="table", **changes) == ("ValidationException", INVALID + message)
    assert dynamodb.describe_table(TableName="table")["Table"] == before


def test_an_update_takes_from_definitions_what_a_new_index_needs_alone(dynamodb: Any) -> None:
    make_table(dynamodb)
    dynamodb.put_item(TableName="table", Item=item(pk="a", n="x"))

    dynamodb.update_table(TableName="table", TableClass="STANDARD", AttributeDefinitions=define("unused", kind="N"))
    dynamodb.update_table(
        TableName="table",
        AttributeDefinitions=[*define("pk", "stale", kind="N"), *define("n")],
        GlobalSecondaryIndexUpdates=[{"Create": index("new", "pk", "n")}],
    )

    assert dynamodb.describe_table(TableName="table")["Table"]["AttributeDefinitions"] == define("pk", "n")
    found = dynamodb.query(
        TableName="table",
        IndexName="new",
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    )
    assert found["Count"] == 1


def test_a_new_index_defines_its_keys_even_if_the_table_knows_them(dynamodb: Any) -> None:
    make_table(dynamodb, sort="S")

    def told(*definitions: str) -> str:
        return refusal(
            dynamodb.update_table,
            TableName="table",
            AttributeDefinitions=define(*definitions),
            GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g", "sk")}],
        )[1]

    assert told("g") == "Invalid KeySchema: Some index key attribute have no definition"
    assert told("g", "pk") == (
        f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
        "Keys: [g, sk], AttributeDefinitions: [g, pk]"
    )


def test_caps_are_changed_one_by_one_and_go_with_the_billing_mode(dynamodb: Any) -> None:
    make_table(dynamodb, OnDemandThroughput=capped(read=5))

    def told() -> Any:
        return dynamodb.describe_table(TableName="table")["Table"].get("OnDemandThroughput")

    dynamodb.update_table(TableName="table", OnDemandThroughput=capped(write=7))
    assert told() == capped(read=5, write=7)
    dynamodb.update_table(TableName="table", OnDemandThroughput=capped(read=-1))
    assert told() == capped(write=7)
    dynamodb.update_table(TableName="table", **PROVISIONED)
    assert told() is None
    assert refusal(dynamodb.update_table, TableName="table", OnDemandThroughput=capped(read=5))[1] == (
        f"{INVALID}MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is "
        "PROVISIONED"
    )


def test_an_index_does_not_get_what_it_has(dynamodb: Any) -> None:
    make_table(
        dynamodb,
        attributes={"g": "S"},
        GlobalSecondaryIndexes=[index("by-g", "g", ProvisionedThroughput=ONE)],
        BillingMode="PROVISIONED",
        ProvisionedThroughput=ONE,
    )

    def change(throughput: dict[str, int]) -> dict[str, Any]:
        update = {"Update": {"IndexName": "by-g", "ProvisionedThroughput": throughput}}
        return {"TableName": "table", "GlobalSecondaryIndexUpdates": [update]}

    assert refusal(dynamodb.update_table, **change(ONE))[1].startswith(
        "The provisioned throughput for the index by-g will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for index by-g: 1. "
    )
    dynamodb.update_table(**change(TWO))
    create = {"GlobalSecondaryIndexUpdates": [{"Create": index("new", "n")}], "AttributeDefinitions": define("n")}
    assert refusal(dynamodb.update_table, TableName="table", **create)[1] == (
        f"{INVALID}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: new"
    )


def test_a_table_has_twenty_global_indexes_at_most(dynamodb: Any) -> None:
    make_table(dynamodb, GlobalSecondaryIndexes=[index(f"gsi-{number}", "pk") for number in range(20)])

    create = [{"Create": index("one-more", "pk")}]
    definitions = {"AttributeDefinitions": define("pk")}
    assert refusal(dynamodb.update_table, TableName="table", GlobalSecondaryIndexUpdates=create, **definitions) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
    )


def test_local_indexes_stay_as_they_are(dynamodb: Any) -> None:
    make_table(dynamodb, sort="S", attributes={"l": "S"}, LocalSecondaryIndexes=[index("lsi", "pk", "l")])

    for verb, options in (("delete", {}), ("update", {"OnDemandThroughput": capped(read=5)})):
        change = [{verb.title(): {"IndexName": "lsi", **options}}]
        assert refusal(dynamodb.update_table, TableName="table", GlobalSecondaryIndexUpdates=change) == (
            "ValidationException",
            f"Cannot {verb} an index that is not a GlobalSecondaryIndex: lsi",
        )


def test_a_table_is_not_deleted_while_an_index_is_made(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb)
    for start in range(0, 600, 25):
        puts = [{"PutRequest": {"Item": item(pk=str(number), g="g")}} for number in range(start, start + 25)]
        dynamodb.batch_write_item(RequestItems={"table": puts})
    dynamodb.update_table(
        TableName="table",
        AttributeDefinitions=define("g"),
        GlobalSecondaryIndexUpdates=[{"Create": index("by-g", "g")}],
    )

    assert refusal(dynamodb.delete_table, TableName="table") == (
        "ResourceInUseException",
        (
            "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, "
            "updated, or deleted."
        ),
    )
    aws.advance(seconds=60)
    dynamodb.delete_table(TableName="table")


def test_encryption_with_kms_tells_its_key(aws: AwsServer, dynamodb: Any) -> None:
    make_table(dynamodb, SSESpecification={"SSEType": "KMS"})

    told = dynamodb.describe_table(TableName="table")["Table"]["SSEDescription"]

    key = aws.client("kms").describe_key(KeyId=told["KMSMasterKeyArn"])["KeyMetadata"]
    assert (key["KeyManager"], key["Arn"]) == ("AWS", told["KMSMasterKeyArn"])
    assert key["Description"] == "Default key that protects my DynamoDB data when no other key is defined"


GONE = (
    "Update global table operation failed because one or more replicas were not part of the global table. "
    "Please retry the request without these replicas: [ca-central-1]."
)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (
            {"Create": {"RegionName": "us-east-1"}},
            (
                "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or "
                "UpdateTable as required."
            ),
        ),
        (
            {"Create": {"RegionName": "eu-west-1"}},
            (
                "Failed to create a the new replica of table with name: \u2018table\u2019 because one or more replicas "
                "already existed as tables."
            ),
        ),
        ({"Delete": {"RegionName": "ca-central-1"}}, GONE),
        ({"Update": {"RegionName": "ca-central-1", "TableClassOverride": "STANDARD"}}, GONE),
        ({}, "There are no actions specified in the Replica Update Action of the request."),
        (
            {"Update": {"RegionName": "eu-west-1"}},
            "There are no actions specified in the Replica Update Action of the request.",
        ),
        (
            {"Create": {"RegionName": "eu-west-2"}, "Delete": {"RegionName": "eu-west-1"}},
            "Update table operation with more than one type of replica actions not allowed.",
        ),
    ],
)
def test_replicas_that_cannot_be_are_refused(dynamodb: Any, update: dict[str, Any], message: str) -> None:
    make_table(dynamodb)
    dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])

    assert refusal(dynamodb.update_table, TableName="table", ReplicaUpdates=[update]) == (
        "ValidationException",
        message,
    )


def test_a_first_replica_brings_a_stream_that_stays(dynamodb: Any) -> None:
    make_table(dynamodb)
    assert refusal(dynamodb.describe_table_replica_auto_scaling, TableName="table") == (
        "ResourceNotFoundException",
        "Global table with name: 'table' does not exist.",
    )

    made = dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])

    both = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert made["TableDescription"]["StreamSpecification"] == both
    off = {"StreamEnabled": False}
    assert refusal(dynamodb.update_table, TableName="table", StreamSpecification=off)[1] == (
        f"{INVALID}Disabling Stream is not allowed for a Global Table replica."
    )
    dynamodb.update_table(TableName="table", ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    assert dynamodb.describe_table(TableName="table")["Table"]["StreamSpecification"] == both
    dynamodb.update_table(TableName="table", StreamSpecification=off)
    assert refusal(dynamodb.update_table, TableName="table", StreamSpecification=off)[1] == (
        "Table has no stream to disable: TableName: table"
    )


def test_kinesis_destinations_are_on_or_off(dynamodb: Any) -> None:
    make_table(dynamodb)
    stream = {"TableName": "table", "StreamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/stream"}
    told = "Table is not in a valid state to enable Kinesis Streaming Destination: "

    assert refusal(dynamodb.disable_kinesis_streaming_destination, **stream)[1] == (
        f"{told}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
    )
    dynamodb.enable_kinesis_streaming_destination(**stream)
    assert refusal(dynamodb.enable_kinesis_streaming_destination, **stream)[1] == (
        f"{told}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
    )
    update = dynamodb.update_kinesis_streaming_destination
    precision = "ApproximateCreationDateTimePrecision"
    assert "cannot be null or contain only null values" in refusal(update, **stream)[1]
    same = {precision: "MICROSECOND"}
    assert refusal(update, UpdateKinesisStreamingConfiguration=same, **stream)[1].startswith(
        "Invalid Request: Precision is already set to the desired value of MICROSECOND for tableId: "
    )
    update(UpdateKinesisStreamingConfiguration={precision: "MILLISECOND"}, **stream)


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "update_continuous_backups",
            {
                "TableName": "table",
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 5},
            },
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
        ),
        (
            "restore_table_to_point_in_time",
            {"TargetTableName": "new", "UseLatestRestorableTime": True},
            "Invalid Request: Must provide exactly one of: sourceTableArn, sourceTableName",
        ),
        (
            "restore_table_to_point_in_time",
            {"SourceTableName": "table", "TargetTableName": "new"},
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
        ),
        (
            "list_backups",
            {"TimeRangeLowerBound": 2, "TimeRangeUpperBound": 1},
            f"{INVALID}Time range lower bound must be less than or equal to upper bound",
        ),
        (
            "export_table_to_point_in_time",
            {"TableArn": ARN, "S3Bucket": "bucket", "S3SseKmsKeyId": "key"},
            "Invalid Request: KMS Key Id is not supported for this encryption type",
        ),
        (
            "export_table_to_point_in_time",
            {"TableArn": ARN, "S3Bucket": "bucket", "ExportType": "INCREMENTAL_EXPORT"},
            "Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification",
        ),
        (
            "import_table",
            {
                "S3BucketSource": {"S3Bucket": "bucket"},
                "InputFormat": "DYNAMODB_JSON",
                "InputFormatOptions": {"Csv": {"Delimiter": ";"}},
                "TableCreationParameters": {
                    "TableName": "new",
                    "KeySchema": KEYS,
                    "AttributeDefinitions": define("pk"),
                },
            },
            "Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON.",
        ),
        ("describe_backup", {"BackupArn": f"{ARN}/export/01"}, "Invalid Backup ARN"),
        ("describe_export", {"ExportArn": "x" * 40}, "Invalid Export ARN"),
        ("describe_import", {"ImportArn": f"{ARN}/backup/01"}, "Invalid Import ARN"),
        ("list_exports", {"NextToken": "x"}, "Invalid Request: Provided nextToken is invalid: x"),
        ("get_resource_policy", {"ResourceArn": "x"}, f"{INVALID}ARNs must start with 'arn:': x"),
        (
            "get_resource_policy",
            {"ResourceArn": f"{ARN}/index/by-g"},
            (
                f"{INVALID}Invalid resource arn provided, only table or stream is accepted. "
                f"Provided resource arn: {ARN}/index/by-g"
            ),
        ),
        (
            "put_resource_policy",
            {"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/table", "Policy": "{"},
            f"{INVALID}Invalid policy document: This policy contains invalid Json",
        ),
    ],
)
def test_what_keeps_a_table_is_asked_for_rightly(
    dynamodb: Any, operation: str, request_: dict[str, Any], message: str
) -> None:
    make_table(dynamodb)
    if operation.startswith(("restore", "export")):
        on = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName="table", PointInTimeRecoverySpecification=on)

    assert refusal(getattr(dynamodb, operation), **request_) == ("ValidationException", message)


OVERRIDE = "Invalid Request: Cannot override ProvisionedThroughput"


@pytest.mark.parametrize(
    ("options", "overrides", "message"),
    [
        (
            {},
            {"BillingModeOverride": "PROVISIONED"},
            "Invalid Request: Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
        ),
        (
            {},
            {"BillingModeOverride": "PROVISIONED", "ProvisionedThroughputOverride": ONE},
            "Invalid Request: Must specify provisioned throughput for index by-g",
        ),
        ({}, {"ProvisionedThroughputOverride": ONE}, f"{OVERRIDE} unless BillingMode is PROVISIONED"),
        (
            PROVISIONED,
            {"BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": ONE},
            f"{OVERRIDE} if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        (
            PROVISIONED,
            {"OnDemandThroughputOverride": capped(read=5)},
            (
                "Invalid Request: Cannot override MaxReadRequestUnits for OnDemandThroughput unless "
                "BillingModeOverride is PAY_PER_REQUEST"
            ),
        ),
    ],
)
def test_a_restore_fits_its_billing_mode(
    aws: AwsServer, dynamodb: Any, options: dict[str, Any], overrides: dict[str, Any], message: str
) -> None:
    by_g = index("by-g", "g") | ({"ProvisionedThroughput": ONE} if options else {})
    make_table(dynamodb, attributes={"g": "S"}, GlobalSecondaryIndexes=[by_g], **options)
    backup = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    aws.run_jobs()

    assert refusal(dynamodb.restore_table_from_backup, TargetTableName="new", BackupArn=backup, **overrides) == (
        "ValidationException",
        message,
    )


def test_a_table_is_restored_with_another_billing_mode(aws: AwsServer, dynamodb: Any) -> None:
    by_g = index("by-g", "g", ProvisionedThroughput=ONE)
    make_table(
        dynamodb,
        attributes={"g": "S"},
        GlobalSecondaryIndexes=[by_g],
        BillingMode="PROVISIONED",
        ProvisionedThroughput=ONE,
    )
    backup = dynamodb.create_backup(TableName="table", BackupName="backup")["BackupDetails"]["BackupArn"]
    aws.run_jobs()

    dynamodb.restore_table_from_backup(TargetTableName="new", BackupArn=backup, BillingModeOverride="PAY_PER_REQUEST")

    described = dynamodb.describe_table(TableName="new")["Table"]
    (restored,) = described["GlobalSecondaryIndexes"]
    for throughput in (described["ProvisionedThroughput"], restored["ProvisionedThroughput"]):
        assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (0, 0)
