"""OCI distribution 1.1, end-11: blobs taken over from another repository."""

import pytest
from tests.images import digest_of
from tests.wire import OCTETS_ARGUMENT, Client, target_of, with_query

DATA = b"mounted" * 100
DIGEST = digest_of(DATA)


def test_a_mount_is_a_blob_without_an_upload(registry: Client, name: str, other_name: str) -> None:
    registry.push_blob(other_name, DATA)

    response = registry.post(f"/v2/{name}/blobs/uploads/?mount={DIGEST}&from={other_name}")

    assert response.status == 201
    assert response.header("Docker-Content-Digest") == DIGEST
    assert target_of(response).startswith(f"/v2/{name}/blobs/")
    assert registry.get(target_of(response)).body == DATA


def test_a_mounted_blob_outlives_its_source(registry: Client, name: str, other_name: str) -> None:
    registry.push_blob(other_name, DATA)
    registry.post(f"/v2/{name}/blobs/uploads/?mount={DIGEST}&from={other_name}")

    registry.delete(f"/v2/{other_name}/blobs/{DIGEST}")

    assert registry.get(f"/v2/{name}/blobs/{DIGEST}").body == DATA


def test_a_mount_without_from_finds_a_blob_that_the_user_may_read(registry: Client, name: str, other_name: str) -> None:
    """OCI distribution 1.1: the registry MAY treat `from` as optional; if it does not, it opens a session."""
    data = f"only in {other_name}".encode()
    registry.push_blob(other_name, data)

    response = registry.post(f"/v2/{name}/blobs/uploads/?mount={digest_of(data)}")

    assert response.status == 201
    assert registry.get(f"/v2/{name}/blobs/{digest_of(data)}").body == data


@pytest.mark.parametrize(
    "query",
    [
        f"?mount={digest_of(b'nowhere')}&from={{other}}",
        f"?mount={digest_of(b'nowhere')}",
        f"?mount={DIGEST}&from=no/such/repository",
        f"?mount={DIGEST}&from=NOT%20A%20NAME",
        f"?mount={DIGEST}&from=../../etc",
        "?mount=nonsense&from={other}",
        "?mount=&from=",
    ],
)
def test_a_mount_that_cannot_be_opens_an_ordinary_session(
    registry: Client, name: str, other_name: str, query: str
) -> None:
    registry.push_blob(other_name, b"unrelated")

    response = registry.post(f"/v2/{name}/blobs/uploads/{query.format(other=other_name)}")

    assert response.status == 202
    closing = with_query(target_of(response), digest=DIGEST)
    assert registry.put(closing, DATA, **OCTETS_ARGUMENT).status == 201


def test_a_mount_into_the_same_repository_is_there_already(registry: Client, name: str) -> None:
    registry.push_blob(name, DATA)

    assert registry.post(f"/v2/{name}/blobs/uploads/?mount={DIGEST}&from={name}").status == 201


def test_from_alone_opens_a_session(registry: Client, name: str, other_name: str) -> None:
    assert registry.post(f"/v2/{name}/blobs/uploads/?from={other_name}").status == 202
