"""Signature version 4 against AWS's own examples and botocore's signer."""

from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from homeport.aws.auth import sigv4
from homeport.aws.auth.credentials import (
    AuthorizationMalformed,
    PresignedMalformed,
    read_credentials,
)
from homeport.aws.auth.door import _ChunkChain
from homeport.aws.auth.errors import ChunkSignatureMismatch

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
MOMENT = "20130524T000000Z"
SCOPE = "20130524/us-east-1/s3/aws4_request"


def test_the_example_of_a_get_with_a_range_has_aws_s_signature() -> None:
    """S3 API reference, "Authenticating requests: using the Authorization header", example GET object."""
    headers = {
        "Host": "examplebucket.s3.amazonaws.com",
        "Range": "bytes=0-9",
        "x-amz-content-sha256": sigv4.EMPTY_SHA256,
        "x-amz-date": MOMENT,
    }
    names = ("host", "range", "x-amz-content-sha256", "x-amz-date")

    canonical = sigv4.canonical_request(
        "GET", "/test.txt", "", CIMultiDict(headers), names, sigv4.EMPTY_SHA256, s3=True
    )

    key = sigv4.signing_key(SECRET, "20130524", "us-east-1", "s3")
    signature = sigv4.sign(key, sigv4.string_to_sign(MOMENT, SCOPE, canonical))
    assert signature == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def test_the_example_of_a_signed_chunked_upload_has_aws_s_signatures() -> None:
    """S3 API reference, "Transferring payload in multiple chunks", its example of 65 KiB of `a`."""
    from hashlib import sha256

    key = sigv4.signing_key(SECRET, "20130524", "us-east-1", "s3")
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    chain = _ChunkChain(key, MOMENT, SCOPE, seed)

    chain.chunk("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", sha256(b"a" * 65536).hexdigest())
    chain.chunk("0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", sha256(b"a" * 1024).hexdigest())
    chain.chunk("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", sha256(b"").hexdigest())

    with pytest.raises(ChunkSignatureMismatch):
        chain.chunk("0" * 64, sha256(b"").hexdigest())


PATHS = st.text("abc/ .~+%&=ü日;:@$,!*'()", min_size=0, max_size=20)
PAIRS = st.lists(
    st.tuples(st.text("ab +&=%ü~-", min_size=1, max_size=5), st.text("ab +&=%ü/~", max_size=5)), max_size=4
)


@given(path=PATHS, pairs=PAIRS, s3=st.booleans())
def test_canonical_requests_are_botocore_s(path: str, pairs: list[tuple[str, str]], *, s3: bool) -> None:
    from urllib.parse import quote

    raw_path = "/" + quote(path, safe="/~")
    raw_query = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
    headers = {"Host": "localhost:4566", "X-Amz-Date": MOMENT, "X-Odd": "  a   b  ", "x-amz-content-sha256": "UNSIGNED"}
    url = f"http://localhost:4566{raw_path}" + (f"?{raw_query}" if raw_query else "")
    request = AWSRequest(method="PUT", url=url, headers=headers, data=b"")
    made: Any = S3SigV4Auth if s3 else SigV4Auth
    signer = made(Credentials("id", SECRET), "s3" if s3 else "sqs", "us-east-1")

    theirs = signer.canonical_request(request)

    names = signer.signed_headers(signer.headers_to_sign(request)).split(";")
    ours = sigv4.canonical_request(
        "PUT", raw_path, raw_query, CIMultiDict(headers), names, theirs.rpartition("\n")[2], s3=s3
    )
    assert ours == theirs


GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab"
)


def test_an_authorization_header_is_taken_apart() -> None:
    found = read_credentials({"Authorization": GOOD, "X-Amz-Security-Token": "t"}, "")

    assert found is not None
    assert (found.key_id, found.date, found.region, found.service) == ("AKID", "20130524", "us-east-1", "s3")
    assert (found.signed_headers, found.signature, found.token) == (("host", "x-amz-date"), "ab", "t")


@pytest.mark.parametrize("spaced", [GOOD.replace(", ", ","), GOOD.replace(", ", " , ")])
def test_spaces_between_its_parts_do_not_matter(spaced: str) -> None:
    assert read_credentials({"Authorization": spaced}, "") == read_credentials({"Authorization": GOOD}, "")


@pytest.mark.parametrize(
    "text",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=AKID",
        GOOD.replace("/aws4_request", ""),
        GOOD.replace("20130524", "today"),
        GOOD[: GOOD.index("Signature=")] + "Signature=",
    ],
)
def test_a_broken_authorization_header_is_refused(text: str) -> None:
    with pytest.raises(AuthorizationMalformed):
        read_credentials({"Authorization": text}, "")


@pytest.mark.parametrize("text", ["Basic YTpi", "Bearer x", "nonsense"])
def test_somebody_else_s_authorization_is_none(text: str) -> None:
    assert read_credentials({"Authorization": text}, "") is None


WHOLE = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20130524/r/s3/aws4_request&X-Amz-Date=b"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature=c"
)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        WHOLE.replace("a/20130524/r/s3/aws4_request", "a"),
        WHOLE.replace("&X-Amz-Signature=c", ""),
        f"{WHOLE}&X-Amz-Expires=604801",
        f"{WHOLE}&X-Amz-Expires=-1",
        f"{WHOLE}&X-Amz-Expires=soon",
    ],
)
def test_a_broken_presigned_url_is_refused(query: str) -> None:
    with pytest.raises(PresignedMalformed):
        read_credentials({}, query)
