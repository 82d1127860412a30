"""Requests that no SDK sends: what headers cannot carry, bodies that are cut, documents that are none."""

import base64
import http.client
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import OWNER, Answer, ask, send

LINE_BREAKS = ["a\r\nX-Injected: y", "a\nb", "a\x00b", "\x7f"]


def put_by_url(aws: AwsServer, bucket: str, **headers: str) -> Answer:
    """A presigned URL carries headers in its query, where they may be anything."""
    signature = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=000000000000/20260101/us-east-1/s3/aws4_request"
        "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    )
    more = "".join(f"&{quote(name)}={quote(value)}" for name, value in headers.items())
    return ask(aws.url, "PUT", f"/{bucket}/k?{signature}{more}", b"x")


def post(aws: AwsServer, bucket: str, **fields: str) -> Answer:
    """A form of nobody, for a bucket that everybody may write."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in {"key": "k", **fields}.items()
    ]
    body = "".join([*parts, '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'])
    return ask(aws.url, "POST", f"/{bucket}", body.encode(), Content_Type="multipart/form-data; boundary=b")


@pytest.fixture
def public(s3: Any, open_bucket: str) -> str:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    return open_bucket


@pytest.mark.parametrize("value", LINE_BREAKS)
def test_metadata_that_no_header_can_carry_back_is_refused(shared: AwsServer, public: str, value: str) -> None:
    for answer in (
        put_by_url(shared, public, **{"x-amz-meta-a": value}),
        post(shared, public, **{"x-amz-meta-a": value}),
        post(shared, public, **{"Cache-Control": value}),
        post(shared, public, **{"Content-Type": value}),
    ):
        assert (answer.status, answer.element("Code")) == (400, "InvalidArgument"), answer
    assert send(shared.url, "GET", f"/{public}/k").status == 404


@pytest.mark.parametrize("name", ["ü", "a b", "a:b", "a\r\nX"])
def test_a_name_that_no_header_can_have_is_refused(shared: AwsServer, public: str, name: str) -> None:
    answer = put_by_url(shared, public, **{f"x-amz-meta-{name}": "v"})

    assert (answer.status, answer.element("Code")) == (400, "InvalidArgument")


@pytest.mark.parametrize("value", LINE_BREAKS)
@pytest.mark.parametrize("parameter", ["content-type", "content-disposition", "cache-control"])
def test_a_url_cannot_put_line_breaks_into_an_answer(
    shared: AwsServer, s3: Any, bucket: str, parameter: str, value: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    for method in ("GET", "HEAD"):
        answer = send(shared.url, method, f"/{bucket}/k?response-{parameter}={quote(value)}")

        assert answer.status == 400
        assert "x-injected" not in answer.headers


def test_an_answer_s_headers_are_latin_1_when_a_url_asks_for_them(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    fine = send(shared.url, "GET", f"/{bucket}/k?response-content-disposition={quote('é')}")
    beyond = send(shared.url, "GET", f"/{bucket}/k?response-content-disposition={quote('日')}")

    assert fine.headers["content-disposition"] == "é"
    assert (beyond.status, beyond.element("Code")) == (400, "InvalidArgument")
    assert beyond.element("Message") == "Header value cannot be represented using ISO-8859-1."
    assert beyond.element("ArgumentName") == "response-content-disposition"


def test_nobody_chooses_an_answer_s_headers_without_signing(shared: AwsServer, s3: Any, public: str) -> None:
    s3.put_object(Bucket=public, Key="k", Body=b"x", ACL="public-read")

    answer = ask(shared.url, "GET", f"/{public}/k?response-content-type=text/html")

    assert (answer.status, answer.element("Code")) == (400, "InvalidRequest")
    assert answer.element("Message") == "Request specific response headers cannot be used for anonymous GET requests."
    assert ask(shared.url, "GET", f"/{public}/k").status == 200


@pytest.mark.parametrize(
    ("sent", "meant"), [("ÄMÄZÕÑ S3".encode(), "ÄMÄZÕÑ S3".encode().decode("latin-1")), (b"\xe9", "é")]
)
def test_metadata_beyond_ascii_comes_back_in_the_encoding_of_mail(
    shared: AwsServer, s3: Any, bucket: str, sent: bytes, meant: str
) -> None:
    """As AWS's guide shows it ("User-defined object metadata"): the header's bytes are taken for Latin-1."""
    answer = send(shared.url, "PUT", f"/{bucket}/k", x_amz_meta_a=sent.decode("latin-1"))

    assert answer.status == 200
    encoded = base64.b64encode(meant.encode()).decode()
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": f"=?UTF-8?B?{encoded}?="}


@pytest.mark.parametrize("name", ["cache_control", "content_type", "x_amz_acl", "range", "x_amz_tagging", "user_agent"])
def test_bytes_that_are_no_text_are_no_fault_of_the_server_s(shared: AwsServer, bucket: str, name: str) -> None:
    for method in ("PUT", "GET", "DELETE", "HEAD"):
        answer = send(shared.url, method, f"/{bucket}/k", b"", **{name: "\xff\xfe"})

        assert answer.status < 500, (method, answer)


@pytest.mark.parametrize("text", ["0", "-1", "Thu, 01 Dec 1994 16:00:00 GMT", "2030-01-01T00:00:00Z", "in a week"])
def test_expires_comes_back_as_it_was_given(shared: AwsServer, bucket: str, text: str) -> None:
    assert send(shared.url, "PUT", f"/{bucket}/k", b"x", Expires=text).status == 200

    assert send(shared.url, "GET", f"/{bucket}/k").headers["expires"] == text
    overridden = send(shared.url, "GET", f"/{bucket}/k?response-expires={quote(text[:4])}")
    assert overridden.headers["expires"] == text[:4]


def test_metadata_of_one_name_is_one_list(shared: AwsServer, s3: Any, bucket: str) -> None:
    parts = urlsplit(shared.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("PUT", f"/{bucket}/k")
    for name, value in (*OWNER.items(), ("x-amz-meta-a", "1"), ("X-Amz-Meta-A", "2"), ("Content-Length", "0")):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()

    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "1,2"}


def test_a_signature_of_bytes_that_are_no_text_is_refused(shared: AwsServer, bucket: str) -> None:
    for name in ("Authorization", "x_amz_security_token", "X_Amz_Date", "x_amz_content_sha256"):
        answer = ask(shared.url, "GET", f"/{bucket}/k", b"", **{**OWNER, name: "AWS4-HMAC-SHA256 \xff"})

        assert answer.status < 500, (name, answer)


@pytest.mark.parametrize("query", ["uploadId=x", "partNumber=1", "uploadId", "partNumber"])
def test_half_of_a_part_s_address_does_not_make_it_the_object(
    shared: AwsServer, s3: Any, bucket: str, query: str
) -> None:
    answer = send(shared.url, "PUT", f"/{bucket}/k?{query}", b"part")

    assert (answer.status, answer.element("Code")) == (400, "InvalidArgument")
    assert answer.element("Message") == "This operation does not accept a query-string."
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("method", "target", "document"),
    [
        ("PUT", "{0}?versioning", "<Foo><Status>Enabled</Status></Foo>"),
        ("PUT", "{0}?accelerate", "<Foo><Status>Enabled</Status></Foo>"),
        ("PUT", "{0}?publicAccessBlock", "<Foo><BlockPublicAcls>false</BlockPublicAcls></Foo>"),
        ("PUT", "{0}?notification", "<Foo/>"),
        ("PUT", "{0}-new", "<Foo/>"),
        ("PUT", "{0}/k?tagging", "<Foo><TagSet/></Foo>"),
        ("POST", "{0}?delete", "<Foo><Object><Key>k</Key></Object></Foo>"),
    ],
)
def test_a_document_of_another_kind_is_malformed(
    shared: AwsServer, s3: Any, bucket: str, method: str, target: str, document: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    answer = send(shared.url, method, "/" + target.format(bucket), document.encode())

    assert (answer.status, answer.element("Code")) == (400, "MalformedXML")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_attributes_that_nobody_named_are_a_request_that_is_none(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    for answer in (
        send(shared.url, "GET", f"/{bucket}/k?attributes"),
        send(shared.url, "GET", f"/{bucket}/k?attributes", x_amz_object_attributes=""),
    ):
        assert (answer.status, answer.element("Code")) == (400, "InvalidRequest")
        assert "x-amz-object-attributes header" in answer.element("Message")


CHUNKS = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x_amz_decoded_content_length": "5"}


@pytest.mark.parametrize("trailer", [b"", b"x-amz-checksum-sha1:qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n"])
def test_a_checksum_that_was_announced_and_never_came_is_missed(
    shared: AwsServer, s3: Any, bucket: str, trailer: bytes
) -> None:
    body = b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n"

    answer = send(shared.url, "PUT", f"/{bucket}/k", body, **CHUNKS, x_amz_trailer="x-amz-checksum-crc32")

    assert (answer.status, answer.element("Code")) == (400, "MalformedTrailerError")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_chunks_of_an_unknown_kind_are_refused(shared: AwsServer, bucket: str) -> None:
    answer = send(shared.url, "PUT", f"/{bucket}/k", b"x", x_amz_content_sha256="STREAMING-SOMETHING")

    assert (answer.status, answer.element("Code")) == (400, "InvalidArgument")
    assert answer.element("ArgumentName") == "x-amz-content-sha256"


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_checksum_that_is_spoken_of_has_to_be_there(shared: AwsServer, s3: Any, bucket: str, size: int) -> None:
    answer = send(shared.url, "PUT", f"/{bucket}/k", b"x" * size, x_amz_sdk_checksum_algorithm="CRC32")

    assert (answer.status, answer.element("Code")) == (400, "InvalidRequest")
    assert answer.element("Message") == (
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
        "found."
    )
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
