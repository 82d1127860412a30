"""kill -9 at any moment: what was acknowledged is there, and nothing is there by half."""

import http.client
import os
import random
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tests.crash.ledger import Ledger, check_volume, make_manifest
from tests.images import OCI_MANIFEST, digest_of, noise
from tests.servers import HomeportProcess, ServerFailedError
from tests.wire import Client, received, target_of, with_query

ROUNDS = 7
LONGEST_ROUND_SECONDS = 0.35
GONE = (ConnectionError, http.client.HTTPException, TimeoutError)
"""What a client sees when its server is killed."""

Step = Callable[[Client, Ledger, random.Random, int], None]


def push_blobs(client: Client, ledger: Ledger, chance: random.Random, number: int) -> None:
    """One blob more, small or large."""
    ledger.push_blob(client, noise(f"{ledger.name} {number}", chance.choice([1, 4096, 400_000])))


def overwrite_tags(client: Client, ledger: Ledger, chance: random.Random, number: int) -> None:
    """One of three tags moves on."""
    ledger.put_manifest(client, f"tag{chance.randrange(3)}", make_manifest(f"{ledger.name} {number}"))


def push_and_delete(client: Client, ledger: Ledger, chance: random.Random, number: int) -> None:
    """Something comes and something goes."""
    data = noise(f"{ledger.name} loose {number}", 5000)
    ledger.push_blob(client, data)
    ledger.put_manifest(client, f"tag{number % 5}", make_manifest(f"{ledger.name} {number}"))
    living = [digest for digest, held in ledger.revisions.items() if held != {None}]
    match chance.randrange(3):
        case 0:
            ledger.delete_blob(client, digest_of(data))
        case 1:
            ledger.delete_tag(client, f"tag{number % 5}")
        case _:
            ledger.delete_manifest(client, chance.choice(living))


def work_until_killed(server: HomeportProcess, ledger: Ledger, step: Step, chance: random.Random, first: int) -> int:
    """Work, and kill the server in the midst of it; the number of the step that was cut off."""
    client, number = server.client(), first
    killer = threading.Timer(chance.uniform(0.01, LONGEST_ROUND_SECONDS), server.kill)
    killer.start()
    try:
        while True:
            step(client, ledger, chance, number)
            number += 1
    except GONE:
        return number
    finally:
        killer.join()


@pytest.mark.parametrize("step", [push_blobs, overwrite_tags, push_and_delete], ids=lambda step: step.__name__)
def test_nothing_acknowledged_is_lost(server: HomeportProcess, step: Step) -> None:
    """A server is killed seven times, at moments chosen by chance with a fixed seed."""
    chance = random.Random(step.__name__)
    ledger = Ledger(f"crash/{step.__name__.replace('_', '-')}")
    server.client().push_blob(ledger.name, b"{}")
    number = 0

    for _ in range(ROUNDS):
        number = work_until_killed(server, ledger, step, chance, number) + 1
        check_volume(server.registry_root)
        ledger.check(server.restart().client())

    assert number > ROUNDS


