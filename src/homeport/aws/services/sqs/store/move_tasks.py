"""Message move tasks as they stand: started, how far, ended how."""

from dataclasses import dataclass

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_int, as_int_or_none, as_text, as_text_or_none

RUNNING, CANCELLING = "RUNNING", "CANCELLING"
COMPLETED, CANCELLED, FAILED = "COMPLETED", "CANCELLED", "FAILED"

_COLUMNS = "id, source, source_arn, destination_arn, rate, status, moved, to_move, started_ms, failure"


@dataclass(frozen=True, slots=True)
class MoveTask:
    """One task.

    Attributes:
        source: the dead-letter queue's number.
        destination_arn: None sends each message back to where it came from.
        rate: messages a second at most.
    """

    id: str
    source: int
    source_arn: str
    destination_arn: str | None
    rate: int | None
    status: str
    moved: int
    to_move: int
    started: Millis
    failure: str | None


def _task(row: Row) -> MoveTask:
    return MoveTask(
        as_text(row[0]),
        as_int(row[1]),
        as_text(row[2]),
        as_text_or_none(row[3]),
        as_int_or_none(row[4]),
        as_text(row[5]),
        as_int(row[6]),
        as_int(row[7]),
        Millis(as_int(row[8])),
        as_text_or_none(row[9]),
    )


def add(tx: Tx, task: MoveTask) -> None:
    """Note a new task."""
    row = (task.id, task.source, task.source_arn, task.destination_arn, task.rate, task.status)
    tx.execute(
        f"INSERT INTO sqs_move_task ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 # a constant
        (*row, task.moved, task.to_move, task.started, task.failure),
    )


def get(snapshot: Snapshot, task_id: str) -> MoveTask | None:
    """The task of that id, or None."""
    row = snapshot.row(f"SELECT {_COLUMNS} FROM sqs_move_task WHERE id = ?", (task_id,))  # noqa: S608 # a constant
    return _task(row) if row else None


def of_source(snapshot: Snapshot, source_arn: str, limit: int) -> list[MoveTask]:
    """The latest tasks of a queue, the newest first."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM sqs_move_task WHERE source_arn = ?"  # noqa: S608 # a constant
        " ORDER BY started_ms DESC, id DESC LIMIT ?",
        (source_arn, limit),
    )
    return [_task(row) for row in rows]


def running(snapshot: Snapshot) -> list[MoveTask]:
    """All tasks that have not ended."""
    rows = snapshot.execute(
        f"SELECT {_COLUMNS} FROM sqs_move_task"  # noqa: S608 # a constant
        " WHERE status IN ('RUNNING', 'CANCELLING') ORDER BY started_ms"
    )
    return [_task(row) for row in rows]


def progress(tx: Tx, task_id: str, moved: int) -> None:
    """Count more messages as moved."""
    tx.execute("UPDATE sqs_move_task SET moved = moved + ? WHERE id = ?", (moved, task_id))


def set_status(tx: Tx, task_id: str, status: str, failure: str | None = None) -> None:
    """Say how the task stands."""
    tx.execute("UPDATE sqs_move_task SET status = ?, failure = ? WHERE id = ?", (status, failure, task_id))
