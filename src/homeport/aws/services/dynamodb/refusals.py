"""What DynamoDB says of requests that break its model's constraints: nearly always all of it in one message."""

from collections.abc import Mapping, Sequence
from typing import Final

from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.checking import NameTooLarge
from homeport.aws.services.dynamodb.model.values import MAX_NAME_BYTES

_OF_TABLES: Final = frozenset({"CreateTable", "DeleteTable", "DescribeTable", "UpdateTable"})
"""Operations that ask for a table's name before they look at anything else."""

_TOLD: Final = 10


def refuse(operation: str, violations: Sequence[Violation]) -> AwsError:
    """The error for everything that a request has broken; ranges are told without the value."""
    alone = next((told for violation in violations if (told := _alone(operation, violation))), None)
    if alone is not None:
        return ValidationException(alone)
    sentences = "; ".join(_sentence(violation) for violation in violations[:_TOLD])
    count = len(violations)
    return ValidationException(f"{count} validation error{'s' if count > 1 else ''} detected: {sentences}")


def _alone(operation: str, violation: Violation) -> str | None:
    """The message of what AWS tells by itself, whatever else is wrong."""
    if violation.path == "tableName" and violation.kind == "required" and operation in _OF_TABLES:
        return "The parameter 'TableName' is required but was not present in the request"
    if violation.path == "requestItems" and violation.value in {None, "{}"}:
        return f"The requestItems parameter is required for {operation}"
    if violation.kind == "length" and violation.constraint.endswith(f" {MAX_NAME_BYTES}"):
        return NameTooLarge().message
    return None


def _sentence(violation: Violation) -> str:
    if violation.kind == "range":
        return f"Value at '{violation.member}' failed to satisfy constraint: {violation.constraint}"
    if violation.kind == "enum":
        return _in_aws_order(violation.sentence)
    if violation.member == "RequestItems" and violation.path.endswith(".member") and violation.kind == "length":
        return _of_batch(violation)
    return violation.sentence


def _of_batch(violation: Violation) -> str:
    """The list of one table's writes is a value of a map, and told as such."""
    table = violation.path.removeprefix("requestItems.").removesuffix(".member")
    shown = Violation("requestItems", violation.member, f"{{{table}={violation.value}}}", _BATCH_LENGTHS, "length")
    return shown.sentence


_BATCH_LENGTHS: Final = (
    "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
    "Member must have length greater than or equal to 1]"
)


def _in_aws_order(sentence: str) -> str:
    """AWS lists the values of some enumerations in another order than its model does."""
    head, opening, values = sentence.rpartition("[")
    known = _ENUM_ORDERS.get(frozenset(values.removesuffix("]").split(", ")))
    return sentence if known is None else f"{head}{opening}{', '.join(known)}]"


_ENUM_ORDERS: Mapping[frozenset[str], Sequence[str]] = {
    frozenset(order): order
    for order in (
        ("B", "N", "S"),
        ("INDEXES", "TOTAL", "NONE"),
        ("SIZE", "NONE"),
        ("OR", "AND"),
        ("PROVISIONED", "PAY_PER_REQUEST"),
        ("ALL", "INCLUDE", "KEYS_ONLY"),
        ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
        ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
        (
            *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH"),
            *("GE", "CONTAINS"),
        ),
    )
}
