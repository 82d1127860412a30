"""Encrypt, decrypt, and keys for others to encrypt with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from homeport.aws.call import Call
from homeport.aws.services.kms import store
from homeport.aws.services.kms.crypto import envelope
from homeport.aws.services.kms.crypto.specs import SPECS
from homeport.aws.services.kms.errors import (
    IncorrectKey,
    InvalidCiphertext,
    InvalidKeyUsage,
    NotFound,
    UnsupportedOperation,
    ValidationFailed,
)
from homeport.aws.services.kms.room import Kms, ensure_aws_key, find_usable_key, place_of, read_key_id
from homeport.aws.services.kms.store import Key, Material, Place
from homeport.kernel.storage.database import Snapshot

if TYPE_CHECKING:
    from homeport.aws.api.kms import (
        DecryptRequest,
        DecryptResponse,
        EncryptRequest,
        EncryptResponse,
        GenerateDataKeyPairRequest,
        GenerateDataKeyPairResponse,
        GenerateDataKeyPairWithoutPlaintextRequest,
        GenerateDataKeyPairWithoutPlaintextResponse,
        GenerateDataKeyRequest,
        GenerateDataKeyResponse,
        GenerateDataKeyWithoutPlaintextRequest,
        GenerateDataKeyWithoutPlaintextResponse,
        GenerateRandomRequest,
        GenerateRandomResponse,
        ReEncryptRequest,
        ReEncryptResponse,
    )

SYMMETRIC: Final = "SYMMETRIC_DEFAULT"
_DATA_KEY_BYTES: Final = {"AES_256": 32, "AES_128": 16}
_LONGEST_PLAINTEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class _Unlocked:
    """A key with its secrets, the newest last."""

    key: Key
    materials: list[Material]

    @property
    def newest(self) -> Material:
        """What encrypts."""
        return self.materials[-1]


async def _unlock(kms: Kms, place: Place, key_id: str) -> _Unlocked:
    await ensure_aws_key(kms, place, key_id)

    def read(snapshot: Snapshot) -> _Unlocked:
        key = find_usable_key(snapshot, place, key_id)
        return _Unlocked(key, list(store.materials(snapshot, key)))

    return await kms.db.read(read)


def _check_encrypts(key: Key, algorithm: str) -> None:
    if key.usage != "ENCRYPT_DECRYPT":
        raise InvalidKeyUsage(f"{key.arn} key usage is {key.usage} which is not valid for this operation.")
    if algorithm not in SPECS[key.spec].encryption:
        raise InvalidKeyUsage(f"Algorithm {algorithm} and key spec {key.spec} are incompatible.")


def _seal(kms: Kms, unlocked: _Unlocked, algorithm: str, plaintext: bytes, context: dict[str, str]) -> bytes:
    key, newest = unlocked.key, unlocked.newest
    _check_encrypts(key, algorithm)
    if algorithm == SYMMETRIC:
        nonce = bytes.fromhex(kms.ids.hex(envelope.NONCE_BYTES))
        return envelope.seal(newest.secret, key.id, newest.number, nonce, plaintext, context)
    from homeport.aws.services.kms.crypto import asymmetric

    try:
        return asymmetric.encrypt(newest.secret, algorithm, plaintext)
    except asymmetric.KeyUnusable:
        raise ValidationFailed(
            f"Algorithm {algorithm} and key spec {key.spec} cannot encrypt data larger than the key allows."
        ) from None


async def encrypt(kms: Kms, call: Call, request: EncryptRequest) -> EncryptResponse:
    """Encrypt up to 4,096 bytes."""
    unlocked = await _unlock(kms, place_of(call), request["KeyId"])
    algorithm = request.get("EncryptionAlgorithm", SYMMETRIC)
    blob = _seal(kms, unlocked, algorithm, request["Plaintext"], request.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "KeyId": unlocked.key.arn, "EncryptionAlgorithm": algorithm}


async def _open(
    kms: Kms, place: Place, blob: bytes, key_id: str | None, algorithm: str, context: dict[str, str]
) -> tuple[Key, bytes]:
    """Decrypt a blob; a symmetric one names its key itself.

    Raises:
        InvalidCiphertext: nobody here encrypted it, or in another context.
        IncorrectKey: it was another key than the request says.
    """
    if algorithm == SYMMETRIC:
        return await _open_symmetric(kms, place, blob, key_id, context)
    if key_id is None:
        raise ValidationFailed("KeyId is required for asymmetric keys")
    from homeport.aws.services.kms.crypto import asymmetric

    unlocked = await _unlock(kms, place, key_id)
    _check_encrypts(unlocked.key, algorithm)
    try:
        return unlocked.key, asymmetric.decrypt(unlocked.newest.secret, algorithm, blob)
    except asymmetric.NotDecryptable:
        raise InvalidCiphertext from None


async def _open_symmetric(
    kms: Kms, place: Place, blob: bytes, key_id: str | None, context: dict[str, str]
) -> tuple[Key, bytes]:
    try:
        sealed = envelope.read_blob(blob)
        # A blob does not say whose its key is: the caller's own, unless the request names another account's.
        home = read_key_id(place, key_id).place if key_id is not None else place
        unlocked = await _unlock_sealed(kms, home, sealed.key_id)
        if key_id is not None and (await _unlock(kms, place, key_id)).key.arn != unlocked.key.arn:
            raise IncorrectKey
        material = next(m for m in unlocked.materials if m.number == sealed.material)
        return unlocked.key, envelope.unseal(material.secret, blob, context)
    except (envelope.NotEncryptedHere, StopIteration):
        raise InvalidCiphertext from None


async def _unlock_sealed(kms: Kms, place: Place, key_id: str) -> _Unlocked:
    """The key that a blob names, under either form of its id."""
    for name in (key_id, "mrk-" + key_id.replace("-", "")):
        try:
            return await _unlock(kms, place, name)
        except NotFound:
            continue
    raise InvalidCiphertext


async def decrypt(kms: Kms, call: Call, request: DecryptRequest) -> DecryptResponse:
    """Decrypt what Encrypt or GenerateDataKey gave out."""
    algorithm = request.get("EncryptionAlgorithm", SYMMETRIC)
    key, plaintext = await _open(
        kms,
        place_of(call),
        request.get("CiphertextBlob", b""),
        request.get("KeyId"),
        algorithm,
        request.get("EncryptionContext", {}),
    )
    return {"KeyId": key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm}


async def re_encrypt(kms: Kms, call: Call, request: ReEncryptRequest) -> ReEncryptResponse:
    """Encrypt anew under another key; the plaintext never leaves."""
    place = place_of(call)
    source_algorithm = request.get("SourceEncryptionAlgorithm", SYMMETRIC)
    source, plaintext = await _open(
        kms,
        place,
        request["CiphertextBlob"],
        request.get("SourceKeyId"),
        source_algorithm,
        request.get("SourceEncryptionContext", {}),
    )
    target = await _unlock(kms, place, request["DestinationKeyId"])
    algorithm = request.get("DestinationEncryptionAlgorithm", SYMMETRIC)
    blob = _seal(kms, target, algorithm, plaintext, request.get("DestinationEncryptionContext", {}))
    return {
        "CiphertextBlob": blob,
        "SourceKeyId": source.arn,
        "KeyId": target.key.arn,
        "SourceEncryptionAlgorithm": source_algorithm,
        "DestinationEncryptionAlgorithm": algorithm,
    }


def _data_key_bytes(spec: str | None, size: int | None) -> int:
    if (spec is None) == (size is None):
        raise ValidationFailed("Please specify either number of bytes or key spec.")
    return size if size is not None else _DATA_KEY_BYTES[spec or ""]


async def generate_data_key(kms: Kms, call: Call, request: GenerateDataKeyRequest) -> GenerateDataKeyResponse:
    """A new key, plain and encrypted."""
    size = _data_key_bytes(request.get("KeySpec"), request.get("NumberOfBytes"))
    unlocked = await _unlock(kms, place_of(call), request["KeyId"])
    plaintext = bytes.fromhex(kms.ids.hex(size))
    blob = _seal(kms, unlocked, SYMMETRIC, plaintext, request.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": unlocked.key.arn}


async def generate_data_key_without_plaintext(
    kms: Kms, call: Call, request: GenerateDataKeyWithoutPlaintextRequest
) -> GenerateDataKeyWithoutPlaintextResponse:
    """A new key, encrypted."""
    size = _data_key_bytes(request.get("KeySpec"), request.get("NumberOfBytes"))
    unlocked = await _unlock(kms, place_of(call), request["KeyId"])
    blob = _seal(kms, unlocked, SYMMETRIC, bytes.fromhex(kms.ids.hex(size)), request.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "KeyId": unlocked.key.arn}


async def generate_data_key_pair(
    kms: Kms, call: Call, request: GenerateDataKeyPairRequest
) -> GenerateDataKeyPairResponse:
    """A new key pair, its private key plain and encrypted."""
    from homeport.aws.services.kms.crypto import asymmetric
    from homeport.aws.services.kms.operations.keys import make_secret

    spec = request["KeyPairSpec"]
    if spec not in SPECS or SPECS[spec].family not in {"rsa", "ec"}:
        raise UnsupportedOperation(f"Homeport does not make key pairs of the spec {spec}.")
    unlocked = await _unlock(kms, place_of(call), request["KeyId"])
    secret = await make_secret(kms, spec)
    blob = _seal(kms, unlocked, SYMMETRIC, secret, request.get("EncryptionContext", {}))
    return {
        "PrivateKeyCiphertextBlob": blob,
        "PrivateKeyPlaintext": secret,
        "PublicKey": asymmetric.public_of(secret),
        "KeyId": unlocked.key.arn,
        "KeyPairSpec": spec,
    }


async def generate_data_key_pair_without_plaintext(
    kms: Kms, call: Call, request: GenerateDataKeyPairWithoutPlaintextRequest
) -> GenerateDataKeyPairWithoutPlaintextResponse:
    """A new key pair, its private key encrypted."""
    made = await generate_data_key_pair(
        kms,
        call,
        {
            "KeyId": request["KeyId"],
            "KeyPairSpec": request["KeyPairSpec"],
            "EncryptionContext": request.get("EncryptionContext", {}),
        },
    )
    return {
        "PrivateKeyCiphertextBlob": made["PrivateKeyCiphertextBlob"],
        "PublicKey": made["PublicKey"],
        "KeyId": made["KeyId"],
        "KeyPairSpec": made["KeyPairSpec"],
    }


async def generate_random(kms: Kms, _call: Call, request: GenerateRandomRequest) -> GenerateRandomResponse:
    """Bytes of chance."""
    return {"Plaintext": bytes.fromhex(kms.ids.hex(request.get("NumberOfBytes", 32)))}
