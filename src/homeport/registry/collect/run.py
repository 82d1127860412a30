"""One offline collection from lock to last line, with the output that registry:2's users know."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from homeport.kernel.storage.lock import DirectoryLock
from homeport.registry.collect.plan import Plan, make_plan
from homeport.registry.collect.sweep import no_backup, sweep
from homeport.registry.model.digest import from_key
from homeport.registry.store.paths import Paths

Print = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What registry:2's command line can say.

    Attributes:
        dry_run: only tell what would be deleted; needs no lock and writes nothing.
        delete_untagged: delete manifests that no tag means.
        quiet: print nothing on success.
    """

    dry_run: bool = False
    delete_untagged: bool = False
    quiet: bool = False


def collect_garbage(root: Path, options: Options, *, out: Print, log: Print) -> Plan:
    """Delete from a registry's volume what nothing reachable needs.

    Spec: registry:2, `garbage-collect`, in the form of version 3.

    Args:
        root: the rootdirectory.
        options: from the command line.
        out: standard output, line by line.
        log: standard error, likewise.

    Returns:
        What was deleted, or would have been.

    Raises:
        DirectoryInUse: a server is running on the volume.
        OperatorError: the volume cannot be locked.
        CollectionFailed: a backup is being written, or something needed cannot be read, so nothing was deleted; or a
            deletion failed.
    """
    paths = Paths(root)
    emit = _silent if options.quiet else out
    with ExitStack() as alone:
        if not options.dry_run:
            alone.enter_context(DirectoryLock(root))
            alone.enter_context(no_backup(paths))
        plan = make_plan(paths, untagged_before=math.inf if options.delete_untagged else None, emit=emit, warn=log)
        _announce(plan, emit)
        if not options.dry_run:
            sweep(paths, plan, log)
    return plan


def _announce(plan: Plan, emit: Print) -> None:
    for manifest in plan.manifests:
        emit(f"manifest eligible for deletion: {manifest}")
    emit(
        f"\n{plan.marked} blobs marked, {len(plan.blobs)} blobs and {len(plan.manifests)} manifests"
        " eligible for deletion"
    )
    for key in plan.blobs:
        emit(f"blob eligible for deletion: {from_key(key)}")
    for name, digests in plan.layers:
        for digest in digests:
            emit(f"{name}: layer link eligible for deletion: {digest}")


def _silent(_line: str) -> None:
    """Where `--quiet` sends its lines."""
