"""Manifests as the collection reads them: checked against their digest, for what they say decides over other bytes."""

import os
from typing import Final

from homeport.registry.collect.errors import MarkFailed
from homeport.registry.errors import ManifestInvalid
from homeport.registry.model.digest import algorithm, digest_of, from_key
from homeport.registry.model.manifest import MAX_MANIFEST_BYTES, ParsedManifest, read_stored
from homeport.registry.store.paths import Paths

LARGEST_READ_BYTES: Final = 16 * MAX_MANIFEST_BYTES
"""A linked manifest beyond this, which no registry takes in, is damage; an unlinked blob beyond it is no manifest."""


def read_linked(paths: Paths, key: bytes) -> ParsedManifest:
    """A manifest that a repository has a link to.

    Raises:
        MarkFailed: its bytes are missing, unreadable, altered, or no manifest.
    """
    digest = from_key(key)
    path = paths.blob(digest)
    data = _read(path)
    if data is None:
        raise MarkFailed(path, "the manifest's bytes are missing")
    if digest_of(data, algorithm(digest)) != digest:
        raise MarkFailed(path, "the bytes do not match their digest")
    try:
        return read_stored(data)
    except ManifestInvalid as error:
        raise MarkFailed(path, error.message) from None


def read_possible(paths: Paths, key: bytes) -> ParsedManifest | None:
    """What an index calls a manifest though its repository has no link to it: read if it is one.

    It cannot be pulled as a manifest, and its bytes may be anything that somebody pushed; so nothing fails here.

    Raises:
        MarkFailed: the disk does not give the bytes that are there.
    """
    digest = from_key(key)
    data = _read(paths.blob(digest))
    if data is None or len(data) > LARGEST_READ_BYTES or digest_of(data, algorithm(digest)) != digest:
        return None
    try:
        return read_stored(data)
    except ManifestInvalid:
        return None


def _read(path: str) -> bytes | None:
    """The bytes, or one more than `LARGEST_READ_BYTES` of them; `None` if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MarkFailed(path, error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read(LARGEST_READ_BYTES + 1)
    except OSError as error:
        raise MarkFailed(path, error.strerror or str(error)) from error
