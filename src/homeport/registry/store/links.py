"""Link files: one digest each, written so that a crash leaves the old one or the new one, never half of one."""

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from homeport.kernel.storage.blobs import make_directories, sync_directories
from homeport.registry.model.digest import Digest, find_digest

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


def write_link(path: str, digest: Digest, *, temporary: str, durable: bool) -> None:
    """Make the link, or replace it at once and as a whole.

    Args:
        path: where; directories are made as needed.
        digest: what the link says.
        temporary: a name on the same file system that nobody else uses; what a crash leaves there is for the next
            start to sweep.
        durable: whether the link must survive the loss of power before this returns.

    Raises:
        OSError: the disk is full or fails; the old link, if any, is untouched.
    """
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            os.write(descriptor, digest.encode())
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        made = _rename(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        sync_directories([os.path.dirname(path), *made])


def _rename(temporary: str, path: str) -> list[str]:
    """Rename, making what is missing above `path`; returns the directories that gained an entry by that."""
    try:
        os.rename(temporary, path)
    except FileNotFoundError:
        made = make_directories(os.path.dirname(path))
        os.rename(temporary, path)
        return made
    return []


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
        sync_directories([os.path.dirname(path)])
    return True
