"""What our certificates say: fields and extensions of an authority and of a server, and how they are read again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from homeport.kernel.tls.names import parse_name

AUTHORITY_LIFETIME = timedelta(days=3653)
LEAF_LIFETIME = timedelta(days=397)
"""Apple's systems refuse server certificates that are valid for more than 398 days."""

_BACKDATE = timedelta(hours=1)
"""Clients whose clock is slow trust us too."""

_MAX_COMMON_NAME_CHARS = 64


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


def authority_builder(host: str, now: datetime, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
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


def leaf_builder(
    names: tuple[str, ...], now: datetime, key: ec.EllipticCurvePublicKey, issuer: x509.Certificate
) -> x509.CertificateBuilder:
    """RFC 5280, section 4.2.1: a server's certificate for these names, within its issuer's time."""
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


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The subject alternative names, sorted; none when there is no such extension."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return sorted_names((*found.get_values_for_type(x509.DNSName), *addresses))


def sorted_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Host names by alphabet, then addresses by number: the order in which names are compared and shown."""
    parsed = {parse_name(name) for name in names}
    hosts = sorted(name for name in parsed if isinstance(name, str))
    addresses = sorted((a for a in parsed if not isinstance(a, str)), key=lambda a: (a.version, int(a)))
    return (*hosts, *map(str, addresses))


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """What people ask of this certificate."""
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=names_of(certificate),
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """The certificate as text (RFC 7468)."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as text, PKCS #8, not encrypted: it is the file's mode that guards it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
