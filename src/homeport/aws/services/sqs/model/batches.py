"""Batches: how many entries, which ids, how long together."""

import re
from collections.abc import Sequence

from homeport.aws.services.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)

MAX_ENTRIES = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


def check_ids(ids: Sequence[str], entry: str) -> None:
    """Let a batch have entries with these ids; `entry` is the shape's name.

    Raises:
        EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct: it may not.
    """
    if not ids:
        raise EmptyBatchRequest(entry)
    if len(ids) > MAX_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(ids))
    seen: set[str] = set()
    for one in ids:
        if not _ID.fullmatch(one):
            raise InvalidBatchEntryId
        if one in seen:
            raise BatchEntryIdsNotDistinct(one)
        seen.add(one)
