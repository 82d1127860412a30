"""What requests have in common: expressions with their placeholders, and the parameters from before expressions."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypedDict, cast

from homeport.aws.services.dynamodb.errors import ValidationException
from homeport.aws.services.dynamodb.model.checking import NameTooLarge, check_value
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition, compile_text
from homeport.aws.services.dynamodb.model.expressions.projections import (
    CompiledProjection,
    compile_projection,
    project_names,
)
from homeport.aws.services.dynamodb.model.legacy import LegacyCondition, LegacyUpdate, check_expected, compile_legacy
from homeport.aws.services.dynamodb.model.values import Item, Value

_NAME: Final = re.compile(r"#[0-9A-Za-z_]+", re.ASCII)
_VALUE: Final = re.compile(r":[0-9A-Za-z_]+", re.ASCII)
_NO_VALUES: Final[Mapping[str, Value]] = {}
_NO_NAMES: Final[Mapping[str, str]] = {}


class ItemRequest(TypedDict, total=False):
    """The parameters of every operation that reads or writes single items, and of the elements of transactions."""

    TableName: str
    Item: Item
    Key: Item
    Expected: dict[str, LegacyCondition]
    ConditionalOperator: str
    AttributeUpdates: dict[str, LegacyUpdate]
    AttributesToGet: list[str]
    ConditionExpression: str
    UpdateExpression: str
    ProjectionExpression: str
    FilterExpression: str
    KeyConditionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: dict[str, Value]
    KeyConditions: dict[str, LegacyCondition]
    QueryFilter: dict[str, LegacyCondition]
    ScanFilter: dict[str, LegacyCondition]
    ReturnValues: str
    ReturnConsumedCapacity: str
    ReturnItemCollectionMetrics: str
    ReturnValuesOnConditionCheckFailure: str
    ConsistentRead: bool
    ExclusiveStartKey: Item
    IndexName: str
    Limit: int
    ScanIndexForward: bool
    Segment: int
    Select: str
    TotalSegments: int


Present = Mapping[str, object]


def check_styles(request: ItemRequest, expressions: Sequence[str], legacy: Sequence[str]) -> None:
    """Refuse a mixture of expressions and the parameters that they have replaced, and placeholders without them.

    Args:
        request: as it came.
        expressions: the operation's expression parameters, in the order of messages.
        legacy: its older parameters, in the order of messages.
    """
    present = cast("Present", request)
    used = [name for name in expressions if name in present]
    if used:
        old = [name for name in legacy if name in present and not _is_lone_key_conditions(name, used)]
        if old:
            raise ValidationException(
                "Can not use both expression and non-expression parameters in the same request: "
                f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(used)}}}"
            )
    elif "ExpressionAttributeNames" in present:
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    with_values = [name for name in expressions if name != "ProjectionExpression"]
    if "ExpressionAttributeValues" in present and not any(name in present for name in with_values):
        verb = "are" if len(with_values) > 1 else "is"
        raise ValidationException(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(with_values)} {verb} null"
        )


def _is_lone_key_conditions(name: str, used: Collection[str]) -> bool:
    return name == "KeyConditions" and "KeyConditionExpression" not in used


class Placeholders:
    """The names and values of a request, and which of them its expressions use; `size` is the values' in bytes."""

    __slots__ = ("_names_used", "_values_used", "names", "size", "values")

    def __init__(self, request: ItemRequest) -> None:
        self.names = request.get("ExpressionAttributeNames", _NO_NAMES)
        self.values = request.get("ExpressionAttributeValues", _NO_VALUES)
        self._names_used: set[str] = set()
        self._values_used: set[str] = set()
        self.size = 0
        if "ExpressionAttributeNames" in request:
            _check_keys("ExpressionAttributeNames", self.names, _NAME)
        if "ExpressionAttributeValues" in request:
            _check_keys("ExpressionAttributeValues", self.values, _VALUE)
            self._check_values()

    def _check_values(self) -> None:
        for key, value in self.values.items():
            try:
                self.size += check_value(value)
            except NameTooLarge:
                raise
            except ValidationException as error:
                raise ValidationException(
                    f"ExpressionAttributeValues contains invalid value: {error.message} for key {key}"
                ) from error

    def used(self, names: Collection[str], values: Collection[str] = ()) -> None:
        """Note what an expression uses."""
        self._names_used.update(names)
        self._values_used.update(values)

    def condition(self, text: str, label: str) -> CompiledCondition:
        """Compile a condition, a filter or a key condition."""
        compiled = compile_text(text, label, self.names, self.values)
        self.used(compiled.names_used, compiled.values_used)
        return compiled

    def projection(self, text: str) -> CompiledProjection:
        """Compile a projection."""
        compiled = compile_projection(text, self.names)
        self.used(compiled.names_used)
        return compiled

    def check_all_used(self) -> None:
        """Refuse placeholders that no expression mentions.

        Raises:
            ValidationException: there are some.
        """
        for kind, given, used in (
            ("Names", self.names, self._names_used),
            ("Values", self.values, self._values_used),
        ):
            if len(given) > len(used):
                unused = ", ".join(key for key in given if key not in used)
                raise ValidationException(
                    f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{unused}}}"
                )


def _check_keys(parameter: str, given: Mapping[str, object], form: re.Pattern[str]) -> None:
    if not given:
        raise ValidationException(f"{parameter} must not be empty")
    for key in given:
        if form.fullmatch(key) is None:
            raise ValidationException(f'{parameter} contains invalid key: Syntax error; key: "{key}"')


def read_condition(request: ItemRequest, placeholders: Placeholders) -> CompiledCondition | None:
    """`ConditionExpression`, or `Expected`."""
    text = request.get("ConditionExpression")
    if text is not None:
        return placeholders.condition(text, "ConditionExpression")
    expected = request.get("Expected")
    if not expected:
        return None
    operator = request.get("ConditionalOperator", "AND")
    return compile_legacy(expected, operator, "ConditionExpression")


def check_legacy_condition(request: ItemRequest) -> None:
    """Check `Expected` and its `ConditionalOperator`."""
    expected = request.get("Expected")
    if expected:
        check_expected(expected)
    elif "ConditionalOperator" in request and "ConditionExpression" not in request:
        raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")


def read_projection(request: ItemRequest, placeholders: Placeholders) -> CompiledProjection | None:
    """`ProjectionExpression`, or `AttributesToGet`."""
    text = request.get("ProjectionExpression")
    if text is not None:
        return placeholders.projection(text)
    return read_names(request)


def read_names(request: ItemRequest) -> CompiledProjection | None:
    """`AttributesToGet`."""
    names = request.get("AttributesToGet")
    return None if names is None else project_names(names)


def check_attributes_to_get(request: ItemRequest) -> None:
    """Refuse a name that is there twice."""
    seen: set[str] = set()
    for name in request.get("AttributesToGet", ()):
        if name in seen:
            raise ValidationException(
                f"One or more parameter values were invalid: Duplicate value in attribute name: {name}"
            )
        seen.add(name)
