"""Conditional requests (S3 user guide, "Conditional requests"; RFC 9110, section 13)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EARLIER = NOW - timedelta(days=1)


def test_if_match_reads_only_that_content(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]

    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=f'"other", {etag}')
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch="*")
    error = refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"')
    assert (error["Code"], error["Status"], error["Condition"]) == ("PreconditionFailed", 412, "If-Match")
    assert code(s3.head_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("412", 412)


def test_if_none_match_answers_not_modified_with_the_validators(shared: AwsServer, s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]

    answer = send(shared.url, "GET", f"/{bucket}/k", If_None_Match=etag)

    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "last-modified" in answer.headers
    assert s3.get_object(Bucket=bucket, Key="k", IfNoneMatch='"other"')


def test_dates_are_compared_in_seconds(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    assert code(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=NOW) == ("304", 304)
    assert s3.get_object(Bucket=bucket, Key="k", IfModifiedSince=EARLIER)
    assert s3.get_object(Bucket=bucket, Key="k", IfUnmodifiedSince=NOW)
    assert code(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince=EARLIER) == ("PreconditionFailed", 412)


def test_a_match_outweighs_a_date(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]

    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, IfUnmodifiedSince=EARLIER)
    assert code(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag, IfModifiedSince=EARLIER) == ("304", 304)


def test_a_range_counts_only_if_the_rest_is_of_the_same_content(shared: AwsServer, s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]["last-modified"]

    def asked(if_range: str, method: str = "GET") -> tuple[int, bytes]:
        answer = send(shared.url, method, f"/{bucket}/k", Range="bytes=4-6", If_Range=if_range)
        return answer.status, answer.body

    assert asked(etag) == asked(modified) == (206, b"456")
    assert asked(etag, "HEAD") == (206, b"")
    for other in ('"other"', f"W/{etag}", etag.strip('"'), f'{etag}, "x"', "Thu, 01 Jan 1970 00:00:00 GMT", "today"):
        assert asked(other) == (200, b"0123456789"), other
    assert asked('"other"', "HEAD") == (200, b"")
    assert send(shared.url, "GET", f"/{bucket}/k", Range="bytes=90-", If_Range='"other"').status == 200


def test_a_put_may_demand_that_nothing_is_there(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")

    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")

    assert (error["Code"], error["Status"], error["Condition"]) == ("PreconditionFailed", 412, "If-None-Match")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"


def test_a_put_may_demand_what_it_replaces(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["ETag"]

    assert s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfMatch=etag)
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"third", IfMatch=etag) == ("PreconditionFailed", 412)
    assert code(s3.put_object, Bucket=bucket, Key="none", Body=b"", IfMatch=etag) == ("NoSuchKey", 404)


def test_other_conditions_of_a_put_are_not_implemented(s3: Any, bucket: str) -> None:
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfNoneMatch='"abc"') == ("NotImplemented", 501)
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", IfMatch="*") == ("NotImplemented", 501)


def test_a_delete_may_demand_what_it_removes(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]

    assert code(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("PreconditionFailed", 412)
    assert s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert code(s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag) == ("NoSuchKey", 404)


def test_conditions_of_directory_buckets_are_named_and_refused(s3: Any, bucket: str) -> None:
    error = refused(s3.delete_object, Bucket=bucket, Key="k", IfMatchLastModifiedTime=NOW)

    assert (error["Code"], error["Status"]) == ("NotImplemented", 501)
    assert error["Header"] == "x-amz-if-match-last-modified-time"


def test_a_completion_may_demand_that_nothing_is_there(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")

    refusal = code(
        s3.complete_multipart_upload,
        Bucket=bucket,
        Key="k",
        UploadId=upload,
        MultipartUpload=parts,
        IfNoneMatch="*",
    )

    assert refusal == ("PreconditionFailed", 412)
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")


def test_a_copy_may_demand_what_it_copies(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}

    assert s3.copy_object(**copy, CopySourceIfMatch=etag)
    assert code(s3.copy_object, **copy, CopySourceIfMatch='"other"') == ("PreconditionFailed", 412)
    assert code(s3.copy_object, **copy, CopySourceIfNoneMatch=etag) == ("PreconditionFailed", 412)
    assert code(s3.copy_object, **copy, CopySourceIfModifiedSince=NOW) == ("PreconditionFailed", 412)
    assert code(s3.copy_object, **copy, CopySourceIfUnmodifiedSince=EARLIER) == ("PreconditionFailed", 412)
