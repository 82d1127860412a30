"""Multipart uploads (S3 user guide, "Uploading and copying objects using multipart upload")."""

import base64
import hashlib
import os
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused

MEBIBYTE = 1024 * 1024
LEAST = 5 * MEBIBYTE


def start(s3: Any, bucket: str, key: str = "k", **arguments: Any) -> str:
    """A new upload's id."""
    identifier: str = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
    return identifier


def put(s3: Any, bucket: str, upload: str, number: int, content: bytes, key: str = "k", **arguments: Any) -> Any:
    """A part, as a completion names it."""
    part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=content, **arguments)
    checksums = {name: value for name, value in part.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": part["ETag"], **checksums}


def complete(s3: Any, bucket: str, upload: str, parts: list[Any], key: str = "k", **arguments: Any) -> Any:
    """The completion's answer."""
    return s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **arguments
    )


def completion(bucket: str, upload: str, parts: list[Any], **arguments: Any) -> dict[str, Any]:
    """A completion's arguments."""
    return {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": parts}, **arguments}


def test_parts_become_one_object(s3: Any, bucket: str) -> None:
    contents = [os.urandom(LEAST), os.urandom(LEAST + 1), b"end"]
    upload = start(s3, bucket, Metadata={"a": "b"}, ContentType="text/plain", Tagging="x=y")
    parts = [put(s3, bucket, upload, number, content) for number, content in enumerate(contents, start=1)]

    done = complete(s3, bucket, upload, parts)

    digests = b"".join(hashlib.md5(content).digest() for content in contents)  # noqa: S324 # an ETag
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'  # noqa: S324 # an ETag
    assert (done["Bucket"], done["Key"]) == (bucket, "k")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"".join(contents)
    assert (got["Metadata"], got["ContentType"], got["TagCount"]) == ({"a": "b"}, "text/plain", 1)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_parts_need_not_be_numbered_without_gaps_nor_uploaded_in_order(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    last = put(s3, bucket, upload, 9000, b"end")
    first = put(s3, bucket, upload, 7, b"a" * LEAST)

    complete(s3, bucket, upload, [first, last])

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"a" * LEAST + b"end"


def test_a_part_can_be_read_by_its_number(s3: Any, bucket: str) -> None:
    contents = [os.urandom(LEAST), b"second"]
    upload = start(s3, bucket)
    complete(s3, bucket, upload, [put(s3, bucket, upload, n, c) for n, c in enumerate(contents, start=1)])

    got = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)

    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (got["Body"].read(), got["PartsCount"]) == (b"second", 2)
    assert got["ContentRange"] == f"bytes {LEAST}-{LEAST + 5}/{LEAST + 6}"
    assert code(s3.get_object, Bucket=bucket, Key="k", PartNumber=3) == ("InvalidPartNumber", 416)


def test_small_parts_are_refused_unless_they_are_last(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    parts = [put(s3, bucket, upload, number, b"tiny") for number in (1, 2)]

    error = refused(s3.complete_multipart_upload, **completion(bucket, upload, parts))

    assert (error["Code"], error["Status"]) == ("EntityTooSmall", 400)
    assert (error["PartNumber"], error["ProposedSize"], error["MinSizeAllowed"]) == ("1", "4", "5242880")


def test_parts_out_of_order_are_refused(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    parts = [put(s3, bucket, upload, number, b"x" * LEAST) for number in (1, 2)]

    assert code(s3.complete_multipart_upload, **completion(bucket, upload, parts[::-1])) == ("InvalidPartOrder", 400)


def test_parts_that_never_came_are_refused(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    part = put(s3, bucket, upload, 1, b"x")
    for wrong in ({"PartNumber": 2, "ETag": part["ETag"]}, {"PartNumber": 1, "ETag": '"other"'}):
        error = refused(s3.complete_multipart_upload, **completion(bucket, upload, [wrong]))

        assert (error["Code"], error["UploadId"]) == ("InvalidPart", upload)
    assert code(s3.complete_multipart_upload, **completion(bucket, upload, [])) == ("InvalidRequest", 400)


@pytest.mark.parametrize("number", [-1, 0, 10_001])
def test_part_numbers_have_bounds(s3: Any, bucket: str, number: int) -> None:
    upload = start(s3, bucket)

    error = refused(s3.upload_part, Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=b"")

    assert (error["Code"], error["ArgumentName"], error["ArgumentValue"]) == (
        "InvalidArgument",
        "partNumber",
        str(number),
    )


def test_an_upload_that_is_not_there_is_named(s3: Any, bucket: str) -> None:
    for operation, more in (
        (s3.upload_part, {"PartNumber": 1, "Body": b""}),
        (s3.complete_multipart_upload, {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "x"}]}}),
        (s3.abort_multipart_upload, {}),
        (s3.list_parts, {}),
    ):
        error = refused(operation, Bucket=bucket, Key="k", UploadId="fakeid", **more)

        assert (error["Code"], error["Status"], error["UploadId"]) == ("NoSuchUpload", 404, "fakeid")


def test_an_aborted_upload_leaves_nothing(shared: AwsServer, s3: Any, bucket: str) -> None:
    before = {path for path in (shared.data_dir / "aws" / "s3").rglob("*") if path.is_file()}
    upload = start(s3, bucket)
    put(s3, bucket, upload, 1, b"x" * MEBIBYTE)

    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)

    assert code(s3.list_parts, Bucket=bucket, Key="k", UploadId=upload) == ("NoSuchUpload", 404)
    deadline = time.monotonic() + 10
    while not {path for path in (shared.data_dir / "aws" / "s3").rglob("*") if path.is_file()} <= before:
        assert time.monotonic() < deadline, "the part's file stays"


