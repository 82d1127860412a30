"""The registry's content as files: blobs, the links that give repositories a share in them, tags.

The files are the truth. Every function here is one step of distribution's own order of writing, so that whatever a
crash leaves behind is something that distribution, and our own scan, can live with.
"""

import os
import shutil
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.kernel.ids import Ids
from homeport.kernel.storage.blobs import make_directories, settle, storage_errors, sync_directories
from homeport.registry.model.digest import EMPTY, Digest, is_canonical
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.store.links import Damaged, read_link, remove_link, write_link
from homeport.registry.store.paths import LINK, Paths

NOTHING_THERE = "0:0:0"
"""The stamp of a repository that has no directories."""

_CACHE_BYTES = 16 * 1024 * 1024
_CACHE_ENTRY_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """An open blob; whoever asked for it closes `fd`. `digest` is the one under which the bytes lie."""

    fd: int
    size_bytes: int
    digest: Digest


class Observer(Protocol):
    """Takes durations in seconds."""

    def observe(self, value: float, /) -> None:
        """Take one."""
        ...


class Times(Protocol):
    """Who is told how long file operations took, by distribution's names for them."""

    @property
    def get_content(self) -> Observer:
        """A small file read."""
        ...

    @property
    def put_content(self) -> Observer:
        """A small file written."""
        ...

    @property
    def stat(self) -> Observer:
        """A file looked at."""
        ...

    @property
    def move(self) -> Observer:
        """A file renamed."""
        ...

    @property
    def delete(self) -> Observer:
        """A file or directory removed."""
        ...


