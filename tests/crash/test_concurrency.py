"""Many clients at once: nothing is lost, mixed or broken."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.crash.ledger import check_volume, make_manifest
from tests.images import digest_of, noise
from tests.servers import HomeportProcess
from tests.wire import OCTETS_ARGUMENT, Client, with_query

CROWD = 8


def all_at_once(work: Callable[[int], int], crowd: int = CROWD) -> list[int]:
    """The same work from many threads, begun together."""
    gate = threading.Barrier(crowd)

    def begin(number: int) -> int:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(begin, range(crowd)))


def test_one_blob_pushed_by_many_at_once_is_one_blob(server: HomeportProcess) -> None:
    data = noise("crowd", 2_000_000)
    client = server.client()
    locations = [client.start_upload(f"crowd/r{number % 2}") for number in range(CROWD)]

    def push(number: int) -> int:
        return client.put(with_query(locations[number], digest=digest_of(data)), data, **OCTETS_ARGUMENT).status

    assert all_at_once(push) == [201] * CROWD

    check_volume(server.registry_root)
    assert all(client.get(f"/v2/crowd/r{number}/blobs/{digest_of(data)}").body == data for number in range(2))
    assert len(list(server.registry_root.glob(f"**/{digest_of(data)[7:]}/data"))) == 1


def test_one_session_written_by_many_at_once_is_never_mixed(server: HomeportProcess) -> None:
    client = server.client()
    location = client.start_upload("crowd/session")
    pieces = [noise(f"piece {number}", 200_000) for number in range(CROWD)]

    def patch(number: int) -> int:
        return client.patch(location, pieces[number], content_range="0-199999").status

    statuses = all_at_once(patch)

    assert statuses.count(202) == 1
    assert set(statuses) <= {202, 409, 416, 423}
    winner = pieces[statuses.index(202)]
    assert client.put(with_query(location, digest=digest_of(winner))).status == 201
    assert client.get(f"/v2/crowd/session/blobs/{digest_of(winner)}").body == winner


def test_one_session_closed_by_many_at_once_is_closed_once_or_equally(server: HomeportProcess) -> None:
    client = server.client()
    data = noise("closing", 200_000)
    location = client.start_upload("crowd/closing")
    client.patch(location, data)

    statuses = all_at_once(lambda _: client.put(with_query(location, digest=digest_of(data))).status)

    assert 201 in statuses
    assert set(statuses) <= {201, 404, 409}
    assert client.get(f"/v2/crowd/closing/blobs/{digest_of(data)}").body == data


def test_hundreds_of_tag_overwrites_never_show_a_gap(server: HomeportProcess) -> None:
    """Whoever reads the tag meanwhile gets one of the manifests, whole."""
    client = server.client()
    client.push_blob("crowd/tag", b"{}")
    manifests = [make_manifest(f"version {number}") for number in range(CROWD)]
    client.put_manifest("crowd/tag", "latest", manifests[0])
    finished = threading.Event()

    def overwrite(number: int) -> int:
        return max(client.put_manifest("crowd/tag", "latest", manifests[number]).status for _ in range(40))

    def read() -> set[bytes]:
        seen = set()
        while not finished.is_set():
            response = client.get_manifest("crowd/tag", "latest")
            assert response.status == 200
            seen.add(response.body)
        return seen

    with ThreadPoolExecutor(2) as readers:
        reading = [readers.submit(read) for _ in range(2)]
        try:
            statuses = all_at_once(overwrite)
        finally:
            finished.set()
        seen = set.union(*[each.result() for each in reading])

    assert statuses == [201] * CROWD
    assert seen <= set(manifests)
    assert all(client.get_manifest("crowd/tag", digest_of(each)).body == each for each in manifests)
    last = client.get_manifest("crowd/tag", "latest").body
    server.kill()
    assert server.restart().client().get_manifest("crowd/tag", "latest").body == last


def test_many_tags_at_once_are_all_there(server: HomeportProcess) -> None:
    client = server.client()
    client.push_blob("crowd/many", b"{}")

    def push(number: int) -> int:
        return max(
            client.put_manifest("crowd/many", f"t{number}-{each}", make_manifest(f"{number} {each}")).status
            for each in range(25)
        )

    assert all_at_once(push) == [201] * CROWD

    expected = sorted(f"t{number}-{each}" for number in range(CROWD) for each in range(25))
    assert client.get("/v2/crowd/many/tags/list?n=1000").strings("tags") == expected


def push_against(client: Client, data: bytes, number: int) -> bool:
    """Push a blob and at once a manifest that names it; whether it was taken."""
    client.push_blob("crowd/race", data)
    manifest = make_manifest(f"race {number}", data)
    response = client.put_manifest("crowd/race", f"r{number}", manifest)
    if response.status == 201:
        return True
    assert response.problem().code == "MANIFEST_BLOB_UNKNOWN"
    return False


def test_a_manifest_that_was_taken_keeps_its_blobs_against_deleters(server: HomeportProcess) -> None:
    """Distribution checks the manifest, deletes the blob, and serves a broken image."""
    client = server.client()
    client.push_blob("crowd/race", b"{}")
    rounds = 40
    layers = [noise(f"race {number}", 1000) for number in range(rounds)]
    finished = threading.Event()

    def delete() -> set[int]:
        statuses = set()
        while not finished.is_set():
            for layer in layers:
                statuses.add(client.delete(f"/v2/crowd/race/blobs/{digest_of(layer)}").status)
        return statuses

    with ThreadPoolExecutor(2) as deleters:
        deleting = [deleters.submit(delete) for _ in range(2)]
        try:
            taken = [number for number in range(rounds) if push_against(client, layers[number], number)]
        finally:
            finished.set()
        statuses = set.union(*[each.result() for each in deleting])

    assert statuses <= {202, 404, 405, 409}
    for number in taken:
        assert client.get(f"/v2/crowd/race/blobs/{digest_of(layers[number])}").body == layers[number]


def test_pulls_while_the_image_is_deleted_are_whole_or_404(server: HomeportProcess) -> None:
    client = server.client()
    data = noise("pulled while deleted", 3_000_000)
    target = f"/v2/crowd/pulled/blobs/{digest_of(data)}"
    client.push_blob("crowd/pulled", data)

    def pull_or_delete(number: int) -> int:
        if number == 0:
            return client.delete(target).status
        response = client.get(target)
        assert response.status == 404 or response.body == data
        return response.status

    statuses = all_at_once(pull_or_delete)

    assert statuses[0] == 202
    assert set(statuses[1:]) <= {200, 404}