def test_a_part_that_comes_again_replaces_the_first(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    put(s3, bucket, upload, 1, b"old")
    part = put(s3, bucket, upload, 1, b"new")

    complete(s3, bucket, upload, [part])

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    for number in (1, 2, 3, 5):
        put(s3, bucket, upload, number, b"x" * number)

    first = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload, MaxParts=3)
    second = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload, PartNumberMarker=first["NextPartNumberMarker"])

    assert [part["PartNumber"] for part in first["Parts"]] == [1, 2, 3]
    assert (first["IsTruncated"], first["NextPartNumberMarker"]) == (True, 3)
    assert [(part["PartNumber"], part["Size"]) for part in second["Parts"]] == [(5, 5)]


def test_uploads_are_listed_in_pages_of_one_key_the_oldest_first(s3: Any, bucket: str) -> None:
    started = [(key, start(s3, bucket, key)) for key in ("a", "a", "b", "dir/x", "dir/y")]
    found: list[tuple[str, str]] = []
    marker: dict[str, str] = {}

    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=2, **marker)
        found += [(upload["Key"], upload["UploadId"]) for upload in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    assert found == started
    folders = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in folders["CommonPrefixes"]] == ["dir/"]
    error = refused(s3.list_multipart_uploads, Bucket=bucket, KeyMarker="b", UploadIdMarker="nonsense")
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "upload-id-marker")


def test_keys_of_uploads_are_encoded_as_the_wire_wants_them(s3: Any, bucket: str) -> None:
    for key in ("a b/1", "a b/2", "a b/ü+"):
        start(s3, bucket, key)

    page = s3.list_multipart_uploads(
        Bucket=bucket, KeyMarker="a b/1", Prefix="a b/", Delimiter=" ", MaxUploads=1, EncodingType="url"
    )

    assert (page["KeyMarker"], page["Prefix"], page["Delimiter"]) == ("a+b/1", "a+b/", "+")
    assert (page["Uploads"][0]["Key"], page["NextKeyMarker"]) == ("a+b/2", "a+b/2")


@pytest.mark.parametrize("size", [1, 2, 3])
def test_uploads_are_aborted_page_by_page(s3: Any, bucket: str, size: int) -> None:
    kept = start(s3, bucket, "b")
    for key in ("a", "a", "b", "b", "b", "c"):
        start(s3, bucket, key)

    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
    for page in pages:
        for upload in page["Uploads"]:
            if upload["UploadId"] != kept:
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])

    left = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [upload["UploadId"] for upload in left] == [kept]
    error = refused(s3.list_multipart_uploads, Bucket=bucket, KeyMarker="a", UploadIdMarker=kept)
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "upload-id-marker")


def test_a_completion_that_is_sent_again_is_answered_again(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    parts = [put(s3, bucket, upload, 1, b"x")]
    first = complete(s3, bucket, upload, parts)

    assert complete(s3, bucket, upload, parts)["ETag"] == first["ETag"]


def test_completions_at_once_make_one_object_and_are_all_answered(s3: Any, versioned: str) -> None:
    upload = start(s3, versioned)
    parts = [put(s3, versioned, upload, number, b"x" * LEAST) for number in (1, 2)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: complete(s3, versioned, upload, parts)["VersionId"], range(4)))

    assert len(set(answers)) == 1
    assert len(s3.list_object_versions(Bucket=versioned)["Versions"]) == 1


