"""Values that go into and come out of SQL, with their types."""

from collections.abc import Mapping, Sequence

SqlValue = None | int | float | str | bytes
Row = tuple[SqlValue, ...]
Params = Sequence[SqlValue] | Mapping[str, SqlValue]


class WrongColumnType(TypeError):
    """A column holds another type than the code that reads it believes: the schema and the code disagree."""

    def __init__(self, wanted: str, value: SqlValue) -> None:
        super().__init__(f"wanted {wanted} from the database, got {type(value).__name__}")


def as_int(value: SqlValue) -> int:
    """The column's integer.

    Raises:
        WrongColumnType: it holds something else, or NULL.
    """
    if not isinstance(value, int):
        raise WrongColumnType("an integer", value)
    return value


def as_text(value: SqlValue) -> str:
    """The column's text.

    Raises:
        WrongColumnType: it holds something else, or NULL.
    """
    if not isinstance(value, str):
        raise WrongColumnType("text", value)
    return value


def as_bytes(value: SqlValue) -> bytes:
    """The column's bytes.

    Raises:
        WrongColumnType: it holds something else, or NULL.
    """
    if not isinstance(value, bytes):
        raise WrongColumnType("bytes", value)
    return value


def as_int_or_none(value: SqlValue) -> int | None:
    """The column's integer, or None for NULL."""
    return None if value is None else as_int(value)


def as_text_or_none(value: SqlValue) -> str | None:
    """The column's text, or None for NULL."""
    return None if value is None else as_text(value)
