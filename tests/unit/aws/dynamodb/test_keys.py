"""Keys as bytes: SQLite's order of blobs is DynamoDB's order of items."""

from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st

from homeport.aws.services.dynamodb.model import keys
from homeport.aws.services.dynamodb.model.values import Value

parts = st.binary(max_size=8)


@given(st.text(max_size=5), st.text(max_size=5))
def test_strings_sort_by_their_utf8_bytes(one: str, two: str) -> None:
    encoded = [keys.scalar_bytes({"S": text}) for text in (one, two)]

    assert (encoded[0] < encoded[1]) == (one.encode("utf-8", "surrogatepass") < two.encode("utf-8", "surrogatepass"))


@given(parts, parts)
def test_binaries_sort_as_unsigned_bytes(one: bytes, two: bytes) -> None:
    values: list[Value] = [{"B": b64encode(data).decode()} for data in (one, two)]

    assert (keys.scalar_bytes(values[0]) < keys.scalar_bytes(values[1])) == (one < two)


@given(parts, parts, parts, parts)
def test_terminated_parts_sort_part_by_part(one: bytes, two: bytes, rest: bytes, other_rest: bytes) -> None:
    left, right = keys.terminated(one) + rest, keys.terminated(two) + other_rest

    if one != two:
        assert (left < right) == (one < two)
    else:
        assert (left < right) == (rest < other_rest)


@given(parts, parts)
def test_what_begins_with_a_prefix_lies_before_its_end(prefix: bytes, rest: bytes) -> None:
    assert prefix <= prefix + rest < keys.after(prefix) or prefix.strip(b"\xff") == b""


@given(st.lists(parts, min_size=1, max_size=4), st.lists(parts, min_size=1, max_size=4))
def test_different_partition_keys_have_different_beginnings(one: list[bytes], two: list[bytes]) -> None:
    left, right = keys.partition(one), keys.partition(two)

    if len(one) == len(two):
        assert (left == right) == (one == two)
        assert one == two or not left.startswith(right)


@given(st.integers(1, 1_000_000), st.data())
def test_segments_lie_side_by_side(total: int, data: st.DataObject) -> None:
    segment = data.draw(st.integers(0, total - 1))
    low, high = keys.segment_bounds(segment, total)

    assert low < high
    if segment + 1 < total:
        assert keys.segment_bounds(segment + 1, total)[0] == high
    else:
        assert high > b"\xff\xff\xff\xff\x08\x00" + b"\xff" * 2000
