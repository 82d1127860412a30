"""Versions and delete markers (S3 user guide, "Retaining multiple versions of objects")."""

from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send


def suspend(s3: Any, bucket: str) -> None:
    """No new versions any more."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def listed(s3: Any, bucket: str) -> list[tuple[str, str, bool, bool]]:
    """Key, id, whether it is the newest, whether it is a marker; of a key the newest first."""
    page = s3.list_object_versions(Bucket=bucket)
    entries = [(v, False) for v in page.get("Versions", [])] + [(m, True) for m in page.get("DeleteMarkers", [])]
    return [(e["Key"], e["VersionId"], e["IsLatest"], marker) for e, marker in entries]


def test_every_put_is_a_version_of_its_own(s3: Any, versioned: str) -> None:
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2")["VersionId"]

    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"2"
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=first)["Body"].read() == b"1"
    assert listed(s3, versioned) == [("k", second, True, False), ("k", first, False, False)]


def test_a_delete_hides_the_object_behind_a_marker(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")

    assert deleted["DeleteMarker"]
    assert code(s3.get_object, Bucket=versioned, Key="k") == ("NoSuchKey", 404)
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=version)["Body"].read() == b"1"
    assert "Contents" not in s3.list_objects_v2(Bucket=versioned)


def test_a_hidden_object_says_so_in_headers(shared: AwsServer, s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"1")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]

    answer = send(shared.url, "GET", f"/{versioned}/k")

    assert (answer.headers["x-amz-delete-marker"], answer.headers["x-amz-version-id"]) == ("true", marker)


def test_a_marker_itself_cannot_be_read(s3: Any, versioned: str) -> None:
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]

    error = refused(s3.get_object, Bucket=versioned, Key="k", VersionId=marker)

    assert (error["Code"], error["Status"]) == ("MethodNotAllowed", 405)
    assert (error["Method"], error["ResourceType"]) == ("GET", "DeleteMarker")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_answer_about_a_marker_says_when_it_was_made(
    shared: AwsServer, s3: Any, versioned: str, method: str
) -> None:
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]

    answer = send(shared.url, method, f"/{versioned}/k?versionId={marker}")

    assert (answer.status, answer.headers["allow"]) == (405, "DELETE")
    assert answer.headers["x-amz-delete-marker"] == "true"
    assert answer.headers["last-modified"].endswith(" GMT")


def test_a_marker_cannot_be_copied(s3: Any, versioned: str) -> None:
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    source = {"Bucket": versioned, "Key": "k", "VersionId": marker}
    upload = s3.create_multipart_upload(Bucket=versioned, Key="to")["UploadId"]

    for error in (
        refused(s3.copy_object, Bucket=versioned, Key="to", CopySource=source),
        refused(s3.upload_part_copy, Bucket=versioned, Key="to", CopySource=source, UploadId=upload, PartNumber=1),
    ):
        assert (error["Code"], error["Status"]) == ("InvalidRequest", 400)
        assert "may not specifically refer to a delete marker by version id" in error["Message"]


def test_deletions_by_device_cannot_be_demanded_for_nobody_has_one(s3: Any, bucket: str) -> None:
    wanted = {"Status": "Enabled", "MFADelete": "Enabled"}
    assert code(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=wanted) == ("AccessDenied", 403)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)

    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={**wanted, "MFADelete": "Disabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["MFADelete"] == "Disabled"


def test_removing_the_marker_brings_the_object_back(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"1")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]

    removed = s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)

    assert (removed["DeleteMarker"], removed["VersionId"]) == (True, marker)
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"


def test_removing_the_newest_version_uncovers_the_one_before(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"1" * 100_000)
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2" * 100_000)["VersionId"]

    s3.delete_object(Bucket=versioned, Key="k", VersionId=second)

    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1" * 100_000
    assert len(s3.list_objects_v2(Bucket=versioned)["Contents"]) == 1
    assert code(s3.get_object, Bucket=versioned, Key="k", VersionId=second) == ("NoSuchVersion", 404)


def test_objects_from_before_versioning_are_the_null_version(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    new = s3.put_object(Bucket=bucket, Key="k", Body=b"new")["VersionId"]

    assert listed(s3, bucket) == [("k", new, True, False), ("k", "null", False, False)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"old"


def test_suspended_versioning_keeps_old_versions_and_one_null_version(s3: Any, versioned: str) -> None:
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"old")["VersionId"]
    suspend(s3, versioned)
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"null 1")
    s3.put_object(Bucket=versioned, Key="k", Body=b"null 2")

    assert "VersionId" not in first
    assert listed(s3, versioned) == [("k", "null", True, False), ("k", old, False, False)]
    assert s3.get_object(Bucket=versioned, Key="k", VersionId="null")["Body"].read() == b"null 2"


def test_a_copy_in_a_suspended_bucket_is_the_null_version_and_says_so(s3: Any, versioned: str) -> None:
    source = {"Bucket": versioned, "Key": "k"}
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"kept")["VersionId"]
    suspend(s3, versioned)

    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource=source)

    assert (copied["VersionId"], copied["CopySourceVersionId"]) == ("null", first)
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == "null"


def test_a_delete_in_a_suspended_bucket_puts_a_null_marker_for_the_null_version(s3: Any, versioned: str) -> None:
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"old")["VersionId"]
    suspend(s3, versioned)
    s3.put_object(Bucket=versioned, Key="k", Body=b"null")

    deleted = s3.delete_object(Bucket=versioned, Key="k")

    assert (deleted["VersionId"], deleted["DeleteMarker"]) == ("null", True)
    assert sorted(listed(s3, versioned)) == sorted([("k", "null", True, True), ("k", old, False, False)])


def test_a_batch_tells_of_markers_and_wrong_versions(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]

    hidden = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k"}]})
    marker = hidden["Deleted"][0]["DeleteMarkerVersionId"]
    answer = s3.delete_objects(
        Bucket=versioned,
        Delete={
            "Objects": [
                {"Key": "k", "VersionId": version},
                {"Key": "k", "VersionId": marker},
                {"Key": "k", "VersionId": "nonsense"},
            ]
        },
    )

    assert answer["Deleted"] == [
        {"Key": "k", "VersionId": version},
        {"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker},
    ]
    (error,) = answer["Errors"]
    assert (error["Code"], error["VersionId"]) == ("NoSuchVersion", "nonsense")


def test_versions_are_listed_in_pages(s3: Any, versioned: str) -> None:
    for key in ("a", "b"):
        for number in range(3):
            s3.put_object(Bucket=versioned, Key=key, Body=f"{number}".encode())
        s3.delete_object(Bucket=versioned, Key=key)
    found: list[tuple[str, str]] = []
    marker: dict[str, str] = {}

    while True:
        page = s3.list_object_versions(Bucket=versioned, MaxKeys=3, **marker)
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        assert len(entries) <= 3
        found += [(entry["Key"], entry["VersionId"]) for entry in entries]
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    whole = s3.list_object_versions(Bucket=versioned)
    assert sorted(found) == sorted((e["Key"], e["VersionId"]) for e in [*whole["Versions"], *whole["DeleteMarkers"]])
    assert len(found) == 8


@pytest.mark.parametrize("status", ["", "Enabled", "Suspended"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_bucket_is_emptied_page_by_page(s3: Any, bucket: str, status: str, size: int) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    if status:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for key in ("a", "b", "b"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"")
        s3.delete_object(Bucket=bucket, Key="a")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        s3.put_object(Bucket=bucket, Key="b", Body=b"")

    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})

    s3.delete_bucket(Bucket=bucket)


def test_a_version_marker_needs_a_key_marker(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"")["VersionId"]

    assert code(s3.list_object_versions, Bucket=versioned, VersionIdMarker=version) == ("InvalidArgument", 400)


def test_an_id_that_cannot_be_one_is_an_invalid_argument(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"")

    error = refused(s3.get_object, Bucket=versioned, Key="k", VersionId="not-an-id")

    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "versionId")


def test_versioning_has_two_states(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert code(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={}) == (
        "IllegalVersioningConfigurationException",
        400,
    )
    wrong = {"Status": "On"}
    assert code(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=wrong) == ("MalformedXML", 400)


def test_a_bucket_with_versions_is_not_empty(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"")
    s3.delete_object(Bucket=versioned, Key="k")

    error = refused(s3.delete_bucket, Bucket=versioned)

    assert (error["Code"], error["Status"]) == ("BucketNotEmpty", 409)
    assert error["Message"].endswith("You must delete all versions in the bucket.")
