"""A registry on files and an index of its own, and foreign hands on the same volume."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.registry.volumes import Volume

from homeport.kernel.auth.principal import Principal
from homeport.kernel.clock import FakeClock
from homeport.kernel.ids import SystemIds
from homeport.kernel.storage.database import Database
from homeport.registry.model.access import Rules
from homeport.registry.model.digest import Digest, digest_of
from homeport.registry.model.names import RepositoryName, UploadId
from homeport.registry.operations.context import Call, Registry
from homeport.registry.operations.uploads import Chunk, append_chunk, complete_upload, start_upload
from homeport.registry.store.content import Content
from homeport.registry.store.index import MIGRATIONS, Index
from homeport.registry.store.paths import Paths
from homeport.registry.store.space import Space
from homeport.registry.store.uploads import Uploads

APP = RepositoryName("app")
CALL = Call(Principal("user", frozenset()))


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body."""
    for piece in pieces:
        yield piece


def chunk(*pieces: bytes, length: int | None = None) -> Chunk:
    """Bytes of an upload whose client does not say how many there are."""
    return Chunk(pieces_of(*pieces), length)


@dataclass
class Port:
    """A registry, and the same volume as another program sees it."""

    registry: Registry
    foreign: Volume

    async def begin(self, name: RepositoryName = APP) -> UploadId:
        """An upload session."""
        return start_upload(self.registry, CALL, name, named_by="sha256", expected_bytes=0).id

    async def push(self, data: bytes, name: RepositoryName = APP) -> Digest:
        """Push a blob."""
        await complete_upload(self.registry, CALL, name, await self.begin(name), digest_of(data), chunk(data))
        return digest_of(data)

    async def append(self, upload: UploadId, data: bytes, *, length: int | None = None) -> None:
        """Add bytes to a session."""
        await append_chunk(self.registry, CALL, APP, upload, chunk(data, length=length))


@dataclass
class Opening:
    """Opens registries; one at a time has a volume."""

    root: Path
    executor: ThreadPoolExecutor
    databases: list[Database]

    def __call__(self, *, durable: bool = False, max_bytes: int = 0) -> Port:
        paths, ids, clock = Paths(self.root / "registry"), SystemIds(), FakeClock()
        content = Content(paths, durable=durable, ids=ids)
        content.prepare()
        self.databases.append(
            Database.open(self.root / "index.sqlite", migrations=MIGRATIONS, durability="process", clock=clock)
        )
        registry = Registry(
            content=content,
            uploads=Uploads(paths, durable=durable, clock=clock, ids=ids, executor=self.executor),
            index=Index(self.databases[-1]),
            rules=Rules.from_settings((), {}, anonymous_pull=False),
            space=Space(paths, min_free_bytes=0, max_bytes=max_bytes),
            clock=clock,
            ids=ids,
            executor=self.executor,
        )
        registry.indexed.set()
        return Port(registry, Volume(self.root / "registry"))


@pytest.fixture
async def opening(tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a registry with settings of the test's own."""
    with ThreadPoolExecutor(4) as executor:
        found = Opening(tmp_path, executor, [])
        yield found
        await asyncio.gather(*(database.close() for database in found.databases))


@pytest.fixture
def port(opening: Opening) -> Port:
    """A registry with the usual settings."""
    return opening()
