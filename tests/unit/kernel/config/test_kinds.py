"""Values of settings: how text is read, and that what is shown reads as the same again."""

import ipaddress
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.config import SETTINGS, AccessRule, kinds
from homeport.kernel.config.kinds import Kind, Raw
from homeport.kernel.http.address import TcpAddress, UnixAddress

FOLDER = Path("/folder")

T = TypeVar("T")

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=12)


def refuses(kind: Kind[T], raw: Raw) -> bool:
    try:
        kind.read(raw, FOLDER)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("30s", 30),
        ("250ms", 0.25),
        ("10m", 600),
        ("1.5h", 5400),
        ("7d", 604800),
        ("2 w", 1209600),
        ("0", 0),
    ],
)
def test_a_duration_takes_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert kinds.DURATION.read(text, FOLDER) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1 fortnight", "1m30s", "1e3", "٣", "inf", "nan", "1,5s"])
def test_anything_else_is_no_duration(text: str) -> None:
    assert refuses(kinds.DURATION, text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1234", 1234),
        ("1KB", 1000),
        ("1KiB", 1024),
        ("256MiB", 268435456),
        ("10 GB", 10**10),
        ("1.5G", 1610612736),
    ],
)
def test_a_size_takes_a_unit_or_is_in_bytes(text: str, size: int) -> None:
    assert kinds.SIZE.read(text, FOLDER) == size


def test_a_size_in_bytes_keeps_every_digit() -> None:
    """2**53 + 1 is the first whole number that a float cannot hold."""
    assert kinds.SIZE.read("9007199254740993", FOLDER) == 9007199254740993


@pytest.mark.parametrize("word", ["true", "Yes", "ON", "1"])
def test_yes_has_four_words(word: str) -> None:
    assert kinds.BOOLEAN.read(word, FOLDER) is True


@pytest.mark.parametrize("word", ["false", "No", "OFF", "0"])
def test_no_has_four_words(word: str) -> None:
    assert kinds.BOOLEAN.read(word, FOLDER) is False


@pytest.mark.parametrize("word", ["", "maybe", "2", "tru"])
def test_no_other_word_is_a_boolean(word: str) -> None:
    assert refuses(kinds.BOOLEAN, word)


def test_a_list_is_separated_by_commas_or_a_list_in_the_file() -> None:
    assert kinds.NAMES.read("a, b,,c", FOLDER) == ("a", "b", "c")
    assert kinds.NAMES.read(["a", "b"], FOLDER) == ("a", "b")
    assert kinds.NAMES.read("", FOLDER) == ()


def test_addresses_are_hosts_interfaces_and_sockets() -> None:
    assert kinds.ADDRESSES.read("127.0.0.1:5000, [::1]:0, :80, unix:/run/h.sock", FOLDER) == (
        TcpAddress("127.0.0.1", 5000),
        TcpAddress("::1", 0),
        TcpAddress("", 80),
        UnixAddress("/run/h.sock"),
    )


@pytest.mark.parametrize("text", ["5000", "host", "::1:5000", "host:65536", "host:http", "unix:"])
def test_an_address_that_no_socket_could_take_is_refused(text: str) -> None:
    assert refuses(kinds.ADDRESSES, text)


def test_a_relative_path_starts_at_the_folder_of_its_source() -> None:
    assert kinds.PATH.read("data", FOLDER) == Path("/folder/data")
    assert kinds.PATH.read("/data", FOLDER) == Path("/data")


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")

    assert kinds.PATH.read("~/data", FOLDER) == Path("/home/someone/data")


def test_a_network_with_host_bits_is_refused() -> None:
    assert kinds.NETWORKS.read("10.42.0.0/16,::1", FOLDER) == (
        ipaddress.ip_network("10.42.0.0/16"),
        ipaddress.ip_network("::1/128"),
    )
    with pytest.raises(ValueError, match="host bits"):
        kinds.NETWORKS.read("10.42.0.1/16", FOLDER)


@pytest.mark.parametrize("text", ["registry.lan", "ftp://registry.lan", "http://", "https://a b", "https://a/?q"])
def test_a_public_url_is_http_without_a_query(text: str) -> None:
    assert refuses(kinds.URL, text)


@pytest.mark.parametrize(
    "rule",
    [
        "everything",
        {"users": ["a"], "actions": ["pull"]},
        {"repositories": ["**"], "actions": ["pull"]},
        {"repositories": ["**"], "users": ["a"]},
        {"repositories": ["**"], "users": ["a"], "actions": ["read"]},
        {"repositories": ["**"], "users": ["a"], "actions": ["pull"], "unless": ["b"]},
    ],
)
def test_a_rule_that_lacks_or_invents_something_is_refused(rule: Raw) -> None:
    assert refuses(kinds.ACCESS, [rule])


@given(st.floats(0, 1e9).map(lambda seconds: round(seconds, 3)))
def test_a_shown_duration_reads_as_itself(seconds: float) -> None:
    assert kinds.DURATION.read(str(kinds.DURATION.show(seconds)), FOLDER) == pytest.approx(seconds, abs=1e-6)


@given(st.integers(0, 2**63))
def test_a_shown_size_reads_as_itself(size: int) -> None:
    assert kinds.SIZE.read(str(kinds.SIZE.show(size)), FOLDER) == size


hosts = st.one_of(st.just(""), names.filter(lambda name: name != "*"), st.ip_addresses().map(str))
addresses = st.one_of(
    st.builds(TcpAddress, hosts, st.integers(0, 65535)), st.builds(UnixAddress, names.map(lambda name: f"/run/{name}"))
)


@given(st.lists(addresses).map(tuple))
def test_shown_addresses_read_as_themselves(listed: tuple[TcpAddress | UnixAddress, ...]) -> None:
    assert kinds.ADDRESSES.read(str(kinds.ADDRESSES.show(listed)), FOLDER) == listed


name_lists = st.lists(names, min_size=1, max_size=3).map(tuple)
rules = st.builds(
    AccessRule, name_lists, name_lists, name_lists, st.frozensets(st.sampled_from(sorted(kinds.ACTIONS)), min_size=1)
)


@given(st.lists(rules, max_size=3).map(tuple))
def test_shown_rules_read_as_themselves(listed: tuple[AccessRule, ...]) -> None:
    shown = kinds.ACCESS.show(listed)
    assert isinstance(shown, list)
    as_text: list[Raw] = [_as_raw(rule) for rule in shown]

    assert kinds.ACCESS.read(as_text, FOLDER) == listed


@given(st.dictionaries(names, st.frozensets(names), max_size=3))
def test_shown_groups_read_as_themselves(groups: dict[str, frozenset[str]]) -> None:
    assert kinds.GROUPS.read(_as_raw(kinds.GROUPS.show(groups)), FOLDER) == groups


@given(st.one_of(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_no_text_makes_a_kind_fail_with_anything_but_valueerror(raw: Raw) -> None:
    for row in SETTINGS:
        assert refuses(row.kind, raw) in {True, False}


def _as_raw(shown: kinds.Shown) -> Raw:
    match shown:
        case list():
            return [_as_raw(item) for item in shown]
        case dict():
            return {key: _as_raw(value) for key, value in shown.items()}
        case _:
            return str(shown)
