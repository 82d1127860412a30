"""Slow, idle and too many clients: limits in time and number that cost nobody else anything."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest
from tests.images import digest_of, noise
from tests.servers import HomeportProcess
from tests.wire import Client, read_responses, received, with_query

Start = Callable[[Mapping[str, str]], HomeportProcess]
TRIES = 50
DATA = noise("limits", 100_000)


@pytest.fixture
def hasty(homeport: Start) -> Client:
    """A Homeport that waits half a second for everything."""
    settings = {"http.header_timeout": "500ms", "http.idle_timeout": "500ms", "http.body_timeout": "500ms"}
    return homeport(settings).client()


@pytest.fixture
def connection(hasty: Client) -> Iterator[socket.socket]:
    """A connection to it."""
    with hasty.socket() as opened:
        yield opened


def test_a_head_that_never_ends_is_given_up(hasty: Client, connection: socket.socket) -> None:
    """Slow loris: one byte now and then must not keep a connection for ever."""
    connection.sendall(hasty.head_of("GET", "/v2/")[:-4])

    assert [response.status for response in read_responses(connection)] in ([], [408])


def test_a_connection_without_a_byte_is_given_up(connection: socket.socket) -> None:
    assert connection.recv(1) == b""


def test_an_idle_connection_is_closed_after_its_answer(hasty: Client, connection: socket.socket) -> None:
    connection.sendall(hasty.head_of("GET", "/v2/"))

    assert [response.status for response in read_responses(connection, count=2)] == [200]


def test_a_body_that_stalls_is_given_up_and_the_session_is_free(hasty: Client, connection: socket.socket) -> None:
    location = hasty.start_upload("limits/stalled")
    connection.sendall(hasty.head_of("PATCH", location, f"Content-Length: {len(DATA)}") + DATA[:50_000])

    assert [response.status for response in read_responses(connection)] in ([], [408])

    status = hasty.get(location)
    kept = received(status) if received(status) > 1 else 0
    assert hasty.patch(location, DATA[kept:]).status == 202
    assert hasty.put(with_query(location, digest=digest_of(DATA))).status == 201


def test_a_body_in_drops_that_never_stalls_may_take_longer_than_the_limit(
    hasty: Client, connection: socket.socket
) -> None:
    """The limit is on pauses, not on the whole: large layers over thin lines take hours."""
    target = with_query(hasty.start_upload("limits/slow"), digest=digest_of(DATA[:8]))
    connection.settimeout(0.2)
    connection.sendall(hasty.head_of("PUT", target, "Content-Length: 8"))

    for at in range(8):
        # A read that times out is the pause: 0.2 s, of which eight are far more than the limit.
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(DATA[at : at + 1])

    connection.settimeout(10)
    assert [response.status for response in read_responses(connection)] == [201]


def test_a_reader_that_stalls_does_not_hold_the_server_up(hasty: Client) -> None:
    data = noise("unread", 20_000_000)
    digest = hasty.push_blob("limits/unread", data)

    with hasty.socket() as stalled:
        stalled.sendall(hasty.head_of("GET", f"/v2/limits/unread/blobs/{digest}"))
        assert stalled.recv(12) == b"HTTP/1.1 200"
        assert hasty.get(f"/v2/limits/unread/blobs/{digest}").body == data


def test_too_many_connections_are_turned_away_with_503(homeport: Start) -> None:
    client = homeport({"http.max_connections": "20"}).client()
    with ExitStack() as stack:
        for _ in range(20):
            held = stack.enter_context(client.socket())
            held.sendall(client.head_of("GET", "/v2/"))
            assert [response.status for response in read_responses(held)] == [200]

        responses = client.raw(client.head_of("GET", "/v2/"))

        assert [response.status for response in responses] in ([], [503])
    # The server learns of the hung-up connections when its loop comes to them, which may be after the next one.
    statuses = [client.get("/v2/").status for _ in range(TRIES)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200
