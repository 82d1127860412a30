"""Which names a certificate is made out for."""

import ipaddress

import pytest

from homeport.kernel.tls.names import (
    BadCertificateName,
    _from_fib_trie,
    _from_if_inet6,
    certificate_names,
    parse_name,
)


def test_loopback_is_always_among_them_and_no_name_twice() -> None:
    names = certificate_names(["Registry.LAN.", "localhost", "127.0.0.1", "[fd00::20]"])

    assert names[:4] == ("registry.lan", "localhost", "127.0.0.1", "fd00::20")
    assert "::1" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("registry.lan", "registry.lan"),
        (" *.LAN ", "*.lan"),
        ("bücher.lan", "xn--bcher-kva.lan"),
        ("under_score", "under_score"),
        ("192.168.1.20", ipaddress.ip_address("192.168.1.20")),
        ("[fd00::0020]", ipaddress.ip_address("fd00::20")),
        ("1.home", "1.home"),
    ],
)
def test_names_and_addresses_are_read(text: str, name: object) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "*",
        "a..b",
        "a*.lan",
        "https://registry.lan",
        "registry.lan:5000",
        "192.168.1.300",
        "-a.lan",
        "a b",
        "a\0b",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "ü" * 70,
        "\ud800.lan",
        "a/b",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadCertificateName):
        parse_name(text)


def test_linux_s_table_of_local_ipv4_addresses_is_read() -> None:
    table = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.0.0/24 2 0 2
        |-- 10.1.0.0
           /24 link UNICAST
        |-- 10.1.0.7
           /32 host LOCAL
        |-- 10.1.0.255
           /32 link BROADCAST
"""

    assert list(_from_fib_trie(table)) == [ipaddress.ip_address("10.1.0.7")]
    assert list(_from_fib_trie("")) == []


def test_linux_s_table_of_ipv6_addresses_is_read_without_temporary_ones() -> None:
    table = (
        "fd000000000000000000000000000002 02 40 00 80     eth0\n"
        "fd00000000000000aaaabbbbccccdddd 02 40 00 01     eth0\n"
        "00000000000000000000000000000001 01 80 10 80       lo\n"
    )

    assert list(map(str, _from_if_inet6(table))) == ["fd00::2", "::1"]
