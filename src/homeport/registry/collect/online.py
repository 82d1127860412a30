"""A collection inside the running server: pulls go on, changes wait, and what was uploaded a moment ago stays."""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from homeport.kernel.clock import MILLIS_PER_SECOND, Millis
from homeport.registry.collect.plan import Plan, make_plan
from homeport.registry.collect.sweep import no_backup, sweep
from homeport.registry.model.digest import Digest, from_key
from homeport.registry.model.names import RepositoryName
from homeport.registry.store.paths import Paths

YOUNG_SECONDS = 3600
"""A push uploads its blobs before the manifest that needs them, and an image's manifest before the index of several
architectures or the tag: what is younger than this may belong to one that runs."""


def plan_online(paths: Paths, now: Millis, warn: Callable[[str], None], untagged_seconds: float | None = None) -> Plan:
    """What a collection would delete now: blobs that no manifest needs, and that are no longer young.

    Args:
        paths: of the volume.
        now: the time.
        warn: told what is odd and does no harm.
        untagged_seconds: manifests that no tag means, that no living one needs, and that nobody has pushed or pulled
            for so long go too, but none that is young; None keeps them.

    Raises:
        MarkFailed: something that decides what is reachable cannot be read.
    """
    seconds = now / MILLIS_PER_SECOND
    before = None if untagged_seconds is None else seconds - max(untagged_seconds, YOUNG_SECONDS)
    plan = make_plan(paths, untagged_before=before, emit=_silent, warn=warn)
    oldest_young = seconds - YOUNG_SECONDS
    young: set[Digest] = set()
    young_bytes = 0
    for key in plan.blobs:
        # One that is gone already frees nothing, and its links may go too.
        with suppress(OSError):
            found = Path(paths.blob(from_key(key))).stat()
            if found.st_mtime > oldest_young:
                young.add(from_key(key))
                young_bytes += found.st_size
    old_blobs = tuple(key for key in plan.blobs if from_key(key) not in young)
    if young:
        # A link may be a sha512 name for young bytes: which, is not worth finding out for an hour.
        return dataclasses.replace(
            plan,
            blobs=old_blobs,
            layers=_without(plan, young),
            freed_bytes=plan.freed_bytes - young_bytes,
            young_bytes=young_bytes,
        )
    return plan


def _without(plan: Plan, young: set[Digest]) -> tuple[tuple[RepositoryName, tuple[Digest, ...]], ...]:
    kept = (
        (name, tuple(digest for digest in digests if digest not in young and digest.startswith("sha256:")))
        for name, digests in plan.layers
    )
    return tuple((name, digests) for name, digests in kept if digests)


def collect_online(
    paths: Paths, now: Millis, tell: Callable[[str], None], untagged_seconds: float | None = None
) -> Plan:
    """Delete it; nobody may change links meanwhile.

    Raises:
        CollectionFailed: a backup is being written, or something needed cannot be read, so nothing was deleted; or a
            deletion failed.
    """
    with no_backup(paths):
        plan = plan_online(paths, now, tell, untagged_seconds)
        sweep(paths, plan, tell)
    return plan


def _silent(_line: str) -> None:
    """Nobody reads registry:2's own lines here."""
