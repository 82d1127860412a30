"""The key that notifications are signed with, and the certificate that Homeport serves for it."""

import base64
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from homeport.kernel.clock import Clock, to_datetime
from homeport.kernel.files import replace_file

_BITS = 2048
_LIFETIME = timedelta(days=3650)
_KEY, _CERTIFICATE = "signing.key", "signing.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """One key with its certificate.

    Attributes:
        name: of the certificate's file, as in `SigningCertURL`.
        certificate: in PEM.
    """

    key: rsa.RSAPrivateKey
    name: str
    certificate: bytes

    def sign(self, content: bytes, version: str) -> str:
        """The signature in base 64; `version` 1 is SHA-1 with RSA, 2 is SHA-256 with RSA."""
        digest: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 # AWS's choice
        return base64.b64encode(self.key.sign(content, padding.PKCS1v15(), digest)).decode()


def load_or_make(directory: Path, clock: Clock) -> Signer:
    """The key of this data directory; made at the first call, which takes a good part of a second.

    Raises:
        OSError: it cannot be read or written.
    """
    key_path, certificate_path = directory / _KEY, directory / _CERTIFICATE
    if not (key_path.exists() and certificate_path.exists()):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key, certificate = _make(clock)
        replace_file(key_path, key)
        replace_file(certificate_path, certificate)
    return _signer(key_path.read_bytes(), certificate_path.read_bytes())


def _signer(key_pem: bytes, certificate_pem: bytes) -> Signer:
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{_KEY} holds no RSA key")
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()[:32]
    return Signer(key, f"SimpleNotificationService-{fingerprint}.pem", certificate_pem)


def _make(clock: Clock) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = to_datetime(clock.now())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(os.urandom(16), "big") >> 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("sns.amazonaws.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, certificate.public_bytes(encoding)
