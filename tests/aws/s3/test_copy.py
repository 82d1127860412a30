"""Copies (S3 API reference, CopyObject)."""

import os
from typing import Any

import pytest
from tests.s3_wire import code, refused

LARGE = os.urandom(200_000)


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["row", "file"])
def test_a_copy_has_content_head_and_tags_of_its_source(s3: Any, bucket: str, content: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=content, Metadata={"x": "1"}, ContentType="text/plain", Tagging="t=1")

    result = s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})["CopyObjectResult"]
    s3.delete_object(Bucket=bucket, Key="a")

    got = s3.get_object(Bucket=bucket, Key="b")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (content, {"x": "1"}, "text/plain")
    assert got["ETag"] == result["ETag"]
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_head_and_tags_can_be_replaced(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"x": "1"}, ContentType="text/plain", Tagging="t=1")

    s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource=f"{bucket}/a",
        MetadataDirective="REPLACE",
        Metadata={"y": "2"},
        TaggingDirective="REPLACE",
        Tagging="u=2",
    )

    head = s3.head_object(Bucket=bucket, Key="b")
    assert (head["Metadata"], head["ContentType"]) == ({"y": "2"}, "binary/octet-stream")
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == [{"Key": "u", "Value": "2"}]


def test_without_replace_new_metadata_is_ignored(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"x": "1"})

    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a", Metadata={"y": "2"})

    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"x": "1"}


def test_a_copy_onto_itself_must_change_something(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    itself = {"Bucket": bucket, "Key": "a", "CopySource": f"{bucket}/a"}

    assert code(s3.copy_object, **itself) == ("InvalidRequest", 400)
    assert s3.copy_object(**itself, StorageClass="STANDARD_IA")
    assert s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"n": "1"})
    head = s3.head_object(Bucket=bucket, Key="a")
    assert (head["Metadata"], "StorageClass" in head) == ({"n": "1"}, False)


def test_an_old_version_can_be_copied(s3: Any, versioned: str) -> None:
    old = s3.put_object(Bucket=versioned, Key="a", Body=b"old")["VersionId"]
    s3.put_object(Bucket=versioned, Key="a", Body=b"new")

    copied = s3.copy_object(Bucket=versioned, Key="a", CopySource={"Bucket": versioned, "Key": "a", "VersionId": old})

    assert copied["CopySourceVersionId"] == old
    assert copied["VersionId"] not in {old, "null"}
    assert s3.get_object(Bucket=versioned, Key="a")["Body"].read() == b"old"


def test_a_copy_of_a_multipart_object_has_an_etag_of_its_own(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="a",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )

    result = s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")["CopyObjectResult"]

    assert result["ETag"] == part["ETag"]
    assert result["ChecksumType"] == "FULL_OBJECT"


def test_a_copy_can_have_another_checksum(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ChecksumAlgorithm="CRC32")
    s3.put_object(Bucket=bucket, Key="c", Body=b"x", ChecksumAlgorithm="SHA1")

    result = s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a", ChecksumAlgorithm="SHA1")

    wanted = s3.head_object(Bucket=bucket, Key="c", ChecksumMode="ENABLED")["ChecksumSHA1"]
    assert result["CopyObjectResult"]["ChecksumSHA1"] == wanted


def test_what_cannot_be_copied_is_refused(s3: Any, bucket: str) -> None:
    copy = {"Bucket": bucket, "Key": "b"}

    error = refused(s3.copy_object, **copy, CopySource=bucket)
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "x-amz-copy-source")
    assert code(s3.copy_object, **copy, CopySource=f"{bucket}/none") == ("NoSuchKey", 404)
    assert code(s3.copy_object, **copy, CopySource="no-such-bucket/none") == ("NoSuchBucket", 404)


def test_keys_with_special_characters_can_be_copied(s3: Any, bucket: str) -> None:
    for key in ("test key//", "a/%F0%9F%98%80/", "test+key", "ü?&=", "file%2Fname"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())

        s3.copy_object(Bucket=bucket, Key=f"{key}-copy", CopySource={"Bucket": bucket, "Key": key})

        assert s3.get_object(Bucket=bucket, Key=f"{key}-copy")["Body"].read() == key.encode()
