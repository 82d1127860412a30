"""Files that are received: written and hashed in step, whatever the pieces, and renamed when whole."""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.full_disk import file_size_limit

from homeport.kernel.storage.blobs import Receiving, hash_file, make_directories, settle
from homeport.kernel.storage.errors import StorageFailed, StorageFull

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


async def receive(path: Path, pieces: list[bytes], executor: ThreadPoolExecutor, *, offset: int = 0) -> str:
    hasher = hashlib.sha256()
    if offset:
        hasher.update(path.read_bytes()[:offset])
    receiving = Receiving(str(path), [hasher], offset=offset, executor=executor)
    for piece in pieces:
        await receiving.append(piece)
    await receiving.flush()
    assert receiving.size_bytes == offset + sum(map(len, pieces))
    await receiving.close(durable=True)
    return hasher.hexdigest()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(sizes=st.lists(st.sampled_from([1, 2, 1000, 65_536, 300_000, MEBIBYTE, 2 * MEBIBYTE + 1]), max_size=8))
def test_all_bytes_are_there_in_their_order_and_hashed(
    tmp_path: Path, executor: ThreadPoolExecutor, sizes: list[int]
) -> None:
    pieces = [os.urandom(size) for size in sizes]
    path = tmp_path / "data"
    path.unlink(missing_ok=True)

    digest = asyncio.run(receive(path, pieces, executor))

    assert path.read_bytes() == b"".join(pieces)
    assert digest == hashlib.sha256(b"".join(pieces)).hexdigest()


async def test_thousands_of_tiny_pieces_arrive_whole(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    pieces = [bytes([n % 256]) for n in range(5_000)]

    await receive(tmp_path / "data", pieces, executor)

    assert (tmp_path / "data").read_bytes() == b"".join(pieces)


async def test_receiving_goes_on_behind_the_offset_and_cuts_off_what_lies_beyond(
    tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    (tmp_path / "data").write_bytes(b"kept-dropped")

    digest = await receive(tmp_path / "data", [b"new"], executor, offset=5)

    assert (tmp_path / "data").read_bytes() == b"kept-new"
    assert digest == hashlib.sha256(b"kept-new").hexdigest()


async def test_a_full_disk_is_an_error_and_what_was_hashed_is_what_was_written(
    tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    hasher = hashlib.sha256()
    receiving = Receiving(str(tmp_path / "data"), [hasher], offset=0, executor=executor)
    with file_size_limit(2 * MEBIBYTE):
        for _ in range(2):
            await receiving.append(b"x" * 700_000)
            await receiving.flush()
        await receiving.append(b"x" * 700_000)
        with pytest.raises(StorageFull):
            await receiving.flush()
        await receiving.close(durable=False)

    written = (tmp_path / "data").read_bytes()
    assert len(written) == receiving.size_bytes
    assert hasher.hexdigest() == hashlib.sha256(written).hexdigest()


async def test_behind_a_batch_that_was_lost_nothing_is_written(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    receiving = Receiving(str(tmp_path / "data"), [], offset=0, executor=executor)
    with file_size_limit(MEBIBYTE):
        await receiving.append(b"x" * 2 * MEBIBYTE)
        with pytest.raises(StorageFull):
            await receiving.append(b"y" * MEBIBYTE)
        await receiving.flush()
        await receiving.close(durable=False)

    assert (tmp_path / "data").read_bytes() == b""


async def test_closing_twice_and_without_flushing_is_no_error(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    receiving = Receiving(str(tmp_path / "data"), [], offset=0, executor=executor)
    await receiving.append(b"never flushed")
    await receiving.close(durable=False)
    await receiving.close(durable=False)

    assert (tmp_path / "data").read_bytes() == b""


def test_a_directory_that_is_missing_is_an_error(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    with pytest.raises(StorageFailed):
        Receiving(str(tmp_path / "none" / "data"), [], offset=0, executor=executor)


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    content = os.urandom(3 * MEBIBYTE + 5)
    (tmp_path / "data").write_bytes(content)
    one, other = hashlib.sha256(), hashlib.sha512()

    assert hash_file(str(tmp_path / "data"), [one, other]) == len(content)
    assert (one.digest(), other.digest()) == (hashlib.sha256(content).digest(), hashlib.sha512(content).digest())


@pytest.mark.parametrize("durable", [True, False])
def test_a_finished_file_takes_its_place_below_directories_that_are_made(tmp_path: Path, *, durable: bool) -> None:
    (tmp_path / "t").write_bytes(b"new")
    final = tmp_path / "a" / "b" / "data"

    settle(str(tmp_path / "t"), str(final), durable=durable)

    assert final.read_bytes() == b"new"
    assert not (tmp_path / "t").exists()


def test_making_directories_tells_which_ones_gained_an_entry(tmp_path: Path) -> None:
    assert make_directories(str(tmp_path / "a" / "b")) == [str(tmp_path / "a"), str(tmp_path)]
    assert make_directories(str(tmp_path / "a" / "b")) == []
