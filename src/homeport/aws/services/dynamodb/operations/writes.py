"""One write of one item, whoever asks for it: an operation of its own, a batch, a transaction, or PartiQL."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

import orjson

from homeport.aws.services.dynamodb.errors import INVALID, ConditionalCheckFailedException, ValidationException
from homeport.aws.services.dynamodb.model.checking import check_item, check_nesting
from homeport.aws.services.dynamodb.model.expressions.apply import CompiledUpdate, compile_actions, compile_update
from homeport.aws.services.dynamodb.model.expressions.changes import WRONG_TYPE
from homeport.aws.services.dynamodb.model.expressions.evaluate import CompiledCondition
from homeport.aws.services.dynamodb.model.item_keys import (
    check_index_keys,
    check_updated_index_key,
    key_of_item,
    key_of_key,
)
from homeport.aws.services.dynamodb.model.legacy import TYPE_MISMATCH, check_updates, update_actions
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.model.values import MAX_ITEM_BYTES, Item, Value, text_bytes, value_size
from homeport.aws.services.dynamodb.operations.parameters import (
    ItemRequest,
    Placeholders,
    check_legacy_condition,
    read_condition,
)
from homeport.aws.services.dynamodb.store import items
from homeport.aws.services.dynamodb.store.items import Row
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

Kind = Literal["put", "update", "delete", "check"]

LARGE_BYTES: Final = 1 << 16
"""To check so much takes about a millisecond."""

_NOTHING: Final[Item] = {}
_NEARLY_TOO_LARGE: Final = MAX_ITEM_BYTES - 8192


@dataclass(slots=True)
class Write:
    """What is to be done to one item, checked as far as that is possible without its table.

    Attributes:
        item: the whole item of a put, the key of everything else.
        size: bytes of a put's item.
        blob: a large put's item as JSON.
        effort: bytes that had to be looked into.
        legacy: whether the update came as `AttributeUpdates`, whose errors have words of their own.
        alone: whether it is an UpdateItem, which limits what is written in its own way.
    """

    kind: Kind
    item: Item
    size: int = 0
    blob: bytes | None = None
    effort: int = 0
    condition: CompiledCondition | None = None
    update: CompiledUpdate | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    return_on_failure: bool = False
    legacy: bool = False
    alone: bool = False


@dataclass(slots=True)
class Outcome:
    """What a write has found and left.

    Attributes:
        old: what was there.
        blob: the JSON of what is there now; None if nothing is.
        item: the same, where the write had it at hand.
        size: its bytes.
    """

    old: Row | None
    blob: bytes | None = None
    item: Item | None = None
    size: int = 0


def put_of(item: Item) -> Write:
    """Check the item of a put."""
    size = check_item(item)
    if size > MAX_ITEM_BYTES:
        raise ValidationException("Item size has exceeded the maximum allowed size")
    # What is large is read in a thread, where it holds up fewer than in the transaction.
    return Write("put", item, size, orjson.dumps(item) if size > LARGE_BYTES else None, effort=size)


def read_put(request: ItemRequest) -> Write:
    """Check a put's parameters."""
    write = put_of(request["Item"])
    _read_condition(request, write)
    return write


Element = TypeVar("Element")


async def read_in_time(elements: Sequence[Element], read: Callable[[Element], Write]) -> list[Write]:
    """Check several writes, in order: little of them at once, much in a thread, so that it holds up nobody else."""
    writes: list[Write] = []
    effort = 0
    left = iter(elements)
    for element in left:
        writes.append(read(element))
        effort += writes[-1].effort
        if effort > LARGE_BYTES:
            break
    return writes + await asyncio.to_thread(lambda: list(map(read, left))) if effort > LARGE_BYTES else writes


def read_delete(request: ItemRequest, kind: Kind = "delete") -> Write:
    """Check the parameters of a delete, or of a transaction's condition check."""
    check_item(request["Key"])
    write = Write(kind, request["Key"])
    _read_condition(request, write)
    return write


def _read_condition(request: ItemRequest, write: Write) -> None:
    write.return_on_failure = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    check_legacy_condition(request)
    if "ConditionExpression" in request or "Expected" in request:
        placeholders = Placeholders(request)
        write.condition = read_condition(request, placeholders)
        write.values = placeholders.values
        write.effort += placeholders.size
        placeholders.check_all_used()


def read_update(request: ItemRequest) -> Write:
    """Check an update's parameters."""
    check_item(request["Key"])
    updates = request.get("AttributeUpdates", {})
    check_updates(updates)
    check_legacy_condition(request)
    placeholders = Placeholders(request)
    write = Write("update", request["Key"], values=placeholders.values, legacy=bool(updates), effort=placeholders.size)
    text = request.get("UpdateExpression")
    if text is not None:
        write.update = compile_update(text, placeholders.names, placeholders.values)
        placeholders.used(write.update.names_used, write.update.values_used)
    elif updates:
        write.update = compile_actions(update_actions(updates), {}, {}, reserved=False)
    write.return_on_failure = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    write.condition = read_condition(request, placeholders)
    placeholders.check_all_used()
    return write


