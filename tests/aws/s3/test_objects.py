"""Objects put, read, described and deleted (S3 API reference, PutObject, GetObject, HeadObject, DeleteObject)."""

import hashlib
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send

KIBIBYTE = 1024
AWKWARD_KEYS = [
    "../../etc/passwd",
    "..",
    ".",
    "a//b",
    "/leading",
    "trailing/",
    "//",
    "spaces and + plus",
    "percent%2Fencoded%",
    "ünïcödé/日本語/😀",
    "new\nline",
    "quote\"'<&>",
    "~tilde*star(1)",
    "k" * 1024,
    "?query=1",
    "#fragment",
    "a/../../b",
    "null",
    "\\back\\slash",
]


@pytest.mark.parametrize("size", [0, 1, 64 * KIBIBYTE, 64 * KIBIBYTE + 1, 3 * KIBIBYTE * KIBIBYTE])
def test_an_object_is_read_as_it_was_put_whatever_its_size(s3: Any, bucket: str, size: int) -> None:
    content = os.urandom(size)

    put = s3.put_object(Bucket=bucket, Key="object", Body=content)
    got = s3.get_object(Bucket=bucket, Key="object")

    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'  # noqa: S324 # what an ETag is
    assert got["Body"].read() == content
    assert got["ContentLength"] == size
    assert got["ETag"] == put["ETag"]


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_a_key_of_any_bytes_names_its_object_and_no_file(s3: Any, bucket: str, shared: AwsServer, key: str) -> None:
    content = os.urandom(70 * KIBIBYTE)
    s3.put_object(Bucket=bucket, Key=key, Body=content)

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == content
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    names = {path.name for path in (shared.data_dir / "aws" / "s3").rglob("*") if path.is_file()}
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)
    s3.delete_object(Bucket=bucket, Key=key)
    assert code(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)


def test_a_new_object_has_the_defaults_of_today(s3: Any, bucket: str) -> None:
    """Since January 2023 everything is encrypted; the content type was never guessed."""
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    head = s3.head_object(Bucket=bucket, Key="k")

    assert put["ServerSideEncryption"] == head["ServerSideEncryption"] == "AES256"
    assert head["ContentType"] == "binary/octet-stream"
    assert head["AcceptRanges"] == "bytes"
    assert "VersionId" not in head
    assert "StorageClass" not in head


def test_what_is_said_of_the_content_comes_back_with_it(s3: Any, bucket: str) -> None:
    told = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain; charset=utf-8",
        "Expires": datetime(2030, 1, 1, tzinfo=UTC),
        "Metadata": {"owner": "me", "colour": "red"},
        "WebsiteRedirectLocation": "/elsewhere",
        "StorageClass": "STANDARD_IA",
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **told)

    head = s3.head_object(Bucket=bucket, Key="k")

    assert {name: head[name] for name in told} == told


