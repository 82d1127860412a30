"""TLS with real handshakes on loopback."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeport.kernel.clock import FakeClock, SystemClock
from homeport.kernel.tls.authority import ensure_authority
from homeport.kernel.tls.context import Reload, ServerTls, TlsUnusable
from homeport.kernel.tls.names import BadCertificateName
from homeport.kernel.tls.places import AuthorityFiles

UNCHANGED = Reload(changed=False)
CHANGED = Reload(changed=True)


class Pair:
    """A certificate and its key as two files, and the authority that made them."""

    def __init__(self, directory: Path) -> None:
        self._authority = ensure_authority(AuthorityFiles(directory / "ca"), SystemClock(), host="test")
        self.trusted = self._authority.files.certificate
        self.certificate = directory / "tls.crt"
        self.key = directory / "tls.key"
        self.issue()

    def make(self) -> tuple[str, str]:
        """A new key and certificate, as text."""
        self._authority.files.leaf.unlink(missing_ok=True)
        self._authority.ensure_leaf(("localhost", "127.0.0.1"))
        key, begin, chain = self._authority.files.leaf.read_text().partition("-----BEGIN CERTIFICATE")
        return key, begin + chain

    def issue(self) -> None:
        key, chain = self.make()
        self.key.write_text(key)
        self.certificate.write_text(chain)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@asynccontextmanager
async def serving(tls: ServerTls) -> AsyncIterator[int]:
    """A server on a free port of loopback that echoes one line."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls.context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def client_context(trusted: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(trusted))
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def serial(port: int, context: ssl.SSLContext, name: str = "localhost") -> str:
    """Shake hands, exchange a line, and tell which certificate was served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = connection.getpeercert()
    assert certificate is not None
    assert connection.selected_alpn_protocol() == "http/1.1"
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.close()
    await writer.wait_closed()
    return str(certificate["serialNumber"])


async def test_new_handshakes_get_the_new_certificate_with_and_without_server_name(pair: Pair) -> None:
    """A client that connects to an address sends no name (RFC 6066, section 3)."""
    tls = ServerTls.from_files(pair.certificate, pair.key)
    async with serving(tls) as port:
        client = client_context(pair.trusted)
        first = await serial(port, client)
        assert await serial(port, client, "127.0.0.1") == first
        assert tls.reload_if_changed() == UNCHANGED

        pair.issue()
        assert await serial(port, client) == first
        assert tls.reload_if_changed() == CHANGED
        assert tls.reload_if_changed() == UNCHANGED
        second = await serial(port, client)

        assert second != first
        assert await serial(port, client, "127.0.0.1") == second


async def test_a_connection_that_stands_is_not_disturbed_by_a_reload(pair: Pair) -> None:
    tls = ServerTls.from_files(pair.certificate, pair.key)
    async with serving(tls) as port:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=client_context(pair.trusted), server_hostname="localhost"
        )
        pair.issue()
        assert tls.reload_if_changed() == CHANGED

        writer.write(b"still here\n")

        assert await reader.readline() == b"still here\n"
        writer.close()
        await writer.wait_closed()


async def test_a_pair_that_is_half_written_keeps_the_old_one_and_says_so(pair: Pair) -> None:
    tls = ServerTls.from_files(pair.certificate, pair.key)
    async with serving(tls) as port:
        client = client_context(pair.trusted)
        first = await serial(port, client)
        key, chain = pair.make()

        pair.certificate.write_text(chain)
        for _ in range(2):
            outcome = tls.reload_if_changed()
            assert not outcome.changed
            assert "does not belong to the certificate" in (outcome.problem or "")
        assert await serial(port, client) == first

        pair.key.write_text(key)
        assert tls.reload_if_changed() == CHANGED
        assert await serial(port, client) != first


@pytest.mark.parametrize("content", [None, "", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
async def test_a_certificate_that_is_gone_or_broken_keeps_the_old_one(pair: Pair, content: str | None) -> None:
    tls = ServerTls.from_files(pair.certificate, pair.key)
    async with serving(tls) as port:
        client = client_context(pair.trusted)
        first = await serial(port, client)
        pair.certificate.unlink()
        if content is not None:
            pair.certificate.write_text(content)

        outcome = tls.reload_if_changed()

        assert not outcome.changed
        assert str(pair.certificate) in (outcome.problem or "")
        assert await serial(port, client) == first


async def test_a_link_that_points_elsewhere_is_a_change(pair: Pair, tmp_path: Path) -> None:
    """Certbot and Kubernetes exchange links and not files."""
    links = [tmp_path / name for name in ("live.crt", "live.key")]
    for link, path in zip(links, (pair.certificate, pair.key), strict=True):
        link.symlink_to(path)
    tls = ServerTls.from_files(*links)
    key, chain = pair.make()

    for link, text in zip(links, (chain, key), strict=True):
        target = tmp_path / f"new-{link.name}"
        target.write_text(text)
        link.unlink()
        link.symlink_to(target)

    assert tls.reload_if_changed() == CHANGED


async def test_one_file_may_hold_key_and_certificate(pair: Pair, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(pair.key.read_text() + pair.certificate.read_text())

    async with serving(ServerTls.from_files(both)) as port:
        await serial(port, client_context(pair.trusted))


async def test_older_protocols_are_refused(pair: Pair) -> None:
    async with serving(ServerTls.from_files(pair.certificate, pair.key)) as port:
        client = client_context(pair.trusted)
        client.set_ciphers("DEFAULT:@SECLEVEL=0")
        client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            client.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await serial(port, client)

        client.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await serial(port, client)


async def test_a_client_that_only_speaks_http_2_is_not_told_that_we_do(pair: Pair) -> None:
    async with serving(ServerTls.from_files(pair.certificate, pair.key)) as port:
        client = client_context(pair.trusted)
        client.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="localhost")

        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() is None
        writer.close()
        await writer.wait_closed()


async def test_bytes_that_are_no_handshake_harm_nobody(pair: Pair) -> None:
    async with serving(ServerTls.from_files(pair.certificate, pair.key)) as port:
        for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 64, os.urandom(512), b"\x16\x03"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(junk)
            writer.write_eof()
            await reader.read()
            writer.close()

        assert await serial(port, client_context(pair.trusted))


def test_files_that_cannot_serve_are_the_operator_s_problem(pair: Pair, tmp_path: Path) -> None:
    other = Pair(tmp_path / "other")
    with pytest.raises(TlsUnusable, match="does not belong to the certificate"):
        ServerTls.from_files(pair.certificate, other.key)
    with pytest.raises(TlsUnusable, match="No such file"):
        ServerTls.from_files(tmp_path / "missing.crt", pair.key)
    with pytest.raises(TlsUnusable, match="No such file"):
        ServerTls.from_files(pair.certificate, tmp_path / "missing.key")
    with pytest.raises(TlsUnusable, match="Is a directory"):
        ServerTls.from_files(tmp_path, pair.key)
    with pytest.raises(TlsUnusable, match="no private key"):
        ServerTls.from_files(pair.certificate)
    with pytest.raises(TlsUnusable, match="no certificate"):
        ServerTls.from_files(pair.key)


def test_an_encrypted_key_is_refused_and_no_passphrase_asked_for(pair: Pair, tmp_path: Path) -> None:
    encrypted = tmp_path / "encrypted.key"
    subprocess.run(
        ["openssl", "pkey", "-in", pair.key, "-aes256", "-passout", "pass:secret", "-out", encrypted], check=True
    )

    with pytest.raises(TlsUnusable, match="is encrypted"):
        ServerTls.from_files(pair.certificate, encrypted)


async def test_the_own_authority_serves_every_name_of_the_machine_and_its_clients_trust_it(tmp_path: Path) -> None:
    tls = ServerTls.from_own_authority(tmp_path / "ca", SystemClock(), names=("registry.lan",))

    async with serving(tls) as port:
        client = client_context(tmp_path / "ca" / "ca.crt")
        served = {await serial(port, client, name) for name in ("localhost", "127.0.0.1", "registry.lan")}
        assert len(served) == 1
        with pytest.raises(ssl.SSLCertVerificationError):
            await serial(port, client, "elsewhere.lan")
    assert tls.reload_if_changed() == UNCHANGED


def test_the_own_authority_s_certificate_is_renewed_while_the_server_runs(tmp_path: Path, clock: FakeClock) -> None:
    tls = ServerTls.from_own_authority(tmp_path / "ca", clock)
    assert tls.reload_if_changed() == UNCHANGED

    clock.advance(seconds=368 * 86400)

    assert tls.reload_if_changed() == CHANGED
    assert tls.reload_if_changed() == UNCHANGED


def test_a_renewal_that_fails_is_told_and_the_old_certificate_stays(tmp_path: Path, clock: FakeClock) -> None:
    tls = ServerTls.from_own_authority(tmp_path / "ca", clock)
    clock.advance(seconds=11 * 366 * 86400)

    outcome = tls.reload_if_changed()

    assert not outcome.changed
    assert "it ended on" in (outcome.problem or "")


def test_a_bad_name_in_the_settings_is_the_operator_s_problem(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(BadCertificateName, match="https://x"):
        ServerTls.from_own_authority(tmp_path / "ca", clock, names=("https://x",))


def test_a_directory_that_cannot_be_made_is_the_operator_s_problem(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TlsUnusable, match="Not a directory"):
        ServerTls.from_own_authority(tmp_path / "file" / "ca", clock)


def test_a_start_without_own_certificates_does_not_load_the_library_for_them() -> None:
    script = (
        "import sys, homeport.kernel.tls.context, homeport.kernel.tls.trust, homeport.cli.ca, homeport.cli.user;"
        "sys.exit('cryptography' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
