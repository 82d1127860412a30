"""Bodies put together from others: whole or not at all, whatever the system can do."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from tests.full_disk import file_size_limit

from homeport.aws.services.s3.store.files import Files
from homeport.kernel.ids import FakeIds
from homeport.kernel.storage.errors import StorageFull

MEBIBYTE = 1 << 20


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    files = Files(str(tmp_path), FakeIds(), durability="process")
    files.prepare()
    yield files
    files.close()


async def test_a_disk_that_gets_full_in_a_small_piece_leaves_nothing(files: Files, tmp_path: Path) -> None:
    large = await files.join([b"x" * MEBIBYTE])
    with file_size_limit(MEBIBYTE + 100), pytest.raises(StorageFull):
        await files.join([large, b"y" * 200])

    assert not list((tmp_path / "incoming").iterdir())


def unsupported(*_: int) -> NoReturn:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def nothing(*_: int) -> int:
    return 0


@pytest.mark.parametrize("instead", [None, unsupported, nothing])
async def test_bodies_are_joined_where_the_system_copies_no_ranges(
    files: Files, monkeypatch: pytest.MonkeyPatch, instead: object
) -> None:
    content = os.urandom(3 * MEBIBYTE)
    first = await files.join([content])
    if instead is None:
        monkeypatch.delattr(os, "copy_file_range")
    else:
        monkeypatch.setattr(os, "copy_file_range", instead)

    joined = await files.join([first, b"-", (first, 5, MEBIBYTE + 7)])

    assert Path(files.path(joined)).read_bytes() == content + b"-" + content[5 : MEBIBYTE + 12]
