"""What symmetric encryption gives out: a blob that names its key, so that Decrypt needs only the blob.

One byte of version, sixteen of the key's id, four of its material's number, twelve of nonce, then AES-256-GCM's text
and tag. The encryption context is authenticated, sorted by its names, and not in the blob.
"""

import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_VERSION: Final = 1
_HEAD: Final = struct.Struct(">B16sI12s")
_TAG_BYTES: Final = 16
NONCE_BYTES: Final = 12

Context = Mapping[str, str]


class NotEncryptedHere(ValueError):
    """Bytes that are no blob of ours, or have been changed, or had another encryption context."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A blob's parts.

    Attributes:
        material: which of the key's materials, counted from 1; rotation adds one.
    """

    key_id: str
    material: int
    nonce: bytes
    text: bytes


def _authenticated(head: bytes, context: Context) -> bytes:
    """The head and the context, in a form that no two contexts share: each text behind its length."""
    parts = [head]
    for name in sorted(context):
        for text in (name.encode(), context[name].encode()):
            parts += [struct.pack(">I", len(text)), text]
    return b"".join(parts)


def seal(secret: bytes, key_id: str, material: int, nonce: bytes, plaintext: bytes, context: Context) -> bytes:
    """Encrypt; the nonce must never have been used with this material before."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = _HEAD.pack(_VERSION, uuid.UUID(key_id.removeprefix("mrk-")).bytes, material, nonce)
    return head + AESGCM(secret).encrypt(nonce, plaintext, _authenticated(head, context))


def read_blob(blob: bytes) -> Sealed:
    """Take a blob apart.

    Raises:
        NotEncryptedHere: it is none.
    """
    if len(blob) < _HEAD.size + _TAG_BYTES or blob[0] != _VERSION:
        raise NotEncryptedHere
    _, key_id, material, nonce = _HEAD.unpack_from(blob)
    return Sealed(str(uuid.UUID(bytes=key_id)), material, nonce, blob[_HEAD.size :])


def unseal(secret: bytes, blob: bytes, context: Context) -> bytes:
    """Decrypt.

    Raises:
        NotEncryptedHere: the blob or the context is not what was encrypted.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = read_blob(blob)
    try:
        return AESGCM(secret).decrypt(sealed.nonce, sealed.text, _authenticated(blob[: _HEAD.size], context))
    except InvalidTag as error:
        raise NotEncryptedHere from error
