"""Tables as tests want them, and what refusals say."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError


def make_table(dynamodb: Any, name: str = "table", *, sort: str = "", **options: Any) -> str:
    """A table with the partition key `pk`, and the sort key `sk` of a type if one is given; its ARN."""
    attributes = {"pk": "S"} | ({"sk": sort} if sort else {}) | options.pop("attributes", {})
    roles = [("pk", "HASH")] + ([("sk", "RANGE")] if sort else [])
    options.setdefault("BillingMode", "PAY_PER_REQUEST")
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": attribute, "KeyType": role} for attribute, role in roles],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in attributes.items()],
        **options,
    )
    arn: str = made["TableDescription"]["TableArn"]
    return arn


def index(name: str, *keys: str, projection: str = "ALL", hashes: int = 1, **options: Any) -> dict[str, Any]:
    """A secondary index: `hashes` partition key attributes, and behind them the sort key's."""
    roles = ["HASH"] * hashes + ["RANGE"] * (len(keys) - hashes)
    shown: dict[str, Any] = {"ProjectionType": projection}
    if "include" in options:
        shown["NonKeyAttributes"] = options.pop("include")
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in zip(keys, roles, strict=True)],
        "Projection": shown,
        **options,
    }


def wire(value: Any) -> dict[str, Any]:
    """A Python value as an attribute value."""
    return next(make(value) for kind, make in _MAKERS if isinstance(value, kind))


_MAKERS: tuple[tuple[Any, Callable[[Any], dict[str, Any]]], ...] = (
    (bool, lambda value: {"BOOL": value}),
    (type(None), lambda _: {"NULL": True}),
    ((int, float), lambda value: {"N": str(value)}),
    (str, lambda value: {"S": value}),
    (bytes, lambda value: {"B": value}),
    (set, lambda value: {"SS" if all(isinstance(each, str) for each in value) else "NS": sorted(map(str, value))}),
    (list, lambda value: {"L": [wire(element) for element in value]}),
    (dict, lambda value: {"M": item(**value)}),
)


def item(**attributes: Any) -> dict[str, Any]:
    """An item of Python values."""
    return {name: wire(value) for name, value in attributes.items()}


def plain(value: dict[str, Any]) -> Any:
    """An attribute value as a Python value."""
    ((kind, content),) = value.items()
    return _READERS.get(kind, lambda same: same)(content)


def plain_item(found: dict[str, Any]) -> dict[str, Any]:
    """An item as Python values."""
    return {name: plain(value) for name, value in found.items()}


_READERS: dict[str, Callable[[Any], Any]] = {
    "N": lambda text: int(text) if text.lstrip("-").isdigit() else float(text),
    "L": lambda elements: [plain(element) for element in elements],
    "M": plain_item,
    "SS": set,
    "NS": lambda members: {int(member) for member in members},
    "NULL": lambda _: None,
}


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the error that a call meets."""
    error = refused(call, **request)["Error"]
    return error["Code"], error["Message"]


def refused(call: Any, **request: Any) -> dict[str, Any]:
    """The whole answer of a call that meets an error."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    response: dict[str, Any] = dict(caught.value.response)
    return response


def pages(call: Any, **request: Any) -> Iterator[dict[str, Any]]:
    """All pages of a query or a scan."""
    start: dict[str, Any] = {}
    while True:
        page = call(**request, **start)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
