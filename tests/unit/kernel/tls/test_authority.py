"""The own certificate authority, checked by openssl as well."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.tls.authority import Authority, AuthorityBroken, ensure_authority, open_authority
from homeport.kernel.tls.places import AuthorityFiles

NAMES = ("registry.lan", "*.home.lan", "localhost", "127.0.0.1", "::1")
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86400
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture
def files(tmp_path: Path) -> AuthorityFiles:
    return AuthorityFiles(tmp_path / "ca")


@pytest.fixture
def authority(files: AuthorityFiles, clock: FakeClock) -> Authority:
    return ensure_authority(files, clock, host="nas")


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_use_makes_a_key_for_the_owner_alone_and_a_certificate_for_ten_years(
    files: AuthorityFiles, authority: Authority
) -> None:
    assert files.directory.stat().st_mode & 0o777 == 0o700
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert files.certificate.read_text() == authority.pem
    assert "PRIVATE" not in authority.pem
    assert authority.facts.subject == "CN=Homeport CA nas,O=Homeport"
    assert authority.facts.not_before == START - timedelta(hours=1)
    assert authority.facts.not_after == START - timedelta(hours=1) + timedelta(days=3653)


def test_the_second_use_finds_the_same(files: AuthorityFiles, clock: FakeClock, authority: Authority) -> None:
    assert ensure_authority(files, clock, host="other").facts == authority.facts
    found = open_authority(files, clock)
    assert found is not None
    assert found.facts == authority.facts


def test_looking_makes_nothing(files: AuthorityFiles, clock: FakeClock) -> None:
    assert open_authority(files, clock) is None
    assert not files.directory.exists()


def test_without_a_server_certificate_there_are_no_facts_of_one(authority: Authority) -> None:
    assert authority.leaf_facts is None


def test_a_server_certificate_is_made_out_for_all_names_and_at_most_397_days(
    files: AuthorityFiles, authority: Authority
) -> None:
    assert authority.ensure_leaf(NAMES)

    facts = authority.leaf_facts
    assert facts is not None
    assert facts.names == ("*.home.lan", "localhost", "registry.lan", "127.0.0.1", "::1")
    assert facts.not_after - facts.not_before == timedelta(days=397)
    assert files.leaf.stat().st_mode & 0o777 == 0o600


@needs_openssl
def test_openssl_finds_nothing_to_blame(files: AuthorityFiles, authority: Authority) -> None:
    """RFC 5280 as -x509_strict has it: basic constraints, key usage, key identifiers."""
    authority.ensure_leaf(NAMES)
    at = str(int((START + timedelta(days=1)).timestamp()))

    def verify(flag: str, name: str) -> str:
        strict = ["-x509_strict", "-purpose", "sslserver", "-check_ss_sig", "-attime", at]
        return openssl("verify", *strict, flag, name, "-CAfile", files.certificate, files.leaf)

    for host in ("registry.lan", "anything.home.lan", "localhost"):
        assert "OK" in verify("-verify_hostname", host)
    for address in ("127.0.0.1", "::1"):
        assert "OK" in verify("-verify_ip", address)
    text = openssl("x509", "-in", files.certificate, "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text
    assert "prime256v1" in text


@needs_openssl
def test_the_fingerprint_is_the_one_that_openssl_prints(files: AuthorityFiles, authority: Authority) -> None:
    printed = openssl("x509", "-in", files.certificate, "-noout", "-fingerprint", "-sha256")

    assert printed.strip().partition("=")[2] == authority.facts.fingerprint


def test_a_certificate_is_kept_until_thirty_days_before_its_end(authority: Authority, clock: FakeClock) -> None:
    authority.ensure_leaf(NAMES)
    first = authority.leaf_facts

    assert not authority.ensure_leaf(NAMES)
    clock.advance(seconds=(397 - 30) * DAY - 3601)
    assert not authority.ensure_leaf(NAMES)
    clock.advance(seconds=1)
    assert authority.ensure_leaf(NAMES)
    assert not authority.ensure_leaf(NAMES)
    assert authority.leaf_facts != first


def test_other_names_get_another_certificate_and_the_same_in_another_order_do_not(authority: Authority) -> None:
    authority.ensure_leaf(NAMES)

    assert not authority.ensure_leaf(tuple(reversed(NAMES)))
    assert authority.ensure_leaf((*NAMES, "192.168.1.20"))
    assert authority.ensure_leaf(NAMES)


@pytest.mark.parametrize("damage", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 100])
def test_a_damaged_certificate_is_made_anew(files: AuthorityFiles, authority: Authority, damage: bytes) -> None:
    authority.ensure_leaf(NAMES)
    files.leaf.write_bytes(damage)

    assert authority.ensure_leaf(NAMES)
    assert authority.leaf_facts is not None


def test_a_certificate_with_another_key_or_of_another_authority_is_made_anew(
    files: AuthorityFiles, authority: Authority, tmp_path: Path, clock: FakeClock
) -> None:
    other = ensure_authority(AuthorityFiles(tmp_path / "other"), clock, host="nas")
    other.ensure_leaf(NAMES)
    authority.ensure_leaf(NAMES)
    key, _, chain = files.leaf.read_text().partition("-----BEGIN CERTIFICATE")
    other_key = other.files.leaf.read_text().partition("-----BEGIN CERTIFICATE")[0]

    files.leaf.write_text(other_key + "-----BEGIN CERTIFICATE" + chain)
    assert authority.ensure_leaf(NAMES)
    files.leaf.write_text(other.files.leaf.read_text())
    assert authority.ensure_leaf(NAMES)
    assert key != other_key


def test_no_certificate_outlives_the_authority_nor_is_it_renewed_for_ever_at_its_end(
    authority: Authority, clock: FakeClock
) -> None:
    clock.advance(seconds=3653 * DAY - 3600 - 10 * DAY)

    assert authority.ensure_leaf(NAMES)
    assert authority.leaf_facts is not None
    assert authority.leaf_facts.not_after == authority.facts.not_after
    assert not authority.ensure_leaf(NAMES)
    clock.advance(seconds=10 * DAY)
    with pytest.raises(AuthorityBroken, match="ended on 2036-01-01"):
        authority.ensure_leaf(NAMES)


def test_a_clock_that_was_set_back_makes_a_certificate_that_counts_already_and_only_once(
    authority: Authority, clock: FakeClock
) -> None:
    clock.advance(seconds=30 * DAY)
    authority.ensure_leaf(NAMES)
    clock.advance(seconds=-20 * DAY)

    assert authority.ensure_leaf(NAMES)
    assert not authority.ensure_leaf(NAMES)
    clock.advance(seconds=-20 * DAY)
    assert authority.ensure_leaf(NAMES)
    assert not authority.ensure_leaf(NAMES)


def test_a_key_that_a_crash_left_without_certificate_is_replaced(files: AuthorityFiles, clock: FakeClock) -> None:
    files.directory.mkdir()
    files.key.write_text("half a key")

    assert ensure_authority(files, clock, host="nas").ensure_leaf(NAMES)


@pytest.mark.parametrize("missing", ["key", "certificate"])
def test_half_an_authority_is_never_replaced_in_silence(
    files: AuthorityFiles, authority: Authority, clock: FakeClock, missing: str
) -> None:
    authority.ensure_leaf(NAMES)
    path: Path = getattr(files, missing)
    path.unlink()

    with pytest.raises(AuthorityBroken):
        ensure_authority(files, clock, host="nas")
    assert not path.exists()


def test_files_that_do_not_go_together_are_the_operator_s_problem(
    files: AuthorityFiles, authority: Authority, clock: FakeClock, tmp_path: Path
) -> None:
    other = ensure_authority(AuthorityFiles(tmp_path / "other"), clock, host="nas")
    files.key.write_bytes(other.files.key.read_bytes())
    with pytest.raises(AuthorityBroken, match="do not belong together"):
        open_authority(files, clock)

    files.key.write_text("junk")
    with pytest.raises(AuthorityBroken, match="not PEM"):
        open_authority(files, clock)
