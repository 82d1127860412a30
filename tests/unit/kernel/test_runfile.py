"""The running server's note."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.clock import Millis
from homeport.kernel.runfile import RunFile, RunFileInvalidError, process_exists, read_run_file

NOTE = RunFile(4711, "1.2.3", Millis(1_767_225_600_000), (("registry", "http://127.0.0.1:5000"),), "signed")


def test_what_was_noted_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run/homeport.json"

    NOTE.save(path)

    assert read_run_file(path) == NOTE
    assert list(path.parent.iterdir()) == [path]


def test_a_later_note_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    later = RunFile(4712, "1.2.4", Millis(1_767_225_600_001), ())

    NOTE.save(tmp_path / "note")
    later.save(tmp_path / "note")

    assert read_run_file(tmp_path / "note") == later


def test_no_note_is_none(tmp_path: Path) -> None:
    assert read_run_file(tmp_path / "note") is None


half_right = [b"[]", b"{}", b"7", b'{"pid":1,"version":"1","started":0,"addresses":[7]}']


@given(st.one_of(st.binary(), st.sampled_from(half_right)))
def test_anything_else_is_an_operators_problem(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "note")
        path.write_bytes(content)
        with pytest.raises(RunFileInvalidError):
            read_run_file(path)


def test_this_process_exists() -> None:
    assert process_exists(os.getpid())
