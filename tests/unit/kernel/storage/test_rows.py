import pytest

from homeport.kernel.storage.rows import (
    WrongColumnType,
    as_bytes,
    as_int,
    as_int_or_none,
    as_text,
    as_text_or_none,
)


def test_columns_come_out_with_the_type_that_is_asked_for() -> None:
    assert (as_int(1), as_text("a"), as_bytes(b"a")) == (1, "a", b"a")
    assert (as_int_or_none(1), as_text_or_none("a")) == (1, "a")
    assert (as_int_or_none(None), as_text_or_none(None)) == (None, None)


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(WrongColumnType, match="wanted an integer from the database, got str"):
        as_int("1")
    with pytest.raises(WrongColumnType, match="wanted text from the database, got NoneType"):
        as_text(None)
    with pytest.raises(WrongColumnType, match="wanted bytes from the database, got str"):
        as_bytes("a")
