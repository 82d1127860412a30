"""A data directory as one stream: written while its server runs, and read back only as a whole.

The stream is a tar. Databases are copied as SQLite copies them while others write; every other file is never changed
once it has its name. What refers to something goes before it (`archived.py`). The last entry lists the digest of every
other one, so that half an archive is none.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Protocol

import apsw

from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.archived import archived_files
from homeport.kernel.storage.keeping import kept
from homeport.kernel.storage.lock import LOCK_FILE, DirectoryLock

DIGESTS = "homeport-digests.json"
_READ_BYTES = 1 << 20
_REGISTRY = "registry"


class ArchiveError(OperatorError):
    """An archive that cannot be written or read back."""


class Pieces(Protocol):
    """Something that gives bytes in order."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


def write_archive(root: Path, registry: Path, out: IO[bytes]) -> int:
    """Write a data directory, and the registry's directory wherever that lies, to a stream; how many files.

    Raises:
        ArchiveError: a file cannot be read; what was written so far is no archive.
    """
    digests: dict[str, str] = {}
    copies = root / "backups"
    # /tmp is small in a pod, which ends with more in it, and memory on many a machine.
    room = copies if os.access(copies, os.W_OK) else None
    try:
        with kept(registry), tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for path, name in _named_files(root, registry):
                with suppress(FileNotFoundError):
                    digests[name] = _add(archive, path, name, room)
            _add_text(archive, DIGESTS, json.dumps(digests).encode())
    except (OSError, apsw.Error) as error:
        reason = f"{error.filename or root}: {error.strerror}" if isinstance(error, OSError) else f"{root}: {error}"
        raise ArchiveError(f"cannot archive {reason}") from error
    return len(digests)


def _named_files(root: Path, registry: Path) -> Iterator[tuple[Path, str]]:
    for path in archived_files(root, registry):
        yield path, path.relative_to(root).as_posix()
    if not registry.is_relative_to(root) and registry.is_dir():
        for path in archived_files(registry, registry):
            yield path, f"{_REGISTRY}/{path.relative_to(registry).as_posix()}"


def _add(archive: tarfile.TarFile, path: Path, name: str, room: Path | None) -> str:
    if path.suffix == ".sqlite":
        with tempfile.NamedTemporaryFile(prefix="homeport-", suffix=".tmp", dir=room) as copy:
            _copy_database(path, copy.name)
            return _add_file(archive, Path(copy.name), name)
    return _add_file(archive, path, name)


def _copy_database(path: Path, copy: str) -> None:
    source, target = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY), apsw.Connection(copy)
    try:
        with target.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(1000)
        # The copy is one file: a journal beside it would not travel.
        target.execute("PRAGMA journal_mode=DELETE").fetchall()
    finally:
        target.close()
        source.close()


class _Hashed:
    """A file's bytes, hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> str:
    with path.open("rb") as file:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(file.fileno()).st_size
        entry.mtime = int(os.fstat(file.fileno()).st_mtime)
        entry.mode = 0o600
        hashed = _Hashed(file)
        archive.addfile(entry, hashed)
    return hashed.digest.hexdigest()


def _add_text(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def read_archive(root: Path, registry: Path, source: Pieces, *, replace: bool = False) -> int:
    """Fill an empty data directory, and an empty registry's directory, from a stream; how many files.

    Everything goes to a directory beside its place first, and takes its place once every digest fits. With `replace`
    what Homeport has there goes then, and not before.

    Raises:
        ArchiveError: the directory holds something, or the archive is damaged, cut off, or none. Nothing was changed.
        DirectoryInUse: a server runs there.
    """
    elsewhere = not registry.is_relative_to(root)
    places = (root, registry) if elsewhere else (root,)
    with ExitStack() as locks:
        for place in places:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_room(place, replace=replace)
            if any(place.iterdir()):
                locks.enter_context(DirectoryLock(place))
        _remove_leftovers(root)
        with tempfile.TemporaryDirectory(prefix=_STAGED, dir=root) as folder:
            staged = Path(folder)
            count = _unpack(staged, source)
            _clear(places)
            if elsewhere and (staged / _REGISTRY).is_dir():
                for each in sorted((staged / _REGISTRY).iterdir()):
                    shutil.move(each, registry / each.name)
                (staged / _REGISTRY).rmdir()
            for each in sorted(staged.iterdir()):
                each.rename(root / each.name)
    return count


_STAGED = ".restore-"
_HARMLESS = frozenset({"lost+found", LOCK_FILE})
_OURS = frozenset({"run", "db", "auth", "aws", "ca", "backups", "format", _REGISTRY, "docker", "_homeport"})
"""What a server makes in a data directory, and in a registry's directory that lies elsewhere."""


def _check_room(place: Path, *, replace: bool) -> None:
    held = {each.name for each in place.iterdir() if not each.name.startswith(_STAGED)} - _HARMLESS
    if foreign := sorted(held - _OURS):
        raise ArchiveError(
            f"{place} is not empty: {', '.join(foreign[:5])}", hint="restore into an empty data directory"
        )
    if held and not replace:
        raise ArchiveError(
            f"{place} is not empty", hint="restore into an empty data directory, or replace what is there by --replace"
        )


def _remove_leftovers(root: Path) -> None:
    """What a restore left that was killed; the directory is locked by us."""
    for each in root.glob(f"{_STAGED}*"):
        shutil.rmtree(each)


def _clear(places: Sequence[Path]) -> None:
    for each in (place / name for place in places for name in sorted(_OURS)):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def _unpack(folder: Path, source: Pieces) -> int:
    found: dict[str, str] = {}
    told: dict[str, str] | None = None
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:  # type: ignore[call-overload] # only `read` is asked of it
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None:
                    raise ArchiveError(f"{entry.name} is no file")
                if entry.name == DIGESTS:
                    told = json.loads(content.read())
                else:
                    found[entry.name] = _place(folder, entry.name, content)
    except (tarfile.TarError, ValueError, OSError) as error:
        raise ArchiveError(f"this is no archive of Homeport, or only a part of one: {error}") from error
    if told is None:
        raise ArchiveError("the archive ends too early")
    if told != found:
        wrong = sorted({name for name in told | found if told.get(name) != found.get(name)})
        raise ArchiveError(f"the archive is damaged: {', '.join(wrong[:5])}")
    return len(found)


def _make_private(folder: Path, directory: Path) -> None:
    """Make a directory below a folder; `mkdir` alone gives its mode to the last one only."""
    if directory != folder and not directory.is_dir():
        _make_private(folder, directory.parent)
        directory.mkdir(mode=0o700)


def _place(folder: Path, name: str, content: IO[bytes]) -> str:
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ArchiveError(f"{name!r} leads out of the data directory")
    _make_private(folder, path.parent)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while piece := content.read(_READ_BYTES):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o600)
    return digest.hexdigest()