def test_an_answer_can_be_given_other_headers(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/css", ResponseContentDisposition="inline")

    assert (got["ContentType"], got["ContentDisposition"]) == ("text/css", "inline")


@pytest.mark.parametrize(
    ("wanted", "content", "header"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
        (f"bytes=0{'0' * 5000}2-{'9' * 5000}", b"23456789", "bytes 2-9/10"),
        (f"bytes=-{'9' * 5000}", b"0123456789", "bytes 0-9/10"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_range_is_a_part_of_the_content(s3: Any, bucket: str, wanted: str, content: bytes, header: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    got = s3.get_object(Bucket=bucket, Key="k", Range=wanted)

    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (got["Body"].read(), got["ContentRange"]) == (content, header)


def test_a_range_of_a_large_object_is_cut_from_its_file(s3: Any, bucket: str) -> None:
    content = os.urandom(300 * KIBIBYTE)
    s3.put_object(Bucket=bucket, Key="k", Body=content)

    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=100000-299999")["Body"].read() == content[100000:300000]


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "nonsense"])
def test_what_is_no_single_range_means_all(s3: Any, bucket: str, wanted: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    got = s3.get_object(Bucket=bucket, Key="k", Range=wanted)

    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, b"0123456789")


def test_a_range_behind_the_end_is_refused_with_the_real_size(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"01234567")

    error = refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=1024-4096")

    assert (error["Code"], error["Status"]) == ("InvalidRange", 416)
    assert (error["ActualObjectSize"], error["RangeRequested"]) == ("8", "bytes=1024-4096")


def test_a_missing_object_is_named(s3: Any, bucket: str) -> None:
    error = refused(s3.get_object, Bucket=bucket, Key="nothing")

    assert (error["Code"], error["Status"], error["Key"]) == ("NoSuchKey", 404, "nothing")
    assert code(s3.head_object, Bucket=bucket, Key="nothing") == ("404", 404)


def test_a_missing_bucket_is_named(s3: Any) -> None:
    error = refused(s3.get_object, Bucket="no-such-bucket", Key="k")

    assert (error["Code"], error["Status"], error["BucketName"]) == ("NoSuchBucket", 404, "no-such-bucket")


def test_a_put_replaces_what_was_there(s3: Any, bucket: str, shared: AwsServer) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"a" * 100_000, Metadata={"old": "yes"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")

    got = s3.get_object(Bucket=bucket, Key="k")

    assert (got["Body"].read(), got["Metadata"]) == (b"new", {})
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_deleting_what_is_not_there_succeeds(s3: Any, bucket: str) -> None:
    assert s3.delete_object(Bucket=bucket, Key="nothing")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_batch_deletes_each_for_itself(s3: Any, bucket: str) -> None:
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]})

    assert [entry["Key"] for entry in answer["Deleted"]] == ["a", "b", "none"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_quiet_batch_tells_only_of_errors(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})

    assert "Deleted" not in answer
    assert "Errors" not in answer


def test_a_batch_has_a_thousand_keys_at_most(s3: Any, bucket: str) -> None:
    objects = [{"Key": f"{number}"} for number in range(1001)]

    assert code(s3.delete_objects, Bucket=bucket, Delete={"Objects": objects}) == ("MalformedXML", 400)


def test_a_key_longer_than_1024_bytes_is_refused(s3: Any, bucket: str) -> None:
    error = refused(s3.put_object, Bucket=bucket, Key="é" * 513, Body=b"")

    assert (error["Code"], error["Status"]) == ("KeyTooLongError", 400)
    assert (error["Size"], error["MaxSizeAllowed"]) == ("1026", "1024")


def test_more_than_2_kilobytes_of_metadata_are_refused(s3: Any, bucket: str) -> None:
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2048})

    assert (error["Code"], error["Size"], error["MaxSizeAllowed"]) == ("MetadataTooLarge", "2049", "2048")


def test_an_unknown_storage_class_is_refused(s3: Any, bucket: str) -> None:
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", StorageClass="ICE") == ("InvalidStorageClass", 400)


def test_a_body_cut_off_leaves_nothing(shared: AwsServer, s3: Any, bucket: str) -> None:
    import socket
    from urllib.parse import urlsplit

    from tests.s3_wire import OWNER

    parts = urlsplit(shared.url)
    before = {path for path in (shared.data_dir / "aws" / "s3").rglob("*") if path.is_file()}
    with socket.create_connection((parts.hostname, parts.port or 0)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in OWNER.items())
        connection.sendall(
            f"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 300_000
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    assert code(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)
    assert {path for path in (shared.data_dir / "aws" / "s3").rglob("*") if path.is_file()} == before


def test_virtual_hosted_and_path_style_mean_the_same(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"content")

    for host in (f"{bucket}.s3.localhost.localstack.cloud", f"{bucket}.s3.eu-west-1.example.org:4566"):
        assert send(shared.url, "GET", "/a/b", Host=host).body == b"content"


def test_expected_owner_is_compared(s3: Any, bucket: str) -> None:
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="000000000000")
    denied = code(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="111111111111")
    assert denied == ("AccessDenied", 403)
    assert code(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="abcd") == (
        "InvalidBucketOwnerAWSAccountID",
        400,
    )
