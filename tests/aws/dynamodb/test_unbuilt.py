"""What Homeport does not do is refused by name; everything else that the wire model offers is read by somebody."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.dynamodb.forms import make_table

import homeport.aws.services.dynamodb as package
from homeport.aws.protocol.model import load_model
from homeport.aws.services.dynamodb.operations.unbuilt import UNBUILT

KEY = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
VECTORS = {
    "IndexName": "vectors",
    "VectorAttribute": {"AttributeName": "v"},
    "Dimensions": 3,
    "DistanceFunction": "COSINE",
    "Projection": {"ProjectionType": "ALL"},
}
GONE = {"RegionName": "eu-west-1", "DisassociationMode": "WAIT_FOR_REPLICATION"}
SCALING = {"MinimumUnits": 1, "MaximumUnits": 2}
SOURCE = {"S3BucketSource": {"S3Bucket": "nowhere"}, "InputFormat": "CSV"}
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/table"


@pytest.mark.parametrize(
    ("operation", "member", "request_"),
    [
        ("create_table", "VectorIndexes", {"TableName": "new", **KEY, "VectorIndexes": [VECTORS]}),
        ("create_table", "GlobalTableSourceArn", {"TableName": "new", **KEY, "GlobalTableSourceArn": ARN}),
        ("update_table", "VectorIndexUpdates", {"TableName": "table", "VectorIndexUpdates": [{"Create": VECTORS}]}),
        (
            "update_table",
            "GlobalTableWitnessUpdates",
            {"TableName": "table", "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "eu-west-1"}}]},
        ),
        (
            "update_table",
            "ReplicaUpdates.Disassociate",
            {"TableName": "table", "ReplicaUpdates": [{"Disassociate": GONE}]},
        ),
        (
            "import_table",
            "TableCreationParameters.VectorIndexes",
            {**SOURCE, "TableCreationParameters": {"TableName": "new", **KEY, "VectorIndexes": [VECTORS]}},
        ),
        (
            "restore_table_to_point_in_time",
            "VectorIndexOverride",
            {"SourceTableName": "table", "TargetTableName": "new", "VectorIndexOverride": [VECTORS]},
        ),
        (
            "export_table_to_point_in_time",
            "FilterSpecification",
            {"TableArn": ARN, "S3Bucket": "nowhere", "FilterSpecification": {"FilterExpression": "a = b"}},
        ),
        (
            "update_table_replica_auto_scaling",
            "GlobalSecondaryIndexUpdates",
            {"TableName": "table", "GlobalSecondaryIndexUpdates": [{"IndexName": "index"}]},
        ),
        (
            "update_global_table_settings",
            "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate",
            {
                "GlobalTableName": "table",
                "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate": SCALING,
            },
        ),
    ],
)
def test_a_member_that_is_not_built_is_named_and_nothing_is_done(
    dynamodb: Any, operation: str, member: str, request_: dict[str, Any]
) -> None:
    make_table(dynamodb)

    with pytest.raises(ClientError) as caught:
        getattr(dynamodb, operation)(**request_)

    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (501, "NotImplemented")
    assert f" with {member} of DynamoDB" in answer["Error"]["Message"]
    assert dynamodb.list_tables()["TableNames"] == ["table"]


def test_a_member_that_asks_for_nothing_is_no_reason_to_refuse(dynamodb: Any) -> None:
    made = dynamodb.create_table(TableName="new", **KEY, VectorIndexes=[])

    assert made["TableDescription"]["TableName"] == "new"


WITHOUT_EFFECT = {
    "PutResourcePolicy.ConfirmRemoveSelfResourceAccess": "a table's own account can always mend its policy",
    "DisableKinesisStreamingDestination.EnableKinesisStreamingConfiguration": "what is switched off needs no precision",
}
KEPT_WHOLE = frozenset(
    {
        *("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "OnDemandThroughput", "OnDemandThroughputOverride"),
        *("ProvisionedWriteCapacityAutoScalingUpdate", "ReplicaProvisionedReadCapacityAutoScalingUpdate"),
        "UpdateKinesisStreamingConfiguration",
    }
)
"""Structures that are kept and told as they come, so that nobody names what is inside of them."""


def members(operation: str, shape: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member of an operation's input, by its way through the structures."""
    model = load_model("dynamodb" if operation not in load_model("dynamodbstreams").operations else "dynamodbstreams")
    shape = model.shapes[shape["shape"]] if "shape" in shape else shape
    if shape["type"] == "list":
        yield from members(operation, shape["member"], path)
    elif shape["type"] == "map":
        yield from members(operation, shape["value"], path)
    elif shape["type"] == "structure" and "NULL" not in shape["members"]:
        for name, inner in shape["members"].items():
            yield (*path, name)
            if name not in KEPT_WHOLE:
                yield from members(operation, inner, (*path, name))


def named() -> set[str]:
    """Every text in the service's code."""
    found: set[str] = set()
    for file in Path(package.__file__).parent.rglob("*.py"):
        if file.name != "unbuilt.py":
            nodes = ast.walk(ast.parse(file.read_text()))
            found |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found


def test_no_member_of_the_model_is_passed_over_in_silence() -> None:
    read = named()
    refused = {(name, *path.split(".")) for name, paths in UNBUILT.items() for path in paths}
    silent = []
    for service, state in (("dynamodb", package.SERVICE), ("dynamodbstreams", None)):
        model = load_model(service)
        for name, operation in model.operations.items():
            if state is not None and name not in state.operations:
                continue
            for path in members(name, operation.input):
                whole = (name, *path)
                if any(whole[: len(each)] == each for each in refused) or ".".join(whole) in WITHOUT_EFFECT:
                    continue
                if path[-1] not in read:
                    silent.append(".".join(whole))
    assert silent == []
