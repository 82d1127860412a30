"""SIGTERM: what has begun is finished, what has not is refused, and what takes too long can be resumed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.images import digest_of, noise
from tests.servers import HomeportProcess, ServerFailedError
from tests.wire import Client, read_responses, received, with_query

DATA = noise("stopped", 400_000)
DIGEST = digest_of(DATA)


@contextmanager
def half_sent(client: Client, target: str, method: str = "PUT") -> Iterator[socket.socket]:
    """A request whose body the server has begun to read."""
    with client.socket() as connection:
        lines = [f"Content-Length: {len(DATA)}", "Expect: 100-continue"]
        connection.sendall(client.head_of(method, target, *lines))
        assert [response.status for response in read_responses(connection)] == [100]
        connection.sendall(DATA[:200_000])
        yield connection


def test_a_running_upload_is_finished_before_the_end(server: HomeportProcess) -> None:
    client = server.client()
    target = with_query(client.start_upload("stop/finish"), digest=DIGEST)
    with half_sent(client, target) as connection:
        os.kill(server.pid, signal.SIGTERM)
        connection.sendall(DATA[200_000:])

        assert [response.status for response in read_responses(connection)] == [201]

    assert server.wait() == 0
    assert server.restart().client().get(f"/v2/stop/finish/blobs/{DIGEST}").body == DATA


def test_an_idle_connection_does_not_hold_the_server_up(server: HomeportProcess) -> None:
    client = server.client()
    with client.socket() as connection:
        connection.sendall(client.head_of("GET", "/v2/"))
        assert [response.status for response in read_responses(connection)] == [200]

        assert server.stop() == 0

        assert connection.recv(1) == b""


def test_whoever_comes_while_it_stops_is_turned_away(server: HomeportProcess) -> None:
    client = server.client()
    target = with_query(client.start_upload("stop/late"), digest=DIGEST)
    with half_sent(client, target) as connection:
        os.kill(server.pid, signal.SIGTERM)
        # The log says that the signal was seen; then nobody new is let in.
        await_in_log(server, "stopping")
        with pytest.raises(ConnectionError):
            client.get("/v2/")
        connection.sendall(DATA[200_000:])
        assert [response.status for response in read_responses(connection)] == [201]

    assert server.wait() == 0


def await_in_log(server: HomeportProcess, word: str) -> None:
    """Until the server has written a word."""
    with server.log.open() as log:
        while word not in log.read():
            assert server.is_running()


def test_what_takes_too_long_is_cut_off_and_can_be_resumed(tmp_path: Path) -> None:
    server = HomeportProcess.on(tmp_path / "data", settings={"http.drain": "500ms"}).start()
    client = server.client()
    location = client.start_upload("stop/slow")
    with half_sent(client, location, "PATCH"):
        assert server.stop() in {0, 1}

    client = server.restart().client()
    try:
        status = client.get(location)
        kept = received(status)
        assert kept == 1 or kept <= 200_000
        rest = client.patch(location, DATA[kept if kept > 1 else 0 :])
        assert rest.status == 202
        assert client.put(with_query(location, digest=DIGEST)).status == 201
    finally:
        server.stop()


def test_the_second_signal_stops_at_once(server: HomeportProcess) -> None:
    client = server.client()
    target = with_query(client.start_upload("stop/twice"), digest=DIGEST)
    with half_sent(client, target) as connection:
        os.kill(server.pid, signal.SIGTERM)
        await_in_log(server, "stopping")
        os.kill(server.pid, signal.SIGTERM)

        server.wait()

        assert read_responses(connection) == []
    client = server.restart().client()
    assert client.head(f"/v2/stop/twice/blobs/{DIGEST}").status == 404


def test_who_has_just_learned_that_the_server_is_there_can_stop_it(tmp_path: Path) -> None:
    note = tmp_path / "data" / "run" / "homeport.json"
    command = [sys.executable, "-m", "homeport", "up", "--data-dir", str(tmp_path / "data"), "--listen-aws", ""]
    command += ["--listen-registry", "127.0.0.1:0", "--listen-debug", ""]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 30
            while not note.exists() and time.monotonic() < deadline:
                time.sleep(0.0005)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert not note.exists()


def test_two_servers_cannot_share_a_directory(server: HomeportProcess) -> None:
    second = HomeportProcess.on(server.data_dir)
    second.log = server.log.with_name("second.log")

    with pytest.raises(ServerFailedError, match="exited with 1"):
        second.start()

    assert str(server.pid) in second.log_tail() or "already" in second.log_tail()
    assert "Traceback" not in second.log_tail()
    assert server.client().get("/v2/").status == 200
