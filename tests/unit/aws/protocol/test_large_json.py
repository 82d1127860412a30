"""A large body is read by another parser than a small one; both agree."""

import json
from typing import Any

import pytest

from homeport.aws.protocol.codec import SerializationException
from homeport.aws.protocol.json_rpc import LARGE_BYTES, read_json

PADDING = b'"' + b"x" * LARGE_BYTES + b'"'


def large(document: bytes) -> bytes:
    return b'{"padding":' + PADDING + b',"document":' + document + b"}"


@pytest.mark.parametrize(
    "document",
    [
        b'{"a":[1,-2,3.5,true,false,null,{},[],""]}',
        '"Übergröße 😀"'.encode(),
        rb'"\u00dc\ud83d\ude00\\ud800"',
        rb'"\uD83D\uDE00\n\/"',
        b'{"a":1,"a":2}',
        b"[" * 300 + b"]" * 300,
    ],
)
def test_both_read_the_same(document: bytes) -> None:
    found: Any = read_json(large(document))

    assert found["document"] == read_json(document) == json.loads(document)
    assert len(found["padding"]) == LARGE_BYTES


@pytest.mark.parametrize(
    "document",
    [
        rb'"\ud800"',
        rb'"\udc00\ud800"',
        rb'"\ud83dx\ude00"',
        b"NaN",
        b"-Infinity",
        b'"\xff"',
        b'"a\nb"',
        b"'a'",
        b"[1,]",
        b"1}",
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5000 + b"x",
    ],
)
def test_both_refuse_the_same(document: bytes) -> None:
    for content in (document, large(document), b"\xef\xbb\xbf" + large(b"1")):
        with pytest.raises(SerializationException, match="Unable to parse"):
            read_json(content)
