"""What another program writes to the volume counts, though the index has not seen it."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.registry.operations.conftest import APP, CALL, Port

from homeport.registry.errors import BlobInUse, NameUnknown, Unavailable
from homeport.registry.model.digest import digest_of
from homeport.registry.model.names import RepositoryName, Tag
from homeport.registry.model.pagination import Page
from homeport.registry.operations.blobs import delete_blob
from homeport.registry.operations.listings import list_referrers, list_repositories, list_tags
from homeport.registry.operations.manifests import delete_manifest, get_manifest
from homeport.registry.operations.reconcile import reconcile_all
from homeport.registry.store.scan import Damage

EVERYTHING = Page(None, "")


async def test_a_manifests_deletion_takes_every_tag_along(port: Port) -> None:
    digest = port.foreign.image(APP, "v1", layers=[])
    assert list(await list_tags(port.registry, CALL, APP, EVERYTHING)) == ["v1"]
    port.foreign.content.set_tag(APP, Tag("v2"), digest)

    await delete_manifest(port.registry, CALL, APP, digest)

    assert list(await list_tags(port.registry, CALL, APP, EVERYTHING)) == []
    assert port.registry.content.tag(APP, Tag("v2")) is None


async def test_a_tag_is_listed_though_it_is_called_as_registry_3_calls_its_temporary_files(port: Port) -> None:
    port.foreign.image(APP, "nightly.tmp", layers=[])

    assert list(await list_tags(port.registry, CALL, APP, EVERYTHING)) == ["nightly.tmp"]


async def test_a_blob_that_a_foreign_manifest_needs_stays(port: Port) -> None:
    layer = await port.push(b"layer")
    port.foreign.image(APP, "v1", layers=[layer])

    with pytest.raises(BlobInUse):
        await delete_blob(port.registry, CALL, APP, layer)


async def test_asking_for_what_is_not_there_leaves_no_trace(port: Port) -> None:
    name = RepositoryName("ghost")

    with pytest.raises(NameUnknown):
        await list_tags(port.registry, CALL, name, EVERYTHING)
    page = await list_referrers(port.registry, CALL, name, digest_of(b""), artifact_type="", after="")

    assert list(page.entries) == []
    assert await port.registry.index.stamps() == {}
    assert await port.registry.index.statistics() == []


async def test_lists_do_not_wait_for_ever_for_the_index(port: Port) -> None:
    port.registry.indexed.clear()
    port.registry.index_patience_seconds = 0.01

    for asked in (
        list_repositories(port.registry, CALL, EVERYTHING),
        list_tags(port.registry, CALL, APP, EVERYTHING),
        delete_manifest(port.registry, CALL, APP, Tag("v1")),
    ):
        with pytest.raises(Unavailable):
            await asked


async def test_a_repository_of_blobs_alone_is_taken_into_the_index(port: Port) -> None:
    layer = port.foreign.blob(APP, b"layer")

    await reconcile_all(port.registry, lambda _damage: None)

    assert await port.registry.index.holders_of(layer) == [APP]


@pytest.mark.parametrize("where", ["_manifests", "_layers", "_manifests/tags", "_manifests/revisions/sha256"])
async def test_a_damaged_repository_keeps_no_other_from_being_indexed(port: Port, where: str) -> None:
    port.foreign.image("zebra", "v1", layers=[])
    broken = Path(port.foreign.paths.repository(APP)) / where
    broken.parent.mkdir(parents=True)
    broken.write_text("a file where a directory should be")

    await reconcile_all(port.registry, lambda _damage: None)

    assert list(await list_repositories(port.registry, CALL, EVERYTHING)) == ["zebra"]
    assert list(await list_tags(port.registry, CALL, RepositoryName("zebra"), EVERYTHING)) == ["v1"]


async def test_a_manifest_that_cannot_be_read_is_told_and_the_others_are_indexed(port: Port) -> None:
    digest = port.foreign.image(APP, "v1", layers=[])
    port.foreign.image(APP, "v2", layers=[], mark="other")
    data = Path(port.foreign.paths.blob(digest))
    data.unlink()
    data.symlink_to(data)
    damage: list[Damage] = []

    await reconcile_all(port.registry, damage.append)

    assert str(data) in {each.path for each in damage}
    assert list(await list_tags(port.registry, CALL, APP, EVERYTHING)) == ["v1", "v2"]
    assert list(await list_repositories(port.registry, CALL, EVERYTHING)) == [APP]


async def test_many_who_find_the_index_out_of_date_read_the_repository_once(port: Port) -> None:
    port.foreign.image(APP, "v1", layers=[])
    link = Path(port.foreign.paths.tag_current_link(APP, Tag("broken")))
    link.parent.mkdir(parents=True)
    link.touch()
    damage: list[Damage] = []

    changed = await asyncio.gather(*(reconcile_all(port.registry, damage.append) for _ in range(5)))

    assert sum(changed) == 1
    assert [each.path for each in damage] == [str(link)]


async def test_a_scan_does_not_push_out_what_is_being_pulled(port: Port) -> None:
    """What is in memory belongs to the event loop; scans run in threads."""
    digest = port.foreign.image(APP, "v1", layers=[])
    pulled = get_manifest(port.registry, CALL, APP, digest)
    for number in range(40):
        port.foreign.manifest(APP, {"schemaVersion": 2, "number": number, "padding": "x" * 500_000})
    await reconcile_all(port.registry, lambda _damage: None)
    Path(port.foreign.paths.blob(digest)).unlink()

    assert get_manifest(port.registry, CALL, APP, digest) == pulled
