"""Who is asking when proxies stand between: RFC 7239 and the X-Forwarded-* headers, from trusted peers only."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from homeport.kernel.http.forwarded import Origin, TrustedProxies

PROXIES = TrustedProxies([ipaddress.ip_network("10.42.0.0/16"), ipaddress.ip_network("fd00::/8")])
HOST = {"Host": "own:5000"}


def origin(peer: str, headers: dict[str, str], *, tls: bool = False) -> Origin:
    return PROXIES.origin(peer, tls=tls, headers=CIMultiDict({**HOST, **headers}))


def test_a_stranger_speaks_only_for_itself() -> None:
    lies = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "Forwarded": "for=1.2.3.4;host=evil"}

    assert origin("192.0.2.7", lies) == Origin("192.0.2.7", "http", "own:5000")


def test_without_trusted_networks_nobody_is_trusted() -> None:
    found = TrustedProxies(()).origin("127.0.0.1", tls=True, headers=CIMultiDict({"X-Forwarded-Proto": "http", **HOST}))

    assert found == Origin("127.0.0.1", "https", "own:5000")


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("aws.example", "https"),
        ("bucket.AWS.example", "https"),
        ("aws.example:4566", "http"),
        ("notaws.example", "http"),
        ("aws.example.org", "http"),
        ("", "http"),
    ],
)
def test_a_proxy_that_passes_bytes_on_ends_tls_for_some_hosts(host: str, scheme: str) -> None:
    """Such as a TCP router: it cannot add a header; another way in has another port."""
    proxies = TrustedProxies((), ["aws.example"])

    assert proxies.origin("10.42.0.9", tls=False, headers=CIMultiDict({"Host": host})) == Origin(
        "10.42.0.9", scheme, host
    )


@pytest.mark.parametrize("peer", ["10.42.0.9", "::ffff:10.42.0.9", "fd00::1", ""])
def test_a_trusted_proxy_tells_client_scheme_and_host(peer: str) -> None:
    headers = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "registry.example"}

    assert origin(peer, headers) == Origin("192.0.2.1", "https", "registry.example")


def test_the_nearest_hop_that_is_not_trusted_is_the_client() -> None:
    """Whoever sends X-Forwarded-For itself can only prepend to it."""
    assert origin("10.42.0.9", {"X-Forwarded-For": "6.6.6.6, 192.0.2.1, 10.42.0.3"}).client == "192.0.2.1"


@pytest.mark.parametrize(
    ("text", "client", "scheme", "host"),
    [
        ("for=192.0.2.1;proto=https;host=a.example", "192.0.2.1", "https", "a.example"),
        ('For="[2001:db8::1]:4711";Proto=http', "2001:db8::1", "http", "own:5000"),
        ('for=192.0.2.1:80, for=10.42.0.4;host="b:1"', "192.0.2.1", "http", "b:1"),
    ],
)
def test_forwarded_is_read(text: str, client: str, scheme: str, host: str) -> None:
    assert origin("10.42.0.9", {"Forwarded": text, "X-Forwarded-For": "9.9.9.9"}) == Origin(client, scheme, host)


@pytest.mark.parametrize("host", ["a/b", "a\r\nX: y", "a b", "<script>", "a@b", "[::1", ""])
def test_a_host_that_cannot_stand_in_an_address_is_dropped(host: str) -> None:
    assert origin("10.42.0.9", {"X-Forwarded-Host": host}).host == "own:5000"
    assert PROXIES.origin("1.1.1.1", tls=False, headers=CIMultiDict({"Host": host})).host == ""


@given(st.text(), st.text(), st.text())
def test_whatever_a_proxy_says_there_is_an_origin(forwarded: str, hops: str, proto: str) -> None:
    headers = {"Forwarded": forwarded, "X-Forwarded-For": hops, "X-Forwarded-Proto": proto}

    assert origin("10.42.0.9", headers).scheme in {"http", "https"}