class Content:
    """Reads and writes below one registry root; synchronous, each call a few system calls.

    Args:
        durable: whether what is written must survive the loss of power before a call returns.
    """

    def __init__(self, paths: Paths, *, durable: bool, ids: Ids, times: Times | None = None) -> None:
        self.paths = paths
        self._times = times
        self.durable = durable
        self._ids = ids
        self._cache: OrderedDict[Digest, bytes] = OrderedDict()
        self._cached_bytes = 0

    def prepare(self) -> None:
        """Make the directories that everything else relies on, and sweep what a crash left in ours.

        Raises:
            StorageFull, StorageFailed: the root cannot be written to.
        """
        with storage_errors(self.paths.root):
            for directory in (self.paths.blobs, self.paths.repositories, self._incoming):
                make_directories(directory)
            for entry in os.scandir(self._incoming):
                # A tag on its way out is a directory.
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)

    @property
    def _incoming(self) -> str:
        return f"{self.paths.own}/incoming"

    # Blobs

    def layer(self, name: RepositoryName, digest: Digest) -> Digest | None:
        """Under which digest a repository's blob lies; None if the repository has no such blob.

        Manifests count: clients ask for them as blobs when they do not know better.
        """
        target = self._read_link(self.paths.layer_link(name, digest))
        return target or self._read_link(self.paths.revision_link(name, digest))

    def open_blob(self, name: RepositoryName, digest: Digest) -> Blob | None:
        """A repository's blob, opened; None if it has none, or its bytes are gone."""
        target = self.layer(name, digest)
        if target is None:
            return None
        try:
            fd = os.open(self.paths.blob(target), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        return Blob(fd, os.fstat(fd).st_size, target)

    def blob_size(self, name: RepositoryName, digest: Digest) -> int | None:
        """Bytes of a repository's blob; None if it has none, or its bytes are gone."""
        target = self.layer(name, digest)
        return None if target is None else self.stored_size(target)

    def stored_size(self, digest: Digest) -> int | None:
        """Bytes that lie under a canonical digest, whoever may see them."""
        began = time.perf_counter()
        try:
            return os.stat(self.paths.blob(digest)).st_size
        except FileNotFoundError:
            return None
        finally:
            if self._times is not None:
                self._times.stat.observe(time.perf_counter() - began)

    def renew(self, digest: Digest, *, older_than: Millis) -> None:
        """Make bytes young again that are older than a moment: a collection in the running server spares young ones."""
        path = self.paths.blob(digest)
        with suppress(OSError):
            if os.stat(path).st_mtime * MILLIS_PER_SECOND < older_than:
                os.utime(path)

    def settle_blob(self, temporary: str, digest: Digest, *, size_bytes: int) -> bool:
        """Give received and synced bytes their place; bytes already there and of the same size stay.

        Returns:
            Whether they were not there already.
        """
        if self.stored_size(digest) == size_bytes:
            with storage_errors(temporary), suppress(FileNotFoundError):
                os.unlink(temporary)
            return False
        self._settle(temporary, digest)
        return True

    def write_blob(self, digest: Digest, data: bytes) -> bool:
        """Store bytes at hand under their canonical digest; whether they were not there already."""
        if self.stored_size(digest) == len(data):
            return False
        temporary = f"{self._incoming}/{self._ids.uuid()}"
        with storage_errors(temporary):
            try:
                _write_file(temporary, data, durable=self.durable)
            except OSError:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        self._settle(temporary, digest)
        return True

    def ensure_empty_blob(self) -> bool:
        """Store the blob of no bytes, for which no upload has a file; whether it was not there already."""
        return self.write_blob(EMPTY, b"")

    def link_layer(self, name: RepositoryName, digest: Digest, target: Digest) -> None:
        """Let a repository serve a blob, under the digest asked for and the canonical one.

        Bytes that lay there before are young again: a collection in the running server spares them until the manifest
        comes that they were pushed or mounted for.
        """
        with suppress(OSError):
            os.utime(self.paths.blob(target))
        self._link(self.paths.layer_link(name, target), target)
        if not is_canonical(digest):
            self._link(self.paths.layer_link(name, digest), target)

    def unlink_layer(self, name: RepositoryName, digest: Digest, target: Digest) -> bool:
        """Take a blob from a repository; its bytes stay for garbage collection. Whether there was one."""
        links = [self.paths.layer_link(name, each) for each in (digest, target)]
        with storage_errors(self.paths.layers(name)):
            links += _aliases(f"{self.paths.layers(name)}/sha512", target)
            removed = [remove_link(link, durable=self.durable) for link in dict.fromkeys(links)]
        return any(removed)

    # Manifests

    def revision(self, name: RepositoryName, digest: Digest) -> Digest | None:
        """Under which digest a repository's manifest lies; None if the repository has no such manifest."""
        return self._read_link(self.paths.revision_link(name, digest))

    def manifest(self, name: RepositoryName, digest: Digest) -> bytes | None:
        """The exact bytes of a repository's manifest."""
        target = self.revision(name, digest)
        return None if target is None else self.bytes_of(target)

    def bytes_of(self, target: Digest) -> bytes | None:
        """Small content by its canonical digest; what was read lately is kept in memory, for it cannot change.

        For the event loop's thread; others use `read_bytes`.
        """
        cached = self._cache.get(target)
        if cached is not None:
            self._cache.move_to_end(target)
            return cached
        data = self.read_bytes(target)
        if data is not None:
            self._keep(target, data)
        return data

    def read_bytes(self, target: Digest) -> bytes | None:
        """The same from the disk, in any thread."""
        try:
            with open(self.paths.blob(target), "rb", buffering=0) as file:
                return file.readall()
        except FileNotFoundError:
            return None

    def _keep(self, target: Digest, data: bytes) -> None:
        if len(data) > _CACHE_ENTRY_BYTES:
            return
        self._cache[target] = data
        self._cached_bytes += len(data)
        while self._cached_bytes > _CACHE_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached_bytes -= len(dropped)

    def link_revision(self, name: RepositoryName, digest: Digest, target: Digest) -> None:
        """Make stored bytes a manifest of a repository, under the digest asked for and the canonical one."""
        self._link(self.paths.revision_link(name, target), target)
        if not is_canonical(digest):
            self._link(self.paths.revision_link(name, digest), target)
        # registry:2.8 lists only repositories that have this directory, and its garbage collection stops without it.
        with storage_errors(self.paths.layers(name)):
            made = make_directories(self.paths.layers(name))
            if made and self.durable:
                sync_directories(made)

    def unlink_revision(self, name: RepositoryName, digest: Digest, target: Digest) -> bool:
        """Take a manifest from a repository, under every digest it has there. Whether there was one."""
        links = [self.paths.revision_link(name, each) for each in (digest, target)]
        with storage_errors(self.paths.revisions(name)):
            links += _aliases(f"{self.paths.revisions(name)}/sha512", target)
            removed = [remove_link(link, durable=self.durable) for link in dict.fromkeys(links)]
        return any(removed)

    # Tags

    def tag(self, name: RepositoryName, tag: Tag) -> Digest | None:
        """The manifest's canonical digest that a tag means."""
        return self._read_link(self.paths.tag_current_link(name, tag))

    def set_tag(self, name: RepositoryName, tag: Tag, target: Digest) -> None:
        """Let a tag mean a manifest, whatever it meant before."""
        self._link(self.paths.tag_index_link(name, tag, target), target)
        self._link(self.paths.tag_current_link(name, tag), target)

    def remove_tag(self, name: RepositoryName, tag: Tag) -> bool:
        """Remove a tag and its history, in one step for whoever looks. Whether there was one."""
        began = time.perf_counter()
        directory = self.paths.tag(name, tag)
        grave = f"{self._incoming}/{self._ids.uuid()}"
        with storage_errors(directory):
            try:
                os.rename(directory, grave)
            except FileNotFoundError:
                return False
            if self.durable:
                sync_directories([os.path.dirname(directory)])
            shutil.rmtree(grave, ignore_errors=True)
        if self._times is not None:
            self._times.delete.observe(time.perf_counter() - began)
        return True

    def has_repository(self, name: RepositoryName) -> bool:
        """Whether anything was ever pushed to it."""
        return os.path.isdir(self.paths.layers(name)) or os.path.isdir(self.paths.manifests(name))

    def stamp(self, name: RepositoryName) -> str:
        """A text that changes when tags or manifests come or go, whoever made them do so."""
        revisions = self.paths.revisions(name)
        directories = (self.paths.tags(name), f"{revisions}/sha256", f"{revisions}/sha512")
        return ":".join(str(_modified(directory)) for directory in directories)

    def _read_link(self, path: str) -> Digest | None:
        """A damaged link is as good as none: the client pushes again and mends it."""
        began = time.perf_counter()
        found = read_link(path)
        if self._times is not None:
            self._times.get_content.observe(time.perf_counter() - began)
        return None if isinstance(found, Damaged) else found

    def _link(self, path: str, target: Digest) -> None:
        began = time.perf_counter()
        with storage_errors(path):
            write_link(path, target, temporary=f"{self._incoming}/{self._ids.hex(8)}", durable=self.durable)
        if self._times is not None:
            self._times.put_content.observe(time.perf_counter() - began)

    def _settle(self, temporary: str, digest: Digest) -> None:
        began = time.perf_counter()
        settle(temporary, self.paths.blob(digest), durable=self.durable)
        if self._times is not None:
            self._times.move.observe(time.perf_counter() - began)


def _aliases(directory: str, target: Digest) -> list[str]:
    """Links in a directory of digests that lead to one target; most repositories have no such directory."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return [path for name in names if read_link(path := f"{directory}/{name}/{LINK}") == target]


def _modified(directory: str) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _write_file(path: str, data: bytes, *, durable: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
