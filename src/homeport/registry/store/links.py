"""Link files: one digest each, written so that a crash leaves the old one or the new one, never half of one."""

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from homeport.registry.model.digest import Digest, find_digest
from homeport.registry.store.paths import TEMPORARY_SUFFIX

_LONGEST_LINK_BYTES: Final = 256
_SHOWN_BYTES: Final = 80


@dataclass(frozen=True, slots=True)
class Damaged:
    """A link that holds no digest: registry:2.8 and 3.0 leave empty ones behind when they crash."""

    path: str
    reason: str


def read_link(path: str) -> Digest | Damaged | None:
    """The digest that a link holds; `None` if there is no such link.

    Raises:
        OSError: the disk fails, or the file may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = os.read(descriptor, _LONGEST_LINK_BYTES)
    except IsADirectoryError:
        return Damaged(path, "a directory where a link should be")
    finally:
        os.close(descriptor)
    return _understand(path, content)


def _understand(path: str, content: bytes) -> Digest | Damaged:
    # registry:2 writes no line end, but a person with an editor does.
    digest = find_digest(content.decode("ascii", "replace").strip())
    if digest is not None:
        return digest
    return Damaged(path, f"no digest but {content[:_SHOWN_BYTES]!r}" if content else "empty")


def write_link(path: str, digest: Digest, *, token: str, durable: bool) -> None:
    """Make the link, or replace it at once and as a whole.

    Args:
        path: where; directories are made as needed.
        digest: what the link says.
        token: unique among writers of this path; names the temporary file beside it.
        durable: whether the link must survive the loss of power before this returns.

    Raises:
        OSError: the disk is full or fails; the old link, if any, is untouched.
    """
    temporary = f"{path}.{token}{TEMPORARY_SUFFIX}"
    made: list[str] = []
    try:
        descriptor = _create(temporary)
    except FileNotFoundError:
        made = _make_directories(os.path.dirname(path))
        descriptor = _create(temporary)
    try:
        try:
            os.write(descriptor, digest.encode())
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        for directory in (os.path.dirname(path), *made):
            sync_directory(directory)


def _create(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _make_directories(directory: str) -> list[str]:
    """Make what is missing; returns the directories that gained an entry, which a durable writer has to sync."""
    gained: list[str] = []
    missing: list[str] = []
    while not os.path.isdir(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
        gained.append(directory)
    for path in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(path)
    return gained


def sync_directory(directory: str) -> None:
    """Bring a directory's entries to the disk.

    Raises:
        OSError: the disk fails.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_link(path: str, *, durable: bool) -> bool:
    """Remove one link file and leave its directory, as registry:2 does; whether there was one.

    Raises:
        OSError: the disk fails.
    """
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if durable:
        sync_directory(os.path.dirname(path))
    return True