def test_an_upload_without_checksums_gets_one_of_the_whole(s3: Any, bucket: str) -> None:
    """CRC64NVME since December 2024, computed without reading the parts again."""
    contents = [b"a" * LEAST, b"b"]
    upload = start(s3, bucket)
    parts = [
        {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}
        for part in (put(s3, bucket, upload, n, c) for n, c in enumerate(contents, start=1))
    ]

    done = complete(s3, bucket, upload, parts)

    s3.put_object(Bucket=bucket, Key="whole", Body=b"".join(contents), ChecksumAlgorithm="CRC64NVME")
    whole = s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")
    assert done["ChecksumType"] == "FULL_OBJECT"
    assert done["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]


def test_a_composite_checksum_is_that_of_the_parts_checksums(s3: Any, bucket: str) -> None:
    contents = [b"a" * LEAST, b"b"]
    upload = start(s3, bucket, ChecksumAlgorithm="SHA256")
    parts = [put(s3, bucket, upload, n, c, ChecksumAlgorithm="SHA256") for n, c in enumerate(contents, start=1)]

    done = complete(s3, bucket, upload, parts)

    digests = b"".join(hashlib.sha256(content).digest() for content in contents)
    wanted = base64.b64encode(hashlib.sha256(digests).digest()).decode()
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (f"{wanted}-2", "COMPOSITE")
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectParts", "ObjectSize", "ETag", "StorageClass"]
    )
    assert attributes["Checksum"]["ChecksumSHA256"] == wanted
    assert [part["Size"] for part in attributes["ObjectParts"]["Parts"]] == [LEAST, 1]
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2


def test_a_full_object_checksum_is_that_of_the_content(s3: Any, bucket: str) -> None:
    contents = [os.urandom(LEAST), os.urandom(1000)]
    upload = start(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [put(s3, bucket, upload, n, c, ChecksumAlgorithm="CRC32") for n, c in enumerate(contents, start=1)]
    value = base64.b64encode(zlib.crc32(b"".join(contents)).to_bytes(4)).decode()

    wrong = completion(bucket, upload, parts, ChecksumType="FULL_OBJECT", ChecksumCRC32="AAAAAA==")
    assert code(s3.complete_multipart_upload, **wrong) == ("BadDigest", 400)
    done = complete(s3, bucket, upload, parts, ChecksumType="FULL_OBJECT", ChecksumCRC32=value)

    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (value, "FULL_OBJECT")


def test_checksums_that_do_not_go_together_are_refused(s3: Any, bucket: str) -> None:
    begin = {"Bucket": bucket, "Key": "k"}
    wrong = [
        {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
        {"ChecksumType": "COMPOSITE"},
        {"ChecksumAlgorithm": "CRC8"},
    ]
    for arguments in wrong:
        assert code(s3.create_multipart_upload, **begin, **arguments) == ("InvalidRequest", 400)
    upload = start(s3, bucket, ChecksumAlgorithm="SHA256")
    part = {**begin, "UploadId": upload, "PartNumber": 1, "Body": b"x", "ChecksumAlgorithm": "CRC32"}
    error = refused(s3.upload_part, **part)
    assert error["Message"] == (
        "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32"
    )


def test_a_part_can_be_copied_from_an_object_and_from_a_range_of_one(s3: Any, bucket: str) -> None:
    source = os.urandom(LEAST + 100)
    s3.put_object(Bucket=bucket, Key="source", Body=source)
    upload = start(s3, bucket)
    copy = {"Bucket": bucket, "Key": "k", "UploadId": upload, "CopySource": f"{bucket}/source"}

    first = s3.upload_part_copy(**copy, PartNumber=1)["CopyPartResult"]
    second = s3.upload_part_copy(**copy, PartNumber=2, CopySourceRange="bytes=10-19")["CopyPartResult"]
    parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
    complete(s3, bucket, upload, parts)

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == source + source[10:20]
    for wrong in ("bytes=0-9999999", "bytes=-5", "nonsense"):
        refusal = code(s3.upload_part_copy, **copy, PartNumber=3, CopySourceRange=wrong)
        assert refusal in {("InvalidArgument", 400), ("NoSuchUpload", 404)}


def test_an_upload_lasts_over_a_restart(aws: AwsServer) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="b-restart")
    upload = start(s3, "b-restart")
    first = put(s3, "b-restart", upload, 1, b"a" * LEAST)

    aws.restart()
    second = put(s3, "b-restart", upload, 2, b"b")
    complete(s3, "b-restart", upload, [first, second])

    assert s3.get_object(Bucket="b-restart", Key="k")["Body"].read() == b"a" * LEAST + b"b"


def test_the_size_that_a_completion_announces_is_compared(s3: Any, bucket: str) -> None:
    upload = start(s3, bucket)
    parts = [put(s3, bucket, upload, 1, b"1234")]

    wrong = completion(bucket, upload, parts, MpuObjectSize=5)
    assert code(s3.complete_multipart_upload, **wrong) == ("InvalidRequest", 400)
    assert complete(s3, bucket, upload, parts, MpuObjectSize=4)
