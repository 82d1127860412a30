"""Rows of messages as values: what goes in, what a receive takes out."""

from typing import NamedTuple

from homeport.aws.services.sqs.store.schema import PLACE_BITS
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot
from homeport.kernel.storage.rows import Row, as_bytes, as_int, as_text, as_text_or_none

_PLACES = (1 << PLACE_BITS) - 1


class NewMessage(NamedTuple):
    """A message on its way into a queue; everything about it has been checked.

    Attributes:
        md5: of the body, 16 bytes.
        attributes: encoded, as `model.stored` does; None without any.
        origin: ARN of the queue whose dead letter it is.
    """

    message_id: str
    body: str
    md5: bytes
    sender: str
    delay_seconds: int = 0
    attributes: bytes | None = None
    trace: str | None = None
    group: str | None = None
    deduplication_id: str | None = None
    origin: str | None = None


class Stored(NamedTuple):
    """A message as it lies in a queue.

    Attributes:
        id: the row's number.
        receives: how often it has been received, this time included.
    """

    id: int
    message_id: str
    body: str
    md5: bytes
    attributes: bytes | None
    receives: int
    sent: Millis
    first_received: Millis | None
    sender: str
    trace: str | None
    group: str | None
    deduplication_id: str | None
    origin: str | None
    visible: Millis
    received: Millis | None

    @property
    def place(self) -> int:
        """The message's place in its queue."""
        return self.id & _PLACES


STORED_COLUMNS = (
    "id, message_id, body, md5, attributes, receives, sent_ms, first_received_ms,"
    " sender, trace, group_id, deduplication_id, origin, visible_ms, received_ms"
)


def stored(snapshot: Snapshot, row: Row) -> Stored:
    """The row as a value; a body that lies elsewhere is fetched."""
    body = row[2]
    if body is None:
        body = snapshot.value("SELECT body FROM sqs_body WHERE id = ?", (row[0],))
    return Stored(
        as_int(row[0]),
        as_text(row[1]),
        as_text(body),
        as_bytes(row[3]),
        None if row[4] is None else as_bytes(row[4]),
        as_int(row[5]),
        Millis(as_int(row[6])),
        None if row[7] is None else Millis(as_int(row[7])),
        as_text(row[8]),
        as_text_or_none(row[9]),
        as_text_or_none(row[10]),
        as_text_or_none(row[11]),
        as_text_or_none(row[12]),
        Millis(as_int(row[13])),
        None if row[14] is None else Millis(as_int(row[14])),
    )
