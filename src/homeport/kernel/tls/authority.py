"""Homeport's own certificate authority: a key and a certificate on disk, and the server certificates made with them.

Imported only where a certificate is to be made or shown: `cryptography` alone costs a start 70 ms.
"""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import make_private_directory, replace_file
from homeport.kernel.tls.certificates import (
    CertificateFacts,
    authority_builder,
    certificate_pem,
    facts_of,
    key_pem,
    leaf_builder,
    names_of,
    sorted_names,
)
from homeport.kernel.tls.places import AuthorityFiles

RENEW_BEFORE = timedelta(days=30)


class AuthorityBroken(OperatorError):
    """Files of the own CA that do not go together; making a new one would break what trusts the old one."""

    def __init__(self, files: AuthorityFiles, problem: str) -> None:
        super().__init__(
            f"the certificate authority in {files.directory} cannot be used: {problem}",
            hint=f"restore {files.key.name} and {files.certificate.name} from a backup, or remove both: "
            "the next start makes a new authority, which every client has to be told to trust",
        )


class Authority:
    """A certificate authority that signs for this machine only because its clients trust it.

    Made by `open_authority` and `ensure_authority`.
    """

    def __init__(
        self, files: AuthorityFiles, clock: Clock, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        self.files = files
        self._clock = clock
        self._key = key
        self._certificate = certificate

    @property
    def facts(self) -> CertificateFacts:
        """The authority's own certificate."""
        return facts_of(self._certificate)

    @property
    def pem(self) -> str:
        """The certificate to trust."""
        return certificate_pem(self._certificate).decode("ascii")

    @property
    def leaf_facts(self) -> CertificateFacts | None:
        """The server's certificate; None when none was issued yet."""
        leaf = self._leaf()
        return None if leaf is None else facts_of(leaf)

    def ensure_leaf(self, names: tuple[str, ...]) -> bool:
        """Have a server certificate for just these names (one at least) in `files.leaf`; whether one was issued.

        A new one is issued when names changed, it ends within 30 days, it is another authority's, or it is damaged.
        The file holds key, certificate and the authority's certificate, and is replaced whole.
        """
        now = to_datetime(self._clock.now())
        leaf = self._leaf()
        if leaf is not None and self._serves(leaf, names, now):
            return False
        replace_file(self.files.leaf, self._issue(names, now))
        return True

    def _serves(self, leaf: x509.Certificate, names: tuple[str, ...], now: datetime) -> bool:
        # a leaf lies within the authority's time: near the ends of that a new one would be no better
        soon = max(now, min(now + RENEW_BEFORE, self._certificate.not_valid_after_utc - timedelta(seconds=1)))
        started = max(now, self._certificate.not_valid_before_utc)
        in_time = leaf.not_valid_before_utc <= started and soon < leaf.not_valid_after_utc
        return in_time and names_of(leaf) == sorted_names(names)

    def _issue(self, names: tuple[str, ...], now: datetime) -> bytes:
        if now >= self._certificate.not_valid_after_utc:
            raise AuthorityBroken(self.files, f"it ended on {self._certificate.not_valid_after_utc:%Y-%m-%d}")
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = leaf_builder(names, now, key.public_key(), self._certificate).sign(self._key, hashes.SHA256())
        return key_pem(key) + certificate_pem(leaf) + certificate_pem(self._certificate)

    def _leaf(self) -> x509.Certificate | None:
        """The issued certificate if it is whole, its key fits and this authority signed it."""
        try:
            content = self.files.leaf.read_bytes()
            key = serialization.load_pem_private_key(content, password=None)
            leaf = x509.load_pem_x509_certificate(content)
            leaf.verify_directly_issued_by(self._certificate)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return None
        return leaf if key.public_key() == leaf.public_key() else None


def open_authority(files: AuthorityFiles, clock: Clock) -> Authority | None:
    """The authority in these files; None when none was made yet.

    Raises:
        AuthorityBroken: a file is missing, unreadable or no match for the other.
    """
    if not files.certificate.exists():
        if files.key.exists() and files.leaf.exists():
            raise AuthorityBroken(files, f"{files.certificate.name} is missing")
        return None
    try:
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    except OSError as error:
        raise AuthorityBroken(files, f"{error.filename}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise AuthorityBroken(files, "its key or certificate is not PEM, or is encrypted") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityBroken(files, "key and certificate do not belong together")
    return Authority(files, clock, key, certificate)


def ensure_authority(files: AuthorityFiles, clock: Clock, *, host: str) -> Authority:
    """The authority in these files, made now if there is none.

    The key is written first: after a crash in between there is a key that signed no server, and it is replaced.
    `host` goes into the authority's name, so that two of them can be told apart in a trust store.
    """
    found = open_authority(files, clock)
    if found is not None:
        return found
    make_private_directory(files.directory)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority_builder(host, to_datetime(clock.now()), key.public_key()).sign(key, hashes.SHA256())
    replace_file(files.key, key_pem(key))
    replace_file(files.certificate, certificate_pem(certificate), mode=0o644)
    return Authority(files, clock, key, certificate)
