"""Checksums put together from those of parts."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.services.s3.model.checksums import combined, composite, running


def checksum(algorithm: str, content: bytes) -> str:
    digest = running(algorithm)
    digest.update(content)
    return base64.b64encode(digest.digest()).decode()


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=6))
def test_parts_together_have_the_checksum_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    told = [(checksum(algorithm, part), len(part)) for part in parts]

    assert combined(algorithm, told) == checksum(algorithm, b"".join(parts))


def test_a_composite_names_how_many_parts_it_is_of() -> None:
    """As recorded of AWS: one part "this is a part" with CRC32C."""
    part = checksum("CRC32C", b"this is a part")

    assert part == "iqJrOQ=="
    assert composite("CRC32C", [part]) == "F9bAnw==-1"
