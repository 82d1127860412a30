"""Small files that are replaced whole: after a crash a reader finds the old content or the new one, never a part."""

import contextlib
import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `content` to `path` through a temporary neighbour; on disk when this returns.

    A symbolic link is followed, so that what it names is replaced and not the link. An owner that the file already
    has stays, where the system lets us: what root edits must stay readable for the server's own user.

    `mode` is what the file's permissions are, whatever the umask.

    Raises:
        OSError: nothing was changed.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write(temporary, content, mode)
        _take_over_owner(target, temporary)
        temporary.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(target.parent)


def make_private_directory(directory: Path) -> None:
    """Make a directory, and what is missing above it, for the owner alone (XDG base directories: mode 0700).

    Raises:
        OSError: it cannot be made.
    """
    for each in reversed([directory, *directory.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def sync_directory(directory: Path) -> None:
    """Bring a directory's entries to disk: what was created, renamed or removed in it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _take_over_owner(original: Path, copy: Path) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        before = original.stat()
        os.chown(copy, before.st_uid, before.st_gid)
