"""Kinesis destinations of tables, which are kept and told, and get nothing."""

from typing import Final

from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.operations.configuration import change_table
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.operations.tables import NameRequest
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import tables
from homeport.kernel.storage.database import Tx

_PRECISION: Final = "ApproximateCreationDateTimePrecision"
_NOT_VALID: Final = "Table is not in a valid state to enable Kinesis Streaming Destination: "


class KinesisRequest(NameRequest, total=False):
    """The parameters of the operations on Kinesis destinations."""

    StreamArn: str
    EnableKinesisStreamingConfiguration: dict[str, str]
    UpdateKinesisStreamingConfiguration: dict[str, str]


def _destinations(table: Table) -> list[dict[str, object]]:
    return table.settings.get("Kinesis", [])


async def enable_kinesis_streaming_destination(dynamodb: DynamoDb, call: Call, request: KinesisRequest) -> Result:
    """Note a stream of Kinesis as a destination.

    Spec: DynamoDB API reference, EnableKinesisStreamingDestination.
    """
    precision = request.get("EnableKinesisStreamingConfiguration", {}).get(_PRECISION, "MICROSECOND")

    def enable(tx: Tx, table: Table) -> None:
        present = [each for each in _destinations(table) if each["DestinationStatus"] == "ACTIVE"]
        if any(each["StreamArn"] == request["StreamArn"] for each in present):
            raise ValidationException(
                f"{_NOT_VALID}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE "
                "operation."
            )
        destination: dict[str, object] = {
            "StreamArn": request["StreamArn"],
            "DestinationStatus": "ACTIVE",
            _PRECISION: precision,
        }
        others = [each for each in _destinations(table) if each["StreamArn"] != request["StreamArn"]]
        table.settings["Kinesis"] = [*others, destination]
        tables.save(tx, table.id, table.settings)

    table = await change_table(dynamodb, call, request["TableName"], enable)
    result: Result = {"TableName": table.name, "StreamArn": request["StreamArn"], "DestinationStatus": "ENABLING"}
    if "EnableKinesisStreamingConfiguration" in request:
        result["EnableKinesisStreamingConfiguration"] = {_PRECISION: precision}
    return result


async def disable_kinesis_streaming_destination(dynamodb: DynamoDb, call: Call, request: KinesisRequest) -> Result:
    """Turn a destination off.

    Spec: DynamoDB API reference, DisableKinesisStreamingDestination.
    """

    def disable(tx: Tx, table: Table) -> None:
        destination = _destination(table, request["StreamArn"])
        if destination is None:
            raise ValidationException(
                f"{_NOT_VALID}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
            )
        destination["DestinationStatus"] = "DISABLED"
        tables.save(tx, table.id, table.settings)

    table = await change_table(dynamodb, call, request["TableName"], disable)
    return {"TableName": table.name, "StreamArn": request["StreamArn"], "DestinationStatus": "DISABLING"}


async def update_kinesis_streaming_destination(dynamodb: DynamoDb, call: Call, request: KinesisRequest) -> Result:
    """Change how precisely a destination tells times.

    Spec: DynamoDB API reference, UpdateKinesisStreamingDestination.
    """
    configuration = request.get("UpdateKinesisStreamingConfiguration", {})
    if not configuration:
        raise ValidationException(
            "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration "
            "cannot be null or contain only null values"
        )

    def update(tx: Tx, table: Table) -> None:
        destination = _destination(table, request["StreamArn"])
        if destination is None:
            raise ValidationException(
                f"{_NOT_VALID}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
                f"TableName: {table.name}, kdsArn: {request['StreamArn']}"
            )
        if destination[_PRECISION] == configuration[_PRECISION]:
            raise ValidationException(
                f"Invalid Request: Precision is already set to the desired value of {configuration[_PRECISION]} for "
                f"tableId: {table.settings['TableId']}, kdsArn: {request['StreamArn']}"
            )
        destination.update(configuration)
        tables.save(tx, table.id, table.settings)

    table = await change_table(dynamodb, call, request["TableName"], update)
    return {
        "TableName": table.name,
        "StreamArn": request["StreamArn"],
        "DestinationStatus": "UPDATING",
        "UpdateKinesisStreamingConfiguration": configuration,
    }


def _destination(table: Table, arn: str) -> dict[str, object] | None:
    for destination in _destinations(table):
        if destination["StreamArn"] == arn and destination["DestinationStatus"] == "ACTIVE":
            return destination
    return None


async def describe_kinesis_streaming_destination(dynamodb: DynamoDb, call: Call, request: KinesisRequest) -> Result:
    """Tell a table's destinations.

    Spec: DynamoDB API reference, DescribeKinesisStreamingDestination.
    """
    table = await dynamodb.described_table(call, request["TableName"])
    return {"TableName": table.name, "KinesisDataStreamDestinations": _destinations(table)}