class TestOneMoment:
    """Kills at moments that chance may miss."""

    DATA = noise("one moment", 600_000)
    DIGEST = digest_of(DATA)

    def half_sent(self, server: HomeportProcess, method: str, target: str, *headers: str) -> None:
        """Begin a request with a body, and kill the server when it has got some of it."""
        client = server.client()
        with client.socket() as connection:
            lines = [f"Content-Length: {len(self.DATA)}", "Expect: 100-continue", *headers]
            connection.sendall(client.head_of(method, target, *lines))
            assert connection.recv(12) == b"HTTP/1.1 100"
            connection.sendall(self.DATA[:300_000])
            server.kill()

    def test_in_the_middle_of_a_patch_the_session_can_be_resumed(self, server: HomeportProcess) -> None:
        client = server.client()
        location = target_of(client.patch(client.start_upload("moment/patch"), self.DATA[:100_000]))

        self.half_sent(server, "PATCH", location)
        client = server.restart().client()

        status = client.get(location)
        kept = received(status)
        assert 100_000 <= kept <= 400_000
        # The bytes of the request that was cut off began at 100,000 again: what was kept of them is not ours.
        assert client.delete(location).status == 204
        assert client.push_blob("moment/patch", self.DATA) == self.DIGEST

    def test_acknowledged_chunks_survive_and_the_upload_goes_on(self, server: HomeportProcess) -> None:
        """OCI distribution, "Resumable Push", over a restart."""
        client = server.client()
        location = client.start_upload("moment/resume")
        location = target_of(client.patch(location, self.DATA[:250_000], content_range="0-249999"))

        server.kill()
        client = server.restart().client()

        status = client.get(location)
        assert status.status == 204
        assert status.header("Range") == "0-249999"
        patched = client.patch(target_of(status), self.DATA[250_000:], content_range="250000-599999")
        assert patched.status == 202
        assert client.put(with_query(target_of(patched), digest=self.DIGEST)).status == 201
        assert client.get(f"/v2/moment/resume/blobs/{self.DIGEST}").body == self.DATA

    def test_a_fresh_session_survives(self, server: HomeportProcess) -> None:
        location = server.client().start_upload("moment/fresh")

        server.kill()
        client = server.restart().client()

        assert client.get(location).status == 204
        assert client.put(with_query(location, digest=self.DIGEST), self.DATA).status == 201

    def test_a_cancelled_session_stays_cancelled(self, server: HomeportProcess) -> None:
        client = server.client()
        location = client.start_upload("moment/cancelled")
        assert client.delete(location).status == 204

        server.kill()

        assert server.restart().client().get(location).status == 404

    def test_in_the_middle_of_a_put_there_is_no_blob(self, server: HomeportProcess) -> None:
        location = server.client().start_upload("moment/put")

        self.half_sent(server, "PUT", with_query(location, digest=self.DIGEST))
        client = server.restart().client()

        check_volume(server.registry_root)
        assert client.head(f"/v2/moment/put/blobs/{self.DIGEST}").status == 404
        assert client.push_blob("moment/put", self.DATA) == self.DIGEST

    def test_in_the_middle_of_a_single_post_there_is_no_blob(self, server: HomeportProcess) -> None:
        self.half_sent(server, "POST", f"/v2/moment/post/blobs/uploads/?digest={self.DIGEST}")
        client = server.restart().client()

        check_volume(server.registry_root)
        assert client.head(f"/v2/moment/post/blobs/{self.DIGEST}").status == 404

    def test_in_the_middle_of_a_manifest_the_tag_stays_where_it_was(self, server: HomeportProcess) -> None:
        client = server.client()
        client.push_blob("moment/tag", b"{}")
        manifest = make_manifest("before")
        client.put_manifest("moment/tag", "v1", manifest)

        self.half_sent(server, "PUT", "/v2/moment/tag/manifests/v1", f"Content-Type: {OCI_MANIFEST}")

        assert server.restart().client().get_manifest("moment/tag", "v1").body == manifest

    def test_right_after_the_answer_everything_is_kept(self, server: HomeportProcess) -> None:
        """The kill comes with the acknowledgement: nothing may be waiting in the process."""
        for number in range(5):
            ledger = Ledger(f"moment/ack{number}")
            client = server.client()
            client.push_blob(ledger.name, b"{}")
            ledger.put_manifest(client, "v1", make_manifest(f"acknowledged {number}"))
            server.kill()
            ledger.check(server.restart().client())


def test_a_crowd_is_cut_off_and_nobody_loses_anything(server: HomeportProcess) -> None:
    """Writes of many clients share a transaction; the kill hits all of them at once."""
    chance = random.Random("crowd")
    ledgers = [Ledger(f"crash/crowd{number}") for number in range(4)]
    for ledger in ledgers:
        server.client().push_blob(ledger.name, b"{}")

    for first in range(0, 4000, 1000):
        cut_off_together(server, ledgers, chance, first)
        check_volume(server.registry_root)
        client = server.restart().client()
        for ledger in ledgers:
            ledger.check(client)


def cut_off_together(server: HomeportProcess, ledgers: list[Ledger], chance: random.Random, first: int) -> None:
    """All work at once, each on its own repository, until the server is killed."""
    client = server.client()
    seeds = [chance.random() for _ in ledgers]

    def work(position: int) -> int:
        own, number = random.Random(seeds[position]), first
        try:
            while True:
                push_and_delete(client, ledgers[position], own, number)
                number += 1
        except GONE:
            return number

    with ThreadPoolExecutor(len(ledgers)) as pool:
        working = [pool.submit(work, position) for position in range(len(ledgers))]
        killer = threading.Timer(chance.uniform(0.2, 0.5), server.kill)
        killer.start()
        killer.join()
        assert sum(each.result() - first for each in working) > 0


def test_killed_while_it_starts_it_starts_again(server: HomeportProcess) -> None:
    ledger = Ledger("crash/starting")
    client = server.client()
    client.push_blob(ledger.name, b"{}")
    for number in range(20):
        ledger.put_manifest(client, f"tag{number}", make_manifest(f"starting {number}"))
    server.kill()

    for seconds in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3):
        killer = threading.Timer(seconds, lambda: os.kill(server.pid, signal.SIGKILL))
        killer.start()
        with suppress(ServerFailedError):
            server.start()
        killer.join()
        server.kill()

    ledger.check(server.start().client())