def place(write: Write, table: Table) -> bytes:
    """The key of the written item, after the checks that need its table.

    Raises:
        ValidationException: the item or the update does not fit table and indexes.
    """
    if write.condition is not None and write.condition.nested:
        check_nested(table, write.condition.nested)
    if write.kind == "put":
        key = key_of_item(table, write.item)
        if table.indexes:
            check_index_keys(table, write.item)
        return key
    key = key_of_key(table, write.item)
    if write.update is not None:
        _check_update(write.update, table)
    return key


def check_nested(table: Table, nested: frozenset[str]) -> None:
    """Refuse document paths that begin at a key attribute, of the table or of an index."""
    message = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    for attribute in table.keys:
        if attribute.name in nested:
            raise ValidationException(f"{message}Key: {attribute.name}")
    for attribute, _ in table.index_keys:
        if attribute.name in nested:
            raise ValidationException(f"{message}IndexKey: {attribute.name}")


def _check_update(update: CompiledUpdate, table: Table) -> None:
    heads = {str(path[0]) for path in update.paths}
    for attribute in table.keys:
        if attribute.name in heads:
            raise ValidationException(
                f"{INVALID}Cannot update attribute {attribute.name}. This attribute is part of the key"
            )
    if not table.indexes:
        return
    static = dict(update.set_types)
    for attribute, index in table.index_keys:
        given = static.get(attribute.name)
        if given is not None and given != attribute.type:
            raise ValidationException(
                f"{INVALID}Type mismatch for Index Key {attribute.name} Expected: {attribute.type} "
                f"Actual: {given} IndexName: {index.name}"
            )
        if attribute.name in update.nested:
            raise ValidationException(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"IndexKey: {attribute.name}"
            )


def perform(tx: Tx, table: Table, key: bytes, write: Write, at: Millis) -> Outcome:
    """Do a write, if its condition holds.

    Raises:
        ConditionalCheckFailedException: it does not.
        ValidationException: the update cannot be done to what is there, or its result is too large.
    """
    old = items.find(tx, table.data_id, key)
    if write.condition is not None:
        before = _NOTHING if old is None else old.item()
        if not write.condition.test(before, write.values):
            shown = before if write.return_on_failure and old is not None else None
            raise ConditionalCheckFailedException(shown)
    if write.kind == "put":
        blob = items.put(tx, table, key, write.item, write.size, old, at, write.blob)
        return Outcome(old, blob, write.item, write.size)
    if write.kind == "update":
        return _update(tx, table, key, write, old, at)
    if write.kind == "delete":
        if old is not None:
            items.delete(tx, table, key, old, at)
        return Outcome(old)
    return Outcome(old, None if old is None else old.blob, size=0 if old is None else old.size)


def _update(tx: Tx, table: Table, key: bytes, write: Write, old: Row | None, at: Millis) -> Outcome:
    item = dict(write.item) if old is None else old.item()
    size = check_item(item) if old is None else old.size
    if write.update is not None:
        size += _change(table, item, write.update, write)
        if old is None and write.update.only_takes:
            return Outcome(None)
    if size > MAX_ITEM_BYTES or (write.alone and size > _NEARLY_TOO_LARGE and _writes_too_much(item, write)):
        raise ValidationException("Item size to update has exceeded the maximum allowed size")
    blob = items.put(tx, table, key, item, size, old, at)
    return Outcome(old, blob, item, size)


def _writes_too_much(item: Item, write: Write) -> bool:
    """UpdateItem also counts what it writes, and something for each clause."""
    if write.update is None:
        return False
    heads = {str(path[0]) for path in write.update.paths}
    return sum(_attribute_size(item, name) for name in heads) + write.update.overhead > MAX_ITEM_BYTES


def _change(table: Table, item: Item, update: CompiledUpdate, write: Write) -> int:
    """Apply an update in place; returns by how many bytes the item has grown."""
    heads = {str(path[0]) for path in update.paths}
    before = sum(_attribute_size(item, name) for name in heads)
    try:
        update.apply(item, write.values)
    except ValidationException as error:
        if write.legacy and error.message == WRONG_TYPE:
            raise ValidationException(TYPE_MISMATCH) from error
        raise
    for name in heads:
        if name in item:
            check_nesting(item[name])
    for attribute, index in table.index_keys:
        if attribute.name in heads and attribute.name in item:
            check_updated_index_key(attribute, index, item[attribute.name])
    return sum(_attribute_size(item, name) for name in heads) - before


def _attribute_size(item: Item, name: str) -> int:
    value = item.get(name)
    return 0 if value is None else text_bytes(name) + value_size(value)
