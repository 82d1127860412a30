"""TLS as the listeners speak it: one context for their whole life, with certificates that change under it."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.tls.names import certificate_names
from homeport.kernel.tls.places import AuthorityFiles

_Signature = tuple[tuple[int, int, int, int] | None, ...]


class TlsUnusable(OperatorError):
    """A certificate and key that no connection can be served with."""


@dataclass(frozen=True, slots=True)
class Reload:
    """What a look at the certificate's files gave.

    Attributes:
        changed: new connections get another certificate from now on.
        problem: why the certificate of before stays; told again as long as it lasts.
    """

    changed: bool
    problem: str | None = None


class ServerTls:
    """A context for servers, and the files that its certificate comes from.

    `context` stays the same object: listeners hold it. What it serves is exchanged in the middle of each handshake for
    the context that was loaded last, so a connection has one pair or the other and never a mixture.
    """

    def __init__(self, certificate: Path, key: Path, *, renew: Callable[[], object] = lambda: None) -> None:
        self._certificate = certificate
        self._key = key
        self._renew = renew
        self._signature = self._signatures()
        self._current = _load(certificate, key)
        self.context = _load(certificate, key)
        self.context.sni_callback = self._exchange

    @classmethod
    def from_files(cls, certificate: Path, key: Path | None = None) -> "ServerTls":
        """Serve the operator's own certificate chain; without `key` the file holds both.

        Raises:
            TlsUnusable: missing, unreadable, encrypted, not PEM, or no pair.
        """
        return cls(certificate, key or certificate)

    @classmethod
    def from_own_authority(cls, directory: Path, clock: Clock, *, names: tuple[str, ...] = ()) -> "ServerTls":
        """Serve a certificate of Homeport's own authority, both made if missing, for `names` and all that is found.

        Raises:
            BadCertificateName: one of `names`.
            AuthorityBroken: the authority's files do not go together.
            TlsUnusable: the files cannot be written.
        """
        import socket

        from homeport.kernel.tls.authority import ensure_authority

        try:
            authority = ensure_authority(AuthorityFiles(directory), clock, host=socket.gethostname())
            authority.ensure_leaf(certificate_names(names))
        except OSError as error:
            raise TlsUnusable(f"{error.filename or directory}: {error.strerror}") from error
        leaf = authority.files.leaf
        return cls(leaf, leaf, renew=lambda: authority.ensure_leaf(certificate_names(names)))

    def reload_if_changed(self) -> Reload:
        """Take what the files hold if they changed; a certificate of the own authority is renewed first when due.

        Cheap when nothing changed: to be called every minute or so, on the event loop's thread or another.
        """
        try:
            self._renew()
            signature = self._signatures()
            if signature == self._signature:
                return Reload(changed=False)
            self._current = _load(self._certificate, self._key)
        except OperatorError as error:
            return Reload(changed=False, problem=error.message)
        except OSError as error:
            return Reload(changed=False, problem=f"{error.filename}: {error.strerror}")
        self._signature = signature
        return Reload(changed=True)

    def _exchange(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _signatures(self) -> _Signature:
        return _signature(self._certificate), _signature(self._key)


def _load(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with OpenSSL's own ciphers; HTTP/1.1 is the only protocol offered (RFC 7301)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        _check_readable(path)
    try:
        context.load_cert_chain(certificate, key, password=lambda: _refuse_passphrase(key))
    except ssl.SSLError as error:
        raise TlsUnusable(_explain(error, certificate, key), hint="both must be PEM files of one pair") from error
    except OSError as error:
        raise TlsUnusable(f"{certificate}, {key}: {error.strerror}") from error
    return context


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise TlsUnusable(f"{path}: {error.strerror}", hint="see tls.certificate and tls.key") from error


def _refuse_passphrase(key: Path) -> NoReturn:
    # without this OpenSSL would stop the server with a question on its terminal
    raise TlsUnusable(
        f"the key {key} is encrypted", hint=f"decrypt it: openssl pkey -in {key} -out plain.key && chmod 600 plain.key"
    )


def _explain(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key {key} does not belong to the certificate {certificate}"
    return f"{certificate} holds no certificate, or {key} no private key ({error.reason or error.strerror})"


def _signature(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
