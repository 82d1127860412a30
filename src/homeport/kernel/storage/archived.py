"""Which files of a data directory go into an archive, and in which order.

What refers goes before what it refers to: tags before manifests, those before layers, and links before bytes. A push
makes them the other way round, so whatever leads somewhere in the archive leads somewhere in there, too.
Everything is told by its place and not by its name alone: repositories and tags may be called whatever their owners
like, `run` and `backups` too.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_TEMPORARY: Final = (".lock", ".tmp", "-wal", "-shm")
"""What files end in that belong to a running server."""

_NOT_KEPT: Final = frozenset({"run", "backups"})
"""Directories at the top."""

_REPOSITORIES: Final = ("docker", "registry", "v2", "repositories")
_OWN: Final = "_homeport"
_UPLOADS: Final = "_uploads"
_BYTES: Final = "blobs"
_ORDER: Final = ("db", "tags", "_manifests", "revisions", "_layers")


Above = frozenset[tuple[int, int]]
"""The directories that a path leads through, as the system knows them."""


def archived_files(root: Path, registry: Path) -> Iterator[Path]:
    """The files below a directory, which may hold the registry's or be it.

    Raises:
        OSError: a directory cannot be read.
    """
    return _Walk(root, registry).files()


class _Walk:
    def __init__(self, root: Path, registry: Path) -> None:
        self._root = root
        self._registry = registry
        self._repositories = registry.joinpath(*_REPOSITORIES)
        self._bytes: list[Path] = []

    def files(self) -> Iterator[Path]:
        for path in sorted(self._root.iterdir(), key=_order):
            if path.name not in _NOT_KEPT or not path.is_dir():
                yield from self._below(path, frozenset())
        for directory in self._bytes:
            yield from _tree(directory, frozenset())

    def _below(self, path: Path, above: Above) -> Iterator[Path]:
        """Files outside the repositories; directories of bytes are put off."""
        if not path.is_dir():
            yield from _file(path)
        elif path == self._repositories:
            yield from _repositories(path, above)
        elif path.name == _BYTES:
            self._bytes.append(path)
        elif path != self._registry / _OWN:
            entries, inside = _listed(path, above)
            for each in entries:
                yield from self._below(each, inside)


def _repositories(directory: Path, above: Above) -> Iterator[Path]:
    """Repositories, which lie in each other: only what begins with `_` is not another one."""
    entries, inside = _listed(directory, above)
    for path in entries:
        if path.name == _UPLOADS:
            continue
        if path.name.startswith("_") or not path.is_dir():
            yield from _tree(path, inside)
        else:
            yield from _repositories(path, inside)


def _tree(path: Path, above: Above) -> Iterator[Path]:
    if not path.is_dir():
        yield from _file(path)
        return
    entries, inside = _listed(path, above)
    for each in entries:
        yield from _tree(each, inside)


def _file(path: Path) -> Iterator[Path]:
    if path.is_file() and not path.name.endswith(_TEMPORARY):
        yield path


def _listed(directory: Path, above: Above) -> tuple[list[Path], Above]:
    """Entries in their order, and what they lie in; none of a directory that a deletion has taken meanwhile.

    Symbolic links are followed: behind them is a larger disk, and what lies there belongs to us. None is where one
    leads back to a directory above.
    """
    with suppress(FileNotFoundError):
        status = directory.stat()
        itself = (status.st_dev, status.st_ino)
        if itself not in above:
            return sorted(directory.iterdir(), key=_order), above | {itself}
    return [], above


def _order(path: Path) -> tuple[int, str]:
    return _ORDER.index(path.name) if path.name in _ORDER else len(_ORDER), path.name
