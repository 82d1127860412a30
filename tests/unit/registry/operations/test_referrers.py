"""Pages of referrers, OCI distribution, "Listing Referrers"."""

from tests.unit.registry.operations.conftest import APP, CALL, Port

from homeport.registry.model.digest import digest_of
from homeport.registry.operations.listings import list_referrers
from homeport.registry.operations.reconcile import reconcile_all
from homeport.registry.store.index import Referrer

MEBIBYTE = 1 << 20
SUBJECT = digest_of(b"subject")


async def pages(port: Port) -> list[list[Referrer]]:
    found: list[list[Referrer]] = []
    after = ""
    while True:
        page = await list_referrers(port.registry, CALL, APP, SUBJECT, artifact_type="", after=after)
        found.append(list(page.entries))
        if not page.more:
            return found
        after = page.entries[-1].digest


def attach(port: Port, number: int, size_bytes: int) -> None:
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "artifactType": "application/test",
        "manifests": [],
        "subject": {"mediaType": "application/test", "digest": SUBJECT, "size": 7},
        "annotations": {"number": str(number), "padding": "x" * size_bytes},
    }
    port.foreign.manifest(APP, document)


async def test_no_page_is_larger_than_a_manifest_may_be(port: Port) -> None:
    for number in range(5):
        attach(port, number, MEBIBYTE * 3 // 2)
    await reconcile_all(port.registry, lambda _damage: None)

    found = await pages(port)

    assert [len(page) for page in found] == [2, 2, 1]
    assert len({referrer.digest for page in found for referrer in page}) == 5


async def test_one_that_is_larger_than_a_page_gets_a_page_of_its_own(port: Port) -> None:
    for number in range(2):
        attach(port, number, 5 * MEBIBYTE)
    await reconcile_all(port.registry, lambda _damage: None)

    assert [len(page) for page in await pages(port)] == [1, 1]
