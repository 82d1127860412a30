"""Tables as tests want them, and what refusals say."""

from collections.abc import Iterator
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
    match value:
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case int() | float():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case set():
            kinds = {"SS" if isinstance(member, str) else "NS" for member in value}
            return {kinds.pop(): sorted(map(str, value))}
        case list():
            return {"L": [wire(element) for element in value]}
        case dict():
            return {"M": item(**value)}
    raise AssertionError(value)


def item(**attributes: Any) -> dict[str, Any]:
    """An item of Python values."""
    return {name: wire(value) for name, value in attributes.items()}


def plain(value: dict[str, Any]) -> Any:
    """An attribute value as a Python value."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "L":
            return [plain(element) for element in content]
        case "M":
            return {name: plain(field) for name, field in content.items()}
        case "SS":
            return set(content)
        case "NS":
            return {int(member) for member in content}
        case "NULL":
            return None
    return content


def plain_item(found: dict[str, Any]) -> dict[str, Any]:
    """An item as Python values."""
    return {name: plain(value) for name, value in found.items()}


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
