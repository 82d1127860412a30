"""Garbage collection on volumes of any shape: what is reachable survives byte for byte, and nothing is a surprise."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.registry.volumes import CONFIG_TYPE, LAYER_TYPE, Volume, descriptor, subject_of

from homeport.registry.collect.errors import CollectionFailed
from homeport.registry.collect.plan import Plan
from homeport.registry.collect.run import Options, collect_garbage
from homeport.registry.model.digest import Digest, digest_of, from_key
from homeport.registry.model.media_types import OCI_IMAGE, OCI_INDEX
from homeport.registry.model.names import parse_repository, parse_tag

REPOSITORIES = ["a", "a/b", "c"]
Step = tuple[str, int, int, int, bool]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["blob", "image", "image", "index", "index", "referrer", "mount", "delete", "untag"]),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.integers(0, 30),
        st.integers(0, 30),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Manifest:
    """What a manifest of the model refers to; `canonical` is where its bytes lie."""

    canonical: Digest
    needs: list[Digest]
    subject: Digest | None = None


@dataclass
class Model:
    """What was pushed, told independently of the code under test.

    Attributes:
        contents: bytes by canonical digest.
        canonical: canonical digest by any digest.
        manifests: by repository and canonical digest.
        tags: canonical digest by repository and tag.
    """

    volume: Volume
    contents: dict[Digest, bytes] = field(default_factory=dict)
    canonical: dict[Digest, Digest] = field(default_factory=dict)
    blobs: dict[str, list[Digest]] = field(default_factory=lambda: {name: [] for name in REPOSITORIES})
    manifests: dict[str, dict[Digest, Manifest]] = field(default_factory=lambda: {name: {} for name in REPOSITORIES})
    tags: dict[str, dict[str, Digest]] = field(default_factory=lambda: {name: {} for name in REPOSITORIES})

    def take(self, step: Step) -> None:
        verb, repository, one, two, flag = step
        name = REPOSITORIES[repository]
        match verb:
            case "blob":
                self._blob(name, f"blob {one}".encode(), wide=flag)
            case "image":
                self._image(name, one, two, tag=f"t{two % 4}" if flag else None)
            case "index":
                self._index(name, one, two, tag=f"t{two % 4}" if flag else None)
            case "referrer":
                known = list(self.manifests[name])
                subject = known[one % len(known)] if known else digest_of(b"nobody")
                self._image(name, one, two, tag=None, subject=subject, wide=flag)
            case "mount":
                self._mount(name, REPOSITORIES[one % 3], two)
            case "delete":
                self._delete(name, one)
            case _:
                self.volume.untag(name, f"t{one % 4}")
                self.tags[name].pop(f"t{one % 4}", None)

    def _remember(self, data: bytes, *digests: Digest) -> Digest:
        canonical = digest_of(data)
        self.contents[canonical] = data
        self.canonical.update(dict.fromkeys((canonical, *digests), canonical))
        return canonical

    def _blob(self, name: str, data: bytes, *, wide: bool) -> Digest:
        digest = self.volume.blob(name, data, "sha512" if wide else "sha256")
        self._remember(data, digest)
        self.blobs[name].append(digest)
        return digest

    def _image(
        self, name: str, one: int, two: int, *, tag: str | None, subject: Digest | None = None, wide: bool = False
    ) -> None:
        layers = [self.blobs[name][index % len(self.blobs[name])] for index in (one, two) if self.blobs[name]]
        config = self._blob(name, json.dumps({"config": [one, two]}).encode(), wide=False)
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE,
            "config": descriptor(CONFIG_TYPE, config),
            "layers": [descriptor(LAYER_TYPE, layer) for layer in layers],
        }
        self._put(name, document | subject_of(subject), [config, *layers], tag, subject, wide=wide)

    def _index(self, name: str, one: int, two: int, *, tag: str | None) -> None:
        known = list(self.manifests[name])
        children = [known[index % len(known)] for index in (one, two) if known]
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [descriptor(OCI_IMAGE, child) for child in children],
            "annotations": {"n": str(one)},
        }
        self._put(name, document, children, tag, None, wide=False)

    def _put(
        self, name: str, document: object, needs: list[Digest], tag: str | None, subject: Digest | None, *, wide: bool
    ) -> None:
        digest = self.volume.manifest(name, document, *([tag] if tag else []), algorithm="sha512" if wide else "sha256")
        canonical = self._remember(json.dumps(document).encode(), digest)
        self.manifests[name][canonical] = Manifest(canonical, needs, subject)
        if tag:
            self.tags[name][tag] = canonical

    def _mount(self, name: str, source: str, which: int) -> None:
        if self.blobs[source]:
            digest = self.blobs[source][which % len(self.blobs[source])]
            self.volume.content.link_layer(parse_repository(name), digest, self.canonical[digest])
            self.blobs[name].append(digest)

    def _delete(self, name: str, which: int) -> None:
        """Delete a manifest by digest, and every tag that means it, as clients do."""
        known = list(self.manifests[name])
        if not known:
            return
        doomed = known[which % len(known)]
        self.volume.delete_manifest(name, doomed)
        del self.manifests[name][doomed]
        for tag in [tag for tag, digest in self.tags[name].items() if digest == doomed]:
            self.volume.untag(name, tag)
            del self.tags[name][tag]

    def living(self, *, untagged_die: bool) -> tuple[set[tuple[str, Digest]], set[Digest]]:
        """The manifests that must survive, by repository, and all bytes that must."""
        everything = {(name, digest) for name in REPOSITORIES for digest in self.manifests[name]}
        if not untagged_die:
            return everything, self._bytes_of(everything)
        alive = {(name, digest) for name in REPOSITORIES for digest in self.tags[name].values()}
        while True:
            reached = self._bytes_of(alive)
            more = {
                (name, digest)
                for name, digest in everything - alive
                if digest in reached or self._subject_lives(name, digest, reached)
            }
            if not more:
                return alive, reached
            alive |= more

    def _subject_lives(self, name: str, digest: Digest, reached: set[Digest]) -> bool:
        subject = self.manifests[name][digest].subject
        return subject is not None and subject in self.manifests[name] and subject in reached

    def _bytes_of(self, manifests: Iterable[tuple[str, Digest]]) -> set[Digest]:
        reached: set[Digest] = set()
        pending = [digest for _, digest in manifests]
        while pending:
            canonical = self.canonical.get(pending[-1], pending.pop())
            if canonical not in reached:
                reached.add(canonical)
                pending += self._needs(canonical)
        return reached

    def _needs(self, canonical: Digest) -> list[Digest]:
        data = json.loads(self.contents[canonical]) if self.contents[canonical].startswith(b'{"schemaVersion"') else {}
        found = [data.get("config"), *data.get("layers", []), *data.get("manifests", [])]
        return [Digest(item["digest"]) for item in found if item]


def collect(volume: Volume, *, dry_run: bool, untagged: bool) -> Plan:
    ignore = list[str]().append
    return collect_garbage(volume.root, Options(dry_run=dry_run, delete_untagged=untagged), out=ignore, log=ignore)


def fill(folder: str, steps: list[Step]) -> Model:
    model = Model(Volume(Path(folder) / "registry"))
    for step in steps:
        model.take(step)
    return model


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.booleans())
def test_what_is_reachable_survives_and_a_dry_run_foretells_the_rest(steps: list[Step], untagged: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = fill(folder, steps)
        volume = model.volume
        before = volume.snapshot()
        alive, needed = model.living(untagged_die=bool(untagged))

        foretold = collect(volume, dry_run=True, untagged=bool(untagged))
        assert volume.snapshot() == before
        done = collect(volume, dry_run=False, untagged=bool(untagged))

        after = volume.snapshot()
        assert done == foretold
        assert after.items() <= before.items()
        for name, digest in alive:
            assert volume.pulls(name, digest) == model.contents[digest]
        for name in REPOSITORIES:
            for tag, digest in model.tags[name].items():
                assert volume.pulls(name, tag) == model.contents[digest]
        gone = {from_key(key) for key in foretold.blobs}
        assert gone == {digest for digest in model.contents if digest not in needed}
        for digest, data in model.contents.items():
            path = Path(volume.paths.blob(digest))
            assert (path.read_bytes() if path.exists() else None) == (None if digest in gone else data)
        assert collect(volume, dry_run=False, untagged=bool(untagged)).blobs == ()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.booleans(), st.integers(0, 10_000), st.sampled_from([b"", b"{}", b"sha256:", None]))
def test_on_a_damaged_volume_nothing_that_was_reachable_is_lost(
    steps: list[Step], untagged: object, where: int, damage: bytes | None
) -> None:
    """One file is emptied, overwritten or removed; the collection refuses, or does no harm beyond that."""
    with tempfile.TemporaryDirectory() as folder:
        model = fill(folder, steps)
        volume = model.volume
        files = sorted(volume.snapshot())
        if not files:
            return
        victim = volume.root / files[where % len(files)]
        removed_from_tree = damage is None and victim.name == "link" and "_manifests" in victim.parts
        if damage is None:
            victim.unlink()
        else:
            victim.write_bytes(damage)
        before = volume.snapshot()
        _, needed = model.living(untagged_die=bool(untagged))

        try:
            plan = collect(volume, dry_run=False, untagged=bool(untagged))
        except CollectionFailed:
            assert volume.snapshot() == before
            return
        gone = {from_key(key) for key in plan.blobs}
        # To remove a manifest's or a tag's link is to delete it: what only it needed is garbage from then on.
        if not removed_from_tree:
            assert gone.isdisjoint(needed)


def test_a_tag_s_current_link_is_what_decides() -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = fill(folder, [("image", 0, 1, 0, True), ("image", 0, 2, 0, True)])

        collect(model.volume, dry_run=False, untagged=True)

        assert len(model.manifests["a"]) == 2
        assert [digest for digest in model.manifests["a"] if model.volume.pulls("a", digest)] == [model.tags["a"]["t0"]]
        assert model.volume.content.tag(parse_repository("a"), parse_tag("t0")) == model.tags["a"]["t0"]


@pytest.mark.parametrize("untagged", [False, True])
def test_the_model_itself_knows_a_referrer_from_garbage(*, untagged: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = fill(folder, [("image", 0, 1, 0, True), ("referrer", 0, 0, 5, False), ("image", 0, 9, 1, False)])
        alive, _ = model.living(untagged_die=untagged)

        assert len(alive) == (2 if untagged else 3)
