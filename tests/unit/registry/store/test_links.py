import resource
import threading
from pathlib import Path

import pytest

from homeport.registry.model.digest import digest_of
from homeport.registry.store.links import Damaged, read_link, remove_link, write_link

A, B = digest_of(b"a"), digest_of(b"b", "sha512")


@pytest.mark.parametrize("durable", [False, True])
def test_a_link_holds_its_digest_and_nothing_else(tmp_path: Path, *, durable: bool) -> None:
    path = tmp_path / "deep" / "er" / "link"

    write_link(str(path), A, temporary=str(tmp_path / "t1"), durable=durable)

    assert path.read_bytes() == A.encode()
    assert read_link(str(path)) == A
    assert [entry.name for entry in path.parent.iterdir()] == ["link"]


def test_a_link_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "link")
    write_link(path, A, temporary=str(tmp_path / "t1"), durable=True)

    write_link(path, B, temporary=str(tmp_path / "t2"), durable=True)

    assert read_link(path) == B


def test_a_missing_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    assert read_link(str(tmp_path / "link")) is None
    assert read_link(str(tmp_path / "file" / "link")) is None


@pytest.mark.parametrize("content", [b"", b"\0" * 71, A.encode()[:-1], b"sha256:", b"\xff\xfe", b"x" * 5000])
def test_a_link_without_a_digest_is_damaged(tmp_path: Path, content: bytes) -> None:
    """distribution#4478: a crash of registry:2.8 leaves empty links."""
    path = tmp_path / "link"
    path.write_bytes(content)

    found = read_link(str(path))

    assert isinstance(found, Damaged)
    assert found.path == str(path)
    assert found.reason


def test_a_directory_in_place_of_a_link_is_damaged(tmp_path: Path) -> None:
    assert isinstance(read_link(str(tmp_path)), Damaged)


def test_a_link_edited_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.write_bytes(A.encode() + b"\n")

    assert read_link(str(path)) == A


def test_a_write_that_fails_leaves_the_old_link_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "link"
    write_link(str(path), A, temporary=str(tmp_path / "t1"), durable=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # every write now fails with EFBIG
    try:
        with pytest.raises(OSError, match="too large"):
            write_link(str(path), B, temporary=str(tmp_path / "t2"), durable=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert read_link(str(path)) == A
    assert [entry.name for entry in tmp_path.iterdir()] == ["link"]


def test_readers_see_the_old_link_or_the_new_one_while_it_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "link")
    write_link(path, A, temporary=str(tmp_path / "t0"), durable=False)
    done = threading.Event()

    def replace() -> None:
        for round_number in range(300):
            write_link(path, (A, B)[round_number % 2], temporary=str(tmp_path / "t"), durable=False)
        done.set()

    writer = threading.Thread(target=replace)
    writer.start()
    seen = {read_link(path)}
    while not done.is_set():
        seen.add(read_link(path))
    writer.join()

    assert seen <= {A, B}


def test_removing_a_link_leaves_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "x" / "link"
    write_link(str(path), A, temporary=str(tmp_path / "t1"), durable=False)

    assert remove_link(str(path), durable=True)
    assert not remove_link(str(path), durable=True)
    assert path.parent.is_dir()
