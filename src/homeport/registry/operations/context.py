"""What every operation is given: the registry it works on, and who asks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from homeport.kernel.auth.principal import Principal
from homeport.kernel.clock import Clock, Millis
from homeport.kernel.ids import Ids
from homeport.registry.errors import Denied, Unauthorized, Unavailable, Unsupported
from homeport.registry.model.access import Action, Rules
from homeport.registry.model.digest import Digest
from homeport.registry.model.names import RepositoryName
from homeport.registry.operations.gate import WriteGate
from homeport.registry.store.content import Content
from homeport.registry.store.index import Index
from homeport.registry.store.space import Space
from homeport.registry.store.uploads import Uploads

T = TypeVar("T")

LARGE_MANIFESTS: Final = 8
LARGE_MANIFEST_BYTES: Final = 256 * 1024
"""From here on a manifest takes so long to read and check that others would notice."""

_RENEWED_AFTER_MS: Final = 15 * 60 * 1000
"""Bytes younger than this are young enough, and not looked at again for as long."""

_RENEWALS_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator has switched on and off."""

    delete: bool = True
    read_only: bool = False
    sparse_indexes: bool = False
    """Whether an index may name manifests that the repository does not hold."""
    catalog_most: int = 1000
    """Entries of one page of the catalog, at most and where a client names no number."""
    tags_most: int | None = 1000
    """Entries of one page of tags where a client asks for pages; None for no limit."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks."""

    principal: Principal


@dataclass(slots=True)
class Registry:
    """One registry: its parts, and the locks that keep changes of a repository apart."""

    content: Content
    uploads: Uploads
    index: Index
    rules: Rules
    space: Space
    clock: Clock
    ids: Ids
    executor: Executor
    policy: Policy = field(default_factory=Policy)
    pulls: dict[RepositoryName, Millis] = field(default_factory=dict)
    """Last pulls that the index does not know yet."""
    pushes: dict[RepositoryName, Millis] = field(default_factory=dict)
    """Last pushes since the start."""
    indexed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the index agrees with the directories found at the start."""
    index_patience_seconds: float = 20.0
    """How long a request waits for that; clients give up after 30 s, and we cannot see them go."""
    gate: WriteGate = field(default_factory=WriteGate)
    """Passed by `changing`; shut while garbage is collected."""
    large_manifests: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_MANIFESTS))
    """Held while a manifest too large to be kept in memory by everybody at once is received."""
    _renewed: dict[Digest, Millis] = field(default_factory=dict)
    _locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    def lock(self, of: RepositoryName | Digest) -> asyncio.Lock:
        """Held while manifests, tags or links of a repository change, or while a blob is given its place.

        Who needs both takes the blob's last.
        """
        lock = self._locks.get(of)
        if lock is None:
            lock = self._locks[of] = asyncio.Lock()
        return lock

    @asynccontextmanager
    async def changing(self, name: RepositoryName) -> AsyncIterator[None]:
        """Make or remove links of a repository: nobody else does, and no garbage is collected meanwhile.

        What waits for a client comes before it: a collection waits for whoever is in here, and everybody for it.

        Raises:
            Unavailable: a collection takes longer than clients wait.
        """
        async with self.gate.passing(), self.lock(name):
            yield

    async def until_indexed(self) -> None:
        """Wait for the index, for as long as a client does.

        Raises:
            Unavailable: it is not there yet.
        """
        if self.indexed.is_set():
            return
        try:
            async with asyncio.timeout(self.index_patience_seconds):
                await self.indexed.wait()
        except TimeoutError:
            raise Unavailable("the index is being built: try again in a moment") from None

    def renew(self, target: Digest) -> None:
        """Make bytes that a client has just been told of young again, so that a collection leaves it time for them."""
        now = self.clock.now()
        if now - self._renewed.get(target, 0) < _RENEWED_AFTER_MS:
            return
        self.content.renew(target, older_than=Millis(now - _RENEWED_AFTER_MS))
        if len(self._renewed) >= _RENEWALS_REMEMBERED:
            self._renewed.clear()
        self._renewed[target] = now

    async def on_disk(self, step: Callable[[], T]) -> T:
        """Run file operations: at once where they end in the page cache, in a thread where they wait for the disk."""
        return await self.in_thread(step) if self.content.durable else step()

    async def in_thread(self, step: Callable[[], T]) -> T:
        """Run what takes long however fast the disk is."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, step)


def require(registry: Registry, call: Call, action: Action, name: RepositoryName) -> None:
    """Let only those pass who may do this.

    Raises:
        Unauthorized: nobody in particular asked; logging in may help.
        Denied: it does not.
        Unsupported: nobody may, by the operator's policy.
    """
    if not registry.rules.allow(call.principal, action, name):
        detail = [{"Type": "repository", "Class": "", "Name": name, "Action": action}]
        raise Denied(detail=detail) if call.principal.name else Unauthorized(detail=detail)
    if action != "pull" and registry.policy.read_only:
        raise Unsupported("the registry is in read-only mode")
    if action == "delete" and not registry.policy.delete:
        raise Unsupported
