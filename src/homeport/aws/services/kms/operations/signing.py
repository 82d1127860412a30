"""Signatures, MACs, and secrets that two parties agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.crypto.specs import SPECS
from homeport.aws.services.kms.errors import (
    InvalidKeyUsage,
    InvalidMac,
    InvalidSignature,
    UnsupportedOperation,
    ValidationFailed,
)
from homeport.aws.services.kms.room import Kms, find_usable_key, place_of
from homeport.aws.services.kms.store import Key
from homeport.kernel.storage.database import Snapshot

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        DeriveSharedSecretRequest,
        DeriveSharedSecretResponse,
        GenerateMacRequest,
        GenerateMacResponse,
        GetPublicKeyRequest,
        GetPublicKeyResponse,
        SignRequest,
        SignResponse,
        VerifyMacRequest,
        VerifyMacResponse,
        VerifyRequest,
        VerifyResponse,
    )


async def _unlock(kms: Kms, call: Call, key_id: str) -> tuple[Key, bytes]:
    def read(snapshot: Snapshot) -> tuple[Key, bytes]:
        key = find_usable_key(snapshot, place_of(call), key_id)
        return key, store.materials(snapshot, key)[-1].secret

    return await kms.db.read(read)


def _check(key: Key, usage: str, algorithm: str, algorithms: object) -> None:
    if key.usage != usage:
        raise InvalidKeyUsage(f"{key.arn} key usage is {key.usage} which is not valid for this operation.")
    if algorithm not in algorithms:  # type: ignore[operator] # a sequence of names
        raise InvalidKeyUsage(f"Algorithm {algorithm} and key spec {key.spec} are incompatible.")


async def sign(kms: Kms, call: Call, request: SignRequest) -> SignResponse:
    """Sign a message or its digest."""
    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    algorithm = request["SigningAlgorithm"]
    _check(key, "SIGN_VERIFY", algorithm, SPECS[key.spec].signing)
    try:
        signature = asymmetric.sign(secret, algorithm, request["Message"], digest=_is_digest(request))
    except asymmetric.DigestLengthWrong:
        raise _wrong_digest(algorithm) from None
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}


def _is_digest(request: SignRequest | VerifyRequest) -> bool:
    return request.get("MessageType", "RAW") == "DIGEST"


def _wrong_digest(algorithm: str) -> ValidationFailed:
    return ValidationFailed(f"Digest is invalid length for algorithm {algorithm}.")


async def verify(kms: Kms, call: Call, request: VerifyRequest) -> VerifyResponse:
    """Check a signature; a wrong one is an error."""
    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    algorithm = request["SigningAlgorithm"]
    _check(key, "SIGN_VERIFY", algorithm, SPECS[key.spec].signing)
    try:
        good = asymmetric.verify(
            secret, algorithm, request["Message"], request["Signature"], digest=_is_digest(request)
        )
    except asymmetric.DigestLengthWrong:
        raise _wrong_digest(algorithm) from None
    if not good:
        raise InvalidSignature
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


async def get_public_key(kms: Kms, call: Call, request: GetPublicKeyRequest) -> GetPublicKeyResponse:
    """The public half of a pair."""
    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    spec = SPECS[key.spec]
    if spec.family not in {"rsa", "ec"}:
        raise UnsupportedOperation(f"{key.arn} has no public key.")
    told: GetPublicKeyResponse = {
        "KeyId": key.arn,
        "PublicKey": asymmetric.public_of(secret),
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
    }
    match key.usage:
        case "ENCRYPT_DECRYPT":
            told["EncryptionAlgorithms"] = list(spec.encryption)
        case "SIGN_VERIFY":
            told["SigningAlgorithms"] = list(spec.signing)
        case "KEY_AGREEMENT":
            told["KeyAgreementAlgorithms"] = ["ECDH"]
    return told


async def generate_mac(kms: Kms, call: Call, request: GenerateMacRequest) -> GenerateMacResponse:
    """An HMAC of a message."""
    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    algorithm = request["MacAlgorithm"]
    _check(key, "GENERATE_VERIFY_MAC", algorithm, SPECS[key.spec].mac)
    return {"Mac": asymmetric.mac(secret, algorithm, request["Message"]), "MacAlgorithm": algorithm, "KeyId": key.arn}


async def verify_mac(kms: Kms, call: Call, request: VerifyMacRequest) -> VerifyMacResponse:
    """Check an HMAC; a wrong one is an error."""
    import hmac

    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    algorithm = request["MacAlgorithm"]
    _check(key, "GENERATE_VERIFY_MAC", algorithm, SPECS[key.spec].mac)
    if not hmac.compare_digest(asymmetric.mac(secret, algorithm, request["Message"]), request["Mac"]):
        raise InvalidMac
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": algorithm}


async def derive_shared_secret(kms: Kms, call: Call, request: DeriveSharedSecretRequest) -> DeriveSharedSecretResponse:
    """ECDH with somebody else's public key."""
    from homeport.aws.services.kms.crypto import asymmetric

    key, secret = await _unlock(kms, call, request["KeyId"])
    _check(key, "KEY_AGREEMENT", request["KeyAgreementAlgorithm"], ("ECDH",))
    try:
        shared = asymmetric.agree(secret, request["PublicKey"])
    except asymmetric.KeyUnusable:
        raise ValidationFailed("PublicKey is not a valid public key of the key's curve.") from None
    return {
        "KeyId": key.arn,
        "SharedSecret": shared,
        "KeyAgreementAlgorithm": request["KeyAgreementAlgorithm"],
        "KeyOrigin": "AWS_KMS",
    }
