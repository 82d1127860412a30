import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.registry.strategies import DIGESTS

from homeport.registry.errors import DigestInvalid
from homeport.registry.model.digest import (
    EMPTY,
    algorithm,
    digest_of,
    encoded,
    find_digest,
    finish,
    from_key,
    is_canonical,
    new_hasher,
    parse_digest,
    to_key,
)


@given(st.binary())
def test_a_digest_is_algorithm_and_lower_case_hex_of_the_bytes(data: bytes) -> None:
    """OCI image, descriptor, "Digests"."""
    assert digest_of(data) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert digest_of(data, "sha512") == "sha512:" + hashlib.sha512(data).hexdigest()


@given(DIGESTS)
def test_a_digest_survives_being_taken_apart(digest: str) -> None:
    parsed = parse_digest(digest)

    assert f"{algorithm(parsed)}:{encoded(parsed)}" == digest
    assert from_key(to_key(parsed)) == parsed
    assert is_canonical(parsed) == digest.startswith("sha256:")


def test_the_empty_digest_is_that_of_no_bytes() -> None:
    assert digest_of(b"") == EMPTY


def test_a_running_digest_ends_as_that_of_all_pieces() -> None:
    hasher = new_hasher("sha512")
    for piece in (b"ab", bytearray(b"c"), memoryview(b"d")):
        hasher.update(piece)

    assert finish(hasher, "sha512") == digest_of(b"abcd", "sha512")


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "sha256", "sha256:", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha512:" + "0" * 64),
        *("sha256:" + "A" * 64, "SHA256:" + "0" * 64, "sha256:" + "0" * 64 + "\n", " sha256:" + "0" * 64),
        *("sha256:" + "\u0660" * 64, "sha256:../../../etc/passwd", "sha256:" + "0" * 63 + "\0"),
    ],
)
def test_a_malformed_digest_is_refused(text: str) -> None:
    assert find_digest(text) is None
    with pytest.raises(DigestInvalid) as caught:
        parse_digest(text)
    assert (caught.value.status, caught.value.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("text", ["md5:" + "0" * 32, "sha384:" + "0" * 96, "blake3:" + "0" * 64])
def test_an_unknown_algorithm_is_refused_by_name(text: str) -> None:
    with pytest.raises(DigestInvalid, match="unsupported digest algorithm"):
        parse_digest(text)
