"""A registry against a dictionary: pushes, tags, deletions, foreign writes and restarts in any order."""

import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from homeport.kernel.auth.principal import Principal
from homeport.kernel.clock import FakeClock
from homeport.kernel.ids import SystemIds
from homeport.kernel.storage.database import Database
from homeport.registry.errors import BlobInUse, BlobUnknown, ManifestBlobUnknown, ManifestUnknown, SeveralErrors
from homeport.registry.model.access import Rules
from homeport.registry.model.digest import Algorithm, Digest, digest_of
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.model.pagination import Page
from homeport.registry.operations.blobs import blob_size, delete_blob, mount_blob
from homeport.registry.operations.context import Call, Registry
from homeport.registry.operations.listings import list_referrers, list_repositories, list_tags
from homeport.registry.operations.manifests import delete_manifest, get_manifest, put_manifest
from homeport.registry.operations.reconcile import reconcile_all
from homeport.registry.operations.uploads import Chunk, complete_upload, start_upload
from homeport.registry.store.content import Content
from homeport.registry.store.index import MIGRATIONS, Index
from homeport.registry.store.paths import Paths
from homeport.registry.store.space import Space
from homeport.registry.store.uploads import Uploads

T = TypeVar("T")
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CALL = Call(Principal("user", frozenset()))
REPOSITORIES = [RepositoryName("a"), RepositoryName("a/b"), RepositoryName("blobs/uploads")]
TAGS = [Tag("latest"), Tag("v1")]
BLOBS = [b"", b"one", b"two", b"three" * 1000]
ALL = Page(None, "")
names = st.sampled_from(REPOSITORIES)
tags = st.sampled_from(TAGS)
blobs = st.sampled_from(BLOBS)
algorithms: st.SearchStrategy[Algorithm] = st.sampled_from(["sha256", "sha512"])


def descriptor(data: bytes, media_type: str = "application/octet-stream") -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def image(config: bytes, layer: bytes, subject: bytes | None) -> bytes:
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": descriptor(config),
        "layers": [descriptor(layer)],
    }
    if subject is not None:
        document["subject"] = descriptor(subject, OCI)
    return json.dumps(document).encode()


