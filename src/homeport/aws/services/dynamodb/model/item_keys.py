"""The keys of items: what an item or a `Key` must have to have one, and where it puts the item in table and indexes."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model import keys
from homeport.aws.services.dynamodb.model.schema import Index, KeyAttribute, Table
from homeport.aws.services.dynamodb.model.values import Item, Value, kind, text_of

MAX_HASH_BYTES = 2048
MAX_RANGE_BYTES = 1024
NO_MATCH = "The provided key element does not match the schema"
_KIND_NAMES = {"S": "string", "B": "binary"}


class EmptyKey(ValidationException):
    """A key attribute is empty: what a transaction refuses at once, where other misfits cancel it."""


def key_of_item(table: Table, item: Item) -> bytes:
    """The key of a whole item.

    Raises:
        ValidationException: a key attribute is missing, of another type, empty or too large.
    """
    parts = []
    for key in table.keys:
        value = item.get(key.name)
        if value is None:
            raise ValidationException(f"{INVALID}Missing the key {key.name} in the item")
        if key.type not in value:
            raise ValidationException(
                f"{INVALID}Type mismatch for key {key.name} expected: {key.type} actual: {kind(value)}"
            )
        parts.append(_part(key, value))
    return _table_key(parts)


def key_of_key(table: Table, key: Mapping[str, Value]) -> bytes:
    """The key that a request's `Key` names.

    Raises:
        ValidationException: it is not exactly the table's key attributes, or one is empty or too large.
    """
    wanted = table.keys
    if len(key) != len(wanted):
        raise ValidationException(NO_MATCH)
    parts = []
    for attribute in wanted:
        value = key.get(attribute.name)
        if value is None or attribute.type not in value:
            raise ValidationException(NO_MATCH)
        parts.append(_part(attribute, value))
    return _table_key(parts)


def _part(key: KeyAttribute, value: Value) -> bytes:
    part = keys.scalar_bytes(value)
    if not part:
        refuse_empty(key)
    return part


def refuse_empty(key: KeyAttribute) -> NoReturn:
    """Say that a key attribute may not be empty."""
    raise EmptyKey(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        f"{_KIND_NAMES[key.type]} value. Key: {key.name}"
    )


def _table_key(parts: Sequence[bytes]) -> bytes:
    if len(parts[0]) > MAX_HASH_BYTES:
        raise _hash_too_large()
    if len(parts) == 1:
        return keys.partition(parts)
    if len(parts[1]) > MAX_RANGE_BYTES:
        raise _range_too_large()
    return keys.partition(parts[:1]) + parts[1]


def _hash_too_large() -> ValidationException:
    return ValidationException(f"{INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes")


def _range_too_large() -> ValidationException:
    return ValidationException(f"{INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes")


def check_index_keys(table: Table, item: Item) -> None:
    """Refuse an item that one of the table's indexes cannot hold.

    Raises:
        ValidationException: an attribute that is an index's key is of another type, empty or too large.
    """
    for key, index in table.index_keys:
        value = item.get(key.name)
        if value is not None:
            check_index_key(key, index, value)


def check_updated_index_key(key: KeyAttribute, index: Index, value: Value) -> None:
    """The same, for an attribute that an update has set."""
    if key.type in value and not keys.scalar_bytes(value):
        raise EmptyKey(
            "One or more parameter values are not valid. The update expression attempted to update a secondary index "
            "key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty "
            f"{_KIND_NAMES[key.type]} value."
        )
    check_index_key(key, index, value)


def check_index_key(key: KeyAttribute, index: Index, value: Value) -> None:
    """The same, for one attribute."""
    if key.type not in value:
        raise ValidationException(
            f"{INVALID}Type mismatch for Index Key {key.name} Expected: {key.type} Actual: {kind(value)} "
            f"IndexName: {index.name}"
        )
    part = keys.scalar_bytes(value)
    if not part:
        raise EmptyKey(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
            f"The AttributeValue for a key attribute cannot contain an empty {_KIND_NAMES[key.type]} value. "
            f"IndexName: {index.name}, IndexKey: {key.name}"
        )
    if key in index.hash and len(part) > MAX_HASH_BYTES:
        raise _hash_too_large()
    if key in index.range and len(part) > MAX_RANGE_BYTES:
        raise _range_too_large()


def index_entry(index: Index, item: Item, table_key: bytes) -> bytes | None:
    """Where an item stands in an index; None if it lacks one of the index's key attributes."""
    hashes = _parts(index.hash, item)
    ranges = _parts(index.range, item)
    if hashes is None or ranges is None:
        return None
    return keys.partition(hashes) + b"".join(map(keys.terminated, ranges)) + table_key


def _parts(attributes: Sequence[KeyAttribute], item: Item) -> list[bytes] | None:
    parts = []
    for attribute in attributes:
        value = item.get(attribute.name)
        if value is None or attribute.type not in value:
            return None
        parts.append(keys.scalar_bytes(value))
    return parts


def expiry_entry(attribute: str, item: Item, table_key: bytes) -> bytes | None:
    """Where an item stands in the order of ends; None if it has none that DynamoDB would look at.

    DynamoDB developer guide, "Time to Live": seconds since 1970 in a Number; whole seconds count.
    """
    value = item.get(attribute)
    if value is None or "N" not in value:
        return None
    seconds = int(text_of(value).partition(".")[0])
    if not 0 < seconds < 1 << 63:
        return None
    return seconds.to_bytes(8) + table_key
