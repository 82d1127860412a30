"""Checksums of contents (S3 user guide, "Checking object integrity")."""

import base64
import hashlib
import zlib
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, send

from homeport.aws.services.s3.model.checksums import ALGORITHMS, checksum

SMALL, LARGE = b"hello checksums", b"0123456789abcdef" * 20_000


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_checksum_in_a_header_is_verified_and_kept(
    shared: AwsServer, s3: Any, bucket: str, algorithm: str, content: bytes
) -> None:
    name = f"x-amz-checksum-{algorithm.lower()}"
    value = checksum(algorithm, content)

    right = send(shared.url, "PUT", f"/{bucket}/k", content, **{name: value})
    wrong = send(shared.url, "PUT", f"/{bucket}/other", content, **{name: checksum(algorithm, b"another")})
    senseless = send(shared.url, "PUT", f"/{bucket}/other", content, **{name: "bm8="})

    assert (right.status, right.headers[name], right.headers["x-amz-checksum-type"]) == (200, value, "FULL_OBJECT")
    assert (wrong.status, wrong.element("Code")) == (400, "BadDigest")
    assert (senseless.status, senseless.element("Code")) == (400, "InvalidRequest")
    assert code(s3.head_object, Bucket=bucket, Key="other") == ("404", 404)
    told = send(shared.url, "HEAD", f"/{bucket}/k", x_amz_checksum_mode="ENABLED")
    assert told.headers[name] == value
    assert name not in send(shared.url, "HEAD", f"/{bucket}/k").headers


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("announced", ["CRC32C", ""])
def test_a_checksum_behind_the_body_is_verified_and_kept(
    shared: AwsServer, bucket: str, content: bytes, announced: str
) -> None:
    """Trailing checksums, announced by the SDK's header or only by the trailer itself."""
    value = checksum("CRC32C", content)
    framed = {
        "Content_Encoding": "aws-chunked",
        "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x_amz_decoded_content_length": str(len(content)),
        "x_amz_trailer": "x-amz-checksum-crc32c",
    } | ({"x_amz_sdk_checksum_algorithm": announced} if announced else {})

    def body(trailer: str) -> bytes:
        return b"%x\r\n%b\r\n0\r\nx-amz-checksum-crc32c:%b\r\n\r\n" % (len(content), content, trailer.encode())

    right = send(shared.url, "PUT", f"/{bucket}/k", body(value), **framed)
    wrong = send(shared.url, "PUT", f"/{bucket}/k2", body(checksum("CRC32C", b"")), **framed)

    assert (right.status, right.headers["x-amz-checksum-crc32c"]) == (200, value)
    assert (wrong.status, wrong.element("Code")) == (400, "BadDigest")
    got = send(shared.url, "GET", f"/{bucket}/k")
    assert got.body == content
    assert "content-encoding" not in got.headers


def test_an_object_without_a_checksum_gets_one(shared: AwsServer, bucket: str) -> None:
    put = send(shared.url, "PUT", f"/{bucket}/k", SMALL)

    assert put.headers["x-amz-checksum-crc64nvme"] == checksum("CRC64NVME", SMALL)


def test_known_values() -> None:
    """Check values of the catalogues of CRCs, and what the standard library says."""
    check = b"123456789"

    assert checksum("CRC32C", check) == base64.b64encode(bytes.fromhex("e3069283")).decode()
    assert checksum("CRC64NVME", check) == base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()
    assert checksum("CRC32", check) == base64.b64encode(zlib.crc32(check).to_bytes(4)).decode()
    assert checksum("SHA512", check) == base64.b64encode(hashlib.sha512(check).digest()).decode()
    assert checksum("XXHASH64", b"") == base64.b64encode(bytes.fromhex("ef46db3751d8e999")).decode()
    assert checksum("XXHASH3", b"") == base64.b64encode(bytes.fromhex("2d06800538d394c2")).decode()
    assert checksum("XXHASH128", b"") == base64.b64encode(bytes.fromhex("99aa06d3014798d86001c324468d497f")).decode()


def test_content_md5_is_verified(shared: AwsServer, bucket: str) -> None:
    digest = base64.b64encode(hashlib.md5(SMALL).digest()).decode()  # noqa: S324 # what Content-MD5 is

    assert send(shared.url, "PUT", f"/{bucket}/k", SMALL, Content_MD5=digest).status == 200
    wrong = send(shared.url, "PUT", f"/{bucket}/k", b"other", Content_MD5=digest)
    assert (wrong.status, wrong.element("Code")) == (400, "BadDigest")
    assert wrong.element("ExpectedDigest") == digest
    senseless = send(shared.url, "PUT", f"/{bucket}/k", SMALL, Content_MD5="abc")
    assert (senseless.status, senseless.element("Code")) == (400, "InvalidDigest")


def test_two_checksums_are_one_too_many(shared: AwsServer, bucket: str) -> None:
    both = {f"x-amz-checksum-{name.lower()}": checksum(name, SMALL) for name in ("CRC32", "SHA1")}

    assert send(shared.url, "PUT", f"/{bucket}/k", SMALL, **both).element("Code") == "InvalidRequest"


def test_a_part_of_the_content_has_no_checksum(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=SMALL)

    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-3", ChecksumMode="ENABLED")

    assert not any(name.startswith("Checksum") for name in got)


def test_attributes_tell_the_checksum_without_the_content(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=SMALL, ChecksumAlgorithm="SHA256")

    got = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ETag", "ObjectSize", "StorageClass", "ObjectParts"]
    )

    assert got["Checksum"] == {"ChecksumSHA256": checksum("SHA256", SMALL), "ChecksumType": "FULL_OBJECT"}
    assert (got["ETag"], got["ObjectSize"]) == (hashlib.md5(SMALL).hexdigest(), len(SMALL))  # noqa: S324 # an ETag
    assert (got["StorageClass"], "ObjectParts" in got) == ("STANDARD", False)


def test_documents_are_verified_too(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=SMALL)
    document = b"<Delete><Object><Key>k</Key></Object></Delete>"
    wrong = {"Content_MD5": base64.b64encode(bytes(16)).decode()}, {"x_amz_checksum_crc32": "AAAAAA=="}

    for headers in wrong:
        answer = send(shared.url, "POST", f"/{bucket}?delete", document, **headers)
        assert (answer.status, answer.element("Code")) == (400, "BadDigest")
    assert s3.head_object(Bucket=bucket, Key="k")
    right = send(shared.url, "POST", f"/{bucket}?delete", document, x_amz_checksum_crc32=checksum("CRC32", document))
    assert right.status == 200
