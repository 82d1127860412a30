"""Key pairs and MAC keys: made, used, and shown in the forms that KMS shows them in."""

import hmac
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVES: Final[Mapping[str, type[ec.EllipticCurve]]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "1": hashes.SHA1,
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}


class DigestLengthWrong(ValueError):
    """A digest that is not as long as the algorithm's."""


class KeyUnusable(ValueError):
    """Bytes that are no key, or the wrong kind of one."""


class NotDecryptable(ValueError):
    """Bytes that were not encrypted for this key."""


def make_pair(spec: str) -> bytes:
    """A new private key of a spec, in PKCS #8; RSA takes up to a second."""
    key: PrivateKey
    if spec.startswith("RSA_"):
        key = rsa.generate_private_key(65537, int(spec.removeprefix("RSA_")))
    else:
        key = ec.generate_private_key(_CURVES[spec]())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _private(secret: bytes) -> PrivateKey:
    key = load_der_private_key(secret, None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyUnusable
    return key


def public_of(secret: bytes) -> bytes:
    """The public key, as a SubjectPublicKeyInfo in DER."""
    return _private(secret).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _hash_of(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm.rpartition("_")[2]]()


def _prehashed(algorithm: hashes.HashAlgorithm, message: bytes) -> utils.Prehashed:
    if len(message) != algorithm.digest_size:
        raise DigestLengthWrong
    return utils.Prehashed(algorithm)


def _padding(algorithm: str, hashing: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if "_PSS_" in algorithm:
        return padding.PSS(padding.MGF1(hashing), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def sign(secret: bytes, algorithm: str, message: bytes, *, digest: bool) -> bytes:
    """Sign a message, or its digest.

    Raises:
        DigestLengthWrong: as the name says.
    """
    key, hashing = _private(secret), _hash_of(algorithm)
    how = _prehashed(hashing, message) if digest else hashing
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _padding(algorithm, hashing), how)
    return key.sign(message, ec.ECDSA(how))


def verify(secret: bytes, algorithm: str, message: bytes, signature: bytes, *, digest: bool) -> bool:
    """Whether a signature is the key's own.

    Raises:
        DigestLengthWrong: as the name says.
    """
    key, hashing = _private(secret), _hash_of(algorithm)
    how = _prehashed(hashing, message) if digest else hashing
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            key.public_key().verify(signature, message, _padding(algorithm, hashing), how)
        else:
            key.public_key().verify(signature, message, ec.ECDSA(how))
    except InvalidSignature:
        return False
    return True


def _oaep(algorithm: str) -> padding.OAEP:
    hashing = _hash_of(algorithm)
    return padding.OAEP(padding.MGF1(hashing), hashing, None)


def encrypt(secret: bytes, algorithm: str, plaintext: bytes) -> bytes:
    """Encrypt with the public key.

    Raises:
        KeyUnusable: the plaintext is too long for it.
    """
    key = _private(secret)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnusable
    try:
        return key.public_key().encrypt(plaintext, _oaep(algorithm))
    except ValueError as error:
        raise KeyUnusable from error


def decrypt(secret: bytes, algorithm: str, ciphertext: bytes) -> bytes:
    """Decrypt with the private key.

    Raises:
        NotDecryptable: it was not encrypted for this key.
    """
    key = _private(secret)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnusable
    try:
        return key.decrypt(ciphertext, _oaep(algorithm))
    except ValueError as error:
        raise NotDecryptable from error


def agree(secret: bytes, other_public: bytes) -> bytes:
    """The secret that two curves' keys share (ECDH).

    Raises:
        KeyUnusable: the other key is none, or of another curve.
    """
    key = _private(secret)
    try:
        other = load_der_public_key(other_public)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(other, ec.EllipticCurvePublicKey):
            return key.exchange(ec.ECDH(), other)
    except ValueError as error:
        raise KeyUnusable from error
    raise KeyUnusable


def mac(secret: bytes, algorithm: str, message: bytes) -> bytes:
    """An HMAC."""
    return hmac.digest(secret, message, f"sha{algorithm.rpartition('_')[2]}")
