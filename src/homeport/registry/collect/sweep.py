"""The sweep phase: the deletions of a plan, links before bytes, so that a crash leaves garbage and never a hole."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from homeport.kernel.storage.keeping import BeingArchived, unarchived
from homeport.registry.collect.errors import BackupRuns, SweepFailed
from homeport.registry.collect.plan import DoomedManifest, Plan
from homeport.registry.model.digest import from_key
from homeport.registry.model.names import RepositoryName
from homeport.registry.store.paths import VERSION_PATH, Paths

Log = Callable[[str], None]


@contextmanager
def no_backup(paths: Paths) -> Iterator[None]:
    """Plan and delete while nobody archives the volume.

    Raises:
        BackupRuns: somebody does.
    """
    try:
        with unarchived(Path(paths.root)):
            yield
    except BeingArchived:
        raise BackupRuns from None


def sweep(paths: Paths, plan: Plan, log: Log) -> None:
    """Delete what the plan says.

    Args:
        paths: of the volume.
        plan: made from the same volume, which nobody has changed since.
        log: told of every deletion, in registry:2's words.

    Raises:
        SweepFailed: a deletion failed; running the collection again does the rest.
    """
    for manifest in plan.manifests:
        _remove_manifest(paths, manifest, log)
    for name, digests in plan.layers:
        for digest in digests:
            _remove(paths.layer_link(name, digest), log, "layer link")
    for name in {*(manifest.repository for manifest in plan.manifests), *(name for name, _ in plan.layers)}:
        _show_change(paths, name)
    if plan.blobs:
        # A link that power loss brings back after its bytes are gone would be a broken image.
        os.sync()
    for key in plan.blobs:
        _remove(paths.blob(from_key(key)), log, "blob")


def _show_change(paths: Paths, name: RepositoryName) -> None:
    """Let the server's index see that the repository has changed: it looks at the times of these directories only."""
    for directory in (paths.tags(name), f"{paths.revisions(name)}/sha256"):
        with suppress(OSError):
            # Not the time of day: the kernel's clock ticks slower than directories change.
            found = Path(directory).stat()
            os.utime(directory, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


def _remove_manifest(paths: Paths, manifest: DoomedManifest, log: Log) -> None:
    for tag in manifest.tags:
        for digest in {*manifest.named, manifest.digest}:
            _remove(paths.tag_index_link(manifest.repository, tag, digest), log, "manifest tag reference")
    for digest in manifest.named:
        _remove(paths.revision_link(manifest.repository, digest), log, "manifest")


def _remove(path: str, log: Log, what: str) -> None:
    """Delete one file and its directory, unless somebody keeps other things there."""
    file = Path(path)
    try:
        file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise SweepFailed(path, error) from error
    with suppress(OSError):
        file.parent.rmdir()
    # registry:2 names paths from its rootdirectory on.
    log(f"Deleting {what}: /{VERSION_PATH}{path.rpartition(VERSION_PATH)[2].rpartition('/')[0]}")
