"""Homeport's own certificate authority: a key and a certificate on disk, and the server certificates made with them.

Imported only where a certificate is to be made or shown: `cryptography` alone costs a start 70 ms.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import replace_file
from homeport.kernel.tls.names import parse_name
from homeport.kernel.tls.places import AuthorityFiles

AUTHORITY_LIFETIME = timedelta(days=3653)
LEAF_LIFETIME = timedelta(days=397)
"""Apple's systems refuse server certificates that are valid for more than 398 days."""

RENEW_BEFORE = timedelta(days=30)
_BACKDATE = timedelta(hours=1)
_MAX_COMMON_NAME_CHARS = 64


class AuthorityBroken(OperatorError):
    """Files of the own CA that do not go together; making a new one would break what trusts the old one."""

    def __init__(self, files: AuthorityFiles, problem: str) -> None:
        super().__init__(
            f"the certificate authority in {files.directory} cannot be used: {problem}",
            hint=f"restore {files.key.name} and {files.certificate.name} from a backup, or remove both: "
            "the next start makes a new authority, which every client has to be told to trust",
        )


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What people ask of a certificate.

    Attributes:
        fingerprint: SHA-256 of the DER form, upper-case hexadecimal pairs with colons, as openssl prints it.
        names: subject alternative names; none for the authority itself.
    """

    subject: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]


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
        return _facts(self._certificate)

    @property
    def pem(self) -> str:
        """The certificate to trust."""
        return _pem(self._certificate).decode("ascii")

    @property
    def leaf_facts(self) -> CertificateFacts | None:
        """The server's certificate; None when none was issued yet."""
        leaf = self._leaf()
        return None if leaf is None else _facts(leaf)

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
        soon = min(now + RENEW_BEFORE, self._certificate.not_valid_after_utc - timedelta(seconds=1))
        started = max(now, self._certificate.not_valid_before_utc)
        in_time = leaf.not_valid_before_utc <= started and soon < leaf.not_valid_after_utc
        return in_time and _names(leaf) == _sorted(names)

    def _issue(self, names: tuple[str, ...], now: datetime) -> bytes:
        if now >= self._certificate.not_valid_after_utc:
            raise AuthorityBroken(self.files, f"it ended on {self._certificate.not_valid_after_utc:%Y-%m-%d}")
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _leaf_builder(names, now, key.public_key(), self._certificate).sign(self._key, hashes.SHA256())
        return _key_pem(key) + _pem(leaf) + _pem(self._certificate)

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
    files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _authority_builder(host, to_datetime(clock.now()), key.public_key()).sign(key, hashes.SHA256())
    replace_file(files.key, _key_pem(key))
    replace_file(files.certificate, _pem(certificate), mode=0o644)
    return Authority(files, clock, key, certificate)


def _authority_builder(host: str, now: datetime, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """RFC 5280, section 4.2.1: a root that signs certificates and nothing else."""
    name = _name(f"Homeport CA {host}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        _builder(name, name, now - _BACKDATE, now - _BACKDATE + AUTHORITY_LIFETIME, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )


def _leaf_builder(
    names: tuple[str, ...], now: datetime, key: ec.EllipticCurvePublicKey, issuer: x509.Certificate
) -> x509.CertificateBuilder:
    start = max(now - _BACKDATE, issuer.not_valid_before_utc)
    end = min(start + LEAF_LIFETIME, issuer.not_valid_after_utc)
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_name(names[0]), issuer.subject, start, end, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, start: datetime, end: datetime, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Homeport"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_MAX_COMMON_NAME_CHARS]),
        ]
    )


def _general_name(text: str) -> x509.GeneralName:
    name = parse_name(text)
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return _sorted((*found.get_values_for_type(x509.DNSName), *addresses))


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    """Host names by alphabet, then addresses by number: the order in which names are compared and shown."""
    parsed = {parse_name(name) for name in names}
    hosts = sorted(name for name in parsed if isinstance(name, str))
    addresses = sorted((a for a in parsed if not isinstance(a, str)), key=lambda a: (a.version, int(a)))
    return (*hosts, *map(str, addresses))


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=_names(certificate),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
