"""Where a registry can be reached, and what it says of it: proxies, public URLs, sockets, IPv6."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.servers import HomeportProcess
from tests.wire import Client, read_responses

Start = Callable[[Mapping[str, str]], HomeportProcess]
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "registry.example", "X-Forwarded-For": "203.0.113.7"}


def location(client: Client, headers: Mapping[str, str]) -> str:
    """Where an upload session is said to be."""
    response = client.request("POST", "/v2/where/is/blobs/uploads/", headers=headers)
    assert response.status == 202
    return response.header("Location")


def test_locations_are_relative_by_default(homeport: Start) -> None:
    """containerd drops its password when a Location names another scheme or host than it asked."""
    client = homeport({"http.trusted_proxies": "127.0.0.0/8"}).client()

    assert location(client, {}).startswith("/v2/where/is/blobs/uploads/")
    assert location(client, FORWARDED).startswith("/v2/where/is/blobs/uploads/")


def test_absolute_locations_say_what_a_trusted_proxy_says(homeport: Start) -> None:
    client = homeport({"registry.relative_urls": "false", "http.trusted_proxies": "127.0.0.0/8"}).client()

    assert location(client, FORWARDED).startswith("https://registry.example/v2/where/is/blobs/uploads/")
    assert location(client, {"Forwarded": 'for=203.0.113.7;proto=https;host="other.example:8443"'}).startswith(
        "https://other.example:8443/v2/"
    )
    assert location(client, {}).startswith(f"http://{client.netloc}/v2/")


def test_absolute_locations_do_not_believe_strangers(homeport: Start) -> None:
    client = homeport({"registry.relative_urls": "false"}).client()

    assert location(client, FORWARDED).startswith(f"http://{client.netloc}/v2/")


@pytest.mark.parametrize("host", ['a"b', "a b", "evil.example/path", "evil.example\\", "user@evil.example", "[::1"])
def test_a_host_that_is_none_does_not_get_into_a_location(homeport: Start, host: str) -> None:
    client = homeport({"registry.relative_urls": "false", "http.trusted_proxies": "127.0.0.0/8"}).client()

    response = client.request(
        "POST", "/v2/where/is/blobs/uploads/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": host}
    )

    assert response.status in {202, 400}
    assert host not in (response.headers["Location"] or "")


def test_a_public_url_goes_over_everything(homeport: Start) -> None:
    settings = {"registry.public_url": "https://public.example:5443", "registry.relative_urls": "false"}

    assert location(homeport(settings).client(), FORWARDED).startswith("https://public.example:5443/v2/")


def test_a_unix_socket_serves_the_same_registry(homeport: Start, tmp_path: Path) -> None:
    path = tmp_path / "s"
    client = homeport({"listen.registry": f"127.0.0.1:0,unix:{path}"}).client()
    digest = client.push_blob("by/socket", b"through TCP")

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(client.head_of("GET", f"/v2/by/socket/blobs/{digest}"))
        assert [response.body for response in read_responses(connection)] == [b"through TCP"]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
def test_ipv6_serves_the_same_registry(homeport: Start) -> None:
    server = homeport({"listen.registry": "[::1]:0"})

    assert server.base_url.startswith("http://[::1]:")
    assert server.client().push_blob("by/six", b"through IPv6")


class TestDebugListener:
    """Health and metrics, on a listener of their own."""

    def test_health_is_200_while_all_is_well(self, homeport: Start) -> None:
        server = homeport({})

        assert Client(server.debug_url).get("/debug/health").status == 200

    def test_metrics_bear_distributions_names(self, homeport: Start) -> None:
        """Dashboards made for registry:2 must find their numbers."""
        server = homeport({})
        client = server.client()
        client.push_blob("by/metrics", b"counted")
        client.get("/v2/by/metrics/manifests/none")

        text = Client(server.debug_url).get("/metrics").body.decode()

        counted = [line for line in text.splitlines() if line.startswith("registry_http_requests_total{")]
        labels = {frozenset(line.partition("{")[2].partition("}")[0].split(",")) for line in counted}
        assert {'handler="manifest"', 'code="404"', 'method="get"'} in labels
        for name in ("requests_total", "in_flight_requests", "request_duration_seconds", "response_size_bytes"):
            assert f"# TYPE registry_http_{name}" in text
        assert "# TYPE registry_storage_action_seconds histogram" in text

    def test_the_registry_listener_shows_neither(self, homeport: Start) -> None:
        guest = homeport({}).client().anonymous()

        assert guest.get("/metrics").status == 404
        assert guest.get("/debug/health").status == 404
