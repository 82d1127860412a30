"""What an index shows of an item."""

from homeport.aws.services.dynamodb.model.schema import Index
from homeport.aws.services.dynamodb.model.values import Item


def shown(index: Index, item: Item) -> Item:
    """The attributes that the index projects."""
    projected = index.projected
    if projected is None:
        return item
    return {name: value for name, value in item.items() if name in projected}


def entry(index: Index, item: Item | None) -> Item | None:
    """The item as the index holds it; None if it is not in the index."""
    if item is None or any(key.name not in item for key in index.keys):
        return None
    return shown(index, item)
