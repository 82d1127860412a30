"""The kinds of keys that KMS has, and the algorithms of each (KMS developer guide, "Key spec reference")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Usage = Literal["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"]
Family = Literal["symmetric", "rsa", "ec", "hmac"]

_RSA_SIGNING: Final = tuple(f"RSASSA_{kind}_SHA_{bits}" for kind in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512))
_RSA_ENCRYPTION: Final = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One kind of key.

    Attributes:
        size: of a symmetric or HMAC key in bytes, of an RSA key in bits; 0 for curves.
        usages: what such keys can be made for; the first one is the default where there is one.
        must_choose: whether the caller has to say the usage.
    """

    family: Family
    size: int
    usages: tuple[Usage, ...]
    signing: Sequence[str] = ()
    encryption: Sequence[str] = ()
    mac: Sequence[str] = ()
    must_choose: bool = False


def _rsa(bits: int) -> KeySpec:
    return KeySpec("rsa", bits, ("ENCRYPT_DECRYPT", "SIGN_VERIFY"), _RSA_SIGNING, _RSA_ENCRYPTION, must_choose=True)


def _curve(bits: int, *, agreement: bool = True) -> KeySpec:
    usages: tuple[Usage, ...] = ("SIGN_VERIFY", "KEY_AGREEMENT") if agreement else ("SIGN_VERIFY",)
    return KeySpec("ec", 0, usages, (f"ECDSA_SHA_{bits}",), must_choose=True)


def _hmac(bits: int) -> KeySpec:
    return KeySpec("hmac", bits // 8, ("GENERATE_VERIFY_MAC",), mac=(f"HMAC_SHA_{bits}",), must_choose=True)


SPECS: Final[Mapping[str, KeySpec]] = {
    "SYMMETRIC_DEFAULT": KeySpec("symmetric", 32, ("ENCRYPT_DECRYPT",), encryption=("SYMMETRIC_DEFAULT",)),
    "RSA_2048": _rsa(2048),
    "RSA_3072": _rsa(3072),
    "RSA_4096": _rsa(4096),
    "ECC_NIST_P256": _curve(256),
    "ECC_NIST_P384": _curve(384),
    "ECC_NIST_P521": _curve(512),
    "ECC_SECG_P256K1": _curve(256, agreement=False),
    "HMAC_224": _hmac(224),
    "HMAC_256": _hmac(256),
    "HMAC_384": _hmac(384),
    "HMAC_512": _hmac(512),
}
"""Every kind that Homeport makes; SM2 and the post-quantum ones are not among them."""
