"""Message attributes as one short text, for the store."""

import base64

import orjson

from homeport.aws.services.sqs.model.message import Attributes, AttributeValue


def encode(attributes: Attributes) -> bytes | None:
    """The attributes as JSON; None when there are none."""
    if not attributes:
        return None
    return orjson.dumps({name: _pair(value) for name, value in attributes.items()})


def _pair(value: AttributeValue) -> tuple[str, str]:
    if value["DataType"].startswith("Binary"):
        return value["DataType"], base64.b64encode(value["BinaryValue"]).decode()
    return value["DataType"], value["StringValue"]


def decode(content: bytes | None) -> dict[str, AttributeValue]:
    """The attributes again."""
    if content is None:
        return {}
    found: dict[str, list[str]] = orjson.loads(content)
    return {name: _value(pair[0], pair[1]) for name, pair in found.items()}


def _value(data_type: str, text: str) -> AttributeValue:
    if data_type.startswith("Binary"):
        return {"BinaryValue": base64.b64decode(text), "DataType": data_type}
    return {"StringValue": text, "DataType": data_type}