def index_of(children: list[bytes]) -> bytes:
    manifests = [descriptor(child, OCI) for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()


class RegistryMachine(RuleBasedStateMachine):
    """The model: which blobs, manifests and tags each repository has."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="homeport-machine-"))
        self.loop = asyncio.new_event_loop()
        self.executor = ThreadPoolExecutor(1)
        self.clock = FakeClock()
        self.blobs: dict[RepositoryName, set[bytes]] = {name: set() for name in REPOSITORIES}
        self.manifests: dict[RepositoryName, dict[bytes, str]] = {name: {} for name in REPOSITORIES}
        self.tags: dict[RepositoryName, dict[Tag, bytes]] = {name: {} for name in REPOSITORIES}
        self.open()

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)

    def open(self) -> None:
        paths, ids = Paths(self.root / "registry"), SystemIds()
        content = Content(paths, durable=False, ids=ids)
        (self.root / "registry").mkdir(exist_ok=True)
        content.prepare()

        async def start() -> Registry:
            self.database = Database.open(
                self.root / "index.sqlite", migrations=MIGRATIONS, durability="process", clock=self.clock
            )
            registry = Registry(
                content=content,
                uploads=Uploads(paths, durable=False, clock=self.clock, ids=ids, executor=self.executor),
                index=Index(self.database),
                rules=Rules.from_settings((), {}, anonymous_pull=False),
                space=Space(paths, min_free_bytes=0, max_bytes=0),
                clock=self.clock,
                ids=ids,
                executor=self.executor,
            )
            await reconcile_all(registry, lambda damage: self.fail(str(damage)))
            registry.indexed.set()
            return registry

        self.registry = self.run(start())

    def fail(self, reason: str) -> None:
        raise AssertionError(reason)

    def teardown(self) -> None:
        if hasattr(self, "root"):
            self.run(self.database.close())
            self.loop.close()
            self.executor.shutdown()
            shutil.rmtree(self.root)

    # What clients do

    @rule(name=names, data=blobs, algorithm=algorithms)
    def push_blob(self, name: RepositoryName, data: bytes, algorithm: Algorithm) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield data

        async def push() -> None:
            upload = start_upload(self.registry, CALL, name, named_by="sha256", expected_bytes=len(data))
            chunk = Chunk(pieces(), len(data))
            await complete_upload(self.registry, CALL, name, upload.id, digest_of(data, algorithm), chunk)

        self.run(push())
        self.blobs[name].add(data)

    @rule(name=names, data=blobs, source=names)
    def mount(self, name: RepositoryName, data: bytes, source: RepositoryName) -> None:
        mounted = self.run(mount_blob(self.registry, CALL, name, digest_of(data), source))

        assert mounted == (data in self.blobs[source] | self.blobs[name])
        if mounted:
            self.blobs[name].add(data)

    @rule(name=names, config=blobs, layer=blobs, subject=st.none() | st.binary(max_size=1), by=tags | algorithms)
    def push_image(self, name: RepositoryName, config: bytes, layer: bytes, subject: bytes | None, by: str) -> None:
        self.put(name, image(config, layer, subject), OCI, by, complete={config, layer} <= self.blobs[name])

    @precondition(lambda self: any(self.manifests.values()))
    @rule(data=st.data(), by=tags | algorithms)
    def push_index(self, data: st.DataObject, by: str) -> None:
        name = data.draw(st.sampled_from([name for name in REPOSITORIES if self.manifests[name]]))
        known = sorted(self.manifests[name])
        children = data.draw(st.lists(st.sampled_from([*known, b"missing"]), max_size=3))
        self.put(name, index_of(children), INDEX, by, complete=b"missing" not in children)

    def put(self, name: RepositoryName, data: bytes, media_type: str, by: str, *, complete: bool) -> None:
        by_digest = by in {"sha256", "sha512"}
        algorithm: Algorithm = "sha512" if by == "sha512" else "sha256"
        reference = digest_of(data, algorithm) if by_digest else Tag(by)
        try:
            self.run(put_manifest(self.registry, CALL, name, reference, data, content_type=media_type))
        except SeveralErrors as refusal:
            codes = {error.code for error in refusal.errors}
        else:
            codes = set()
        assert codes == (set() if complete else {ManifestBlobUnknown.code})
        if not complete:
            return
        self.manifests[name][data] = media_type
        if not by_digest:
            self.tags[name][Tag(by)] = data

    @rule(name=names, tag=tags)
    def delete_tag(self, name: RepositoryName, tag: Tag) -> None:
        try:
            self.run(delete_manifest(self.registry, CALL, name, tag))
        except ManifestUnknown:
            assert tag not in self.tags[name]
        else:
            del self.tags[name][tag]

    @precondition(lambda self: any(self.manifests.values()))
    @rule(data=st.data(), algorithm=algorithms)
    def delete_by_digest(self, data: st.DataObject, algorithm: Algorithm) -> None:
        name = data.draw(st.sampled_from([name for name in REPOSITORIES if self.manifests[name]]))
        manifest = data.draw(st.sampled_from(sorted(self.manifests[name])))
        try:
            self.run(delete_manifest(self.registry, CALL, name, digest_of(manifest, algorithm)))
        except ManifestUnknown:
            # Only its pusher's name and the canonical one are known; the canonical one always is.
            assert algorithm == "sha512"
            return
        del self.manifests[name][manifest]
        self.tags[name] = {tag: meant for tag, meant in self.tags[name].items() if meant != manifest}

    @rule(name=names, data=blobs)
    def delete_blob(self, name: RepositoryName, data: bytes) -> None:
        digest = digest_of(data)
        needed = any(digest in manifest.decode() for manifest in self.manifests[name])
        try:
            self.run(delete_blob(self.registry, CALL, name, digest))
        except BlobInUse:
            assert needed
        except BlobUnknown:
            assert data not in self.blobs[name]
        else:
            assert not needed
            self.blobs[name].discard(data)

    # What happens to a server

    @rule()
    def restart(self) -> None:
        self.run(self.database.close())
        self.open()

    @rule()
    def restart_without_the_index(self) -> None:
        self.run(self.database.close())
        for file in self.root.glob("index.sqlite*"):
            file.unlink()
        self.open()

    @precondition(lambda self: any(self.tags.values()))
    @rule(data=st.data())
    def a_foreigner_removes_a_tag(self, data: st.DataObject) -> None:
        """As registry:2 on the same volume would."""
        name = data.draw(st.sampled_from([name for name in REPOSITORIES if self.tags[name]]))
        tag = data.draw(st.sampled_from(sorted(self.tags[name])))
        shutil.rmtree(self.registry.content.paths.tag(name, tag))
        del self.tags[name][tag]

    # What must hold

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        if not hasattr(self, "root"):
            return
        held = sorted(name for name in REPOSITORIES if self.manifests[name])
        assert list(self.run(list_repositories(self.registry, CALL, ALL))) == held
        for name in REPOSITORIES:
            self.check(name)

    def check(self, name: RepositoryName) -> None:
        for data in BLOBS:
            held = data in self.blobs[name] or data in self.manifests[name]
            try:
                assert blob_size(self.registry, CALL, name, digest_of(data)) == len(data)
                assert held
            except BlobUnknown:
                assert not held
        for manifest, media_type in self.manifests[name].items():
            found = get_manifest(self.registry, CALL, name, digest_of(manifest))
            assert (found.data, found.media_type) == (manifest, media_type)
        for tag, manifest in self.tags[name].items():
            assert get_manifest(self.registry, CALL, name, tag).data == manifest
        if self.manifests[name] or self.blobs[name]:
            assert list(self.run(list_tags(self.registry, CALL, name, ALL))) == sorted(self.tags[name])
        self.check_referrers(name)

    def check_referrers(self, name: RepositoryName) -> None:
        subjects = [b"", b"\x00", *self.manifests[name]]
        for subject in subjects:
            expected = {
                hashlib.sha256(manifest).hexdigest()
                for manifest in self.manifests[name]
                if json.loads(manifest).get("subject", {}).get("digest") == digest_of(subject)
            }
            found = self.run(list_referrers(self.registry, CALL, name, digest_of(subject), artifact_type="", after=""))
            assert {self.canonical(name, referrer.digest) for referrer in found.entries} == expected

    def canonical(self, name: RepositoryName, digest: Digest) -> str:
        return str(self.registry.content.revision(name, digest)).removeprefix("sha256:")


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
