"""Listings (S3 API reference, ListObjects, ListObjectsV2, ListBuckets)."""

from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send

KEYS = ["a", "a/1", "a/2", "a/b/3", "b", "c/x", "c/y", "dir/", "dir/file", "zz", "ä/1", "ä/2", "😀"]


@pytest.fixture
def filled(s3: Any, bucket: str) -> str:
    """A bucket with some folders."""
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def in_order(keys: list[str]) -> list[str]:
    """S3's order is that of the keys' bytes."""
    return sorted(keys, key=str.encode)


def walk(s3: Any, bucket: str, **arguments: Any) -> tuple[list[str], list[str], int]:
    """All keys and prefixes of a listing read page by page, and how many pages there were."""
    keys: list[str] = []
    prefixes: list[str] = []
    pages = 0
    token: dict[str, str] = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, **arguments, **token)
        pages += 1
        keys += [entry["Key"] for entry in page.get("Contents", [])]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(page.get("Contents", [])) + len(page.get("CommonPrefixes", []))
        if not page["IsTruncated"]:
            return keys, prefixes, pages
        token = {"ContinuationToken": page["NextContinuationToken"]}


def test_keys_are_listed_in_the_order_of_their_bytes(s3: Any, filled: str) -> None:
    assert walk(s3, filled)[0] == in_order(KEYS)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", "b"])
def test_pages_put_together_are_the_listing(s3: Any, filled: str, size: int, delimiter: str) -> None:
    arguments = {"Delimiter": delimiter} if delimiter else {}

    keys, prefixes, _ = walk(s3, filled, MaxKeys=size, **arguments)

    whole = walk(s3, filled, **arguments)
    assert (keys, prefixes) == whole[:2]
    assert len(set(prefixes)) == len(prefixes)


def test_a_delimiter_rolls_up_what_lies_below(s3: Any, filled: str) -> None:
    keys, prefixes, _ = walk(s3, filled, Delimiter="/")

    assert keys == in_order(["a", "b", "zz", "😀"])
    assert prefixes == ["a/", "c/", "dir/", "ä/"]


def test_a_prefix_and_a_delimiter_show_one_folder(s3: Any, filled: str) -> None:
    assert walk(s3, filled, Prefix="a/", Delimiter="/")[:2] == (["a/1", "a/2"], ["a/b/"])
    assert walk(s3, filled, Prefix="dir/", Delimiter="/")[:2] == (["dir/", "dir/file"], [])
    assert walk(s3, filled, Prefix="a", Delimiter="/")[:2] == (["a"], ["a/"])


def test_a_listing_can_start_behind_a_key(s3: Any, filled: str) -> None:
    assert walk(s3, filled, StartAfter="c/x")[0] == in_order(KEYS)[in_order(KEYS).index("c/x") + 1 :]
    assert walk(s3, filled, StartAfter="c", Delimiter="/")[1] == ["c/", "dir/", "ä/"]


def test_the_older_form_pages_by_the_last_key(s3: Any, filled: str) -> None:
    first = s3.list_objects(Bucket=filled, MaxKeys=3, Delimiter="/")
    second = s3.list_objects(Bucket=filled, Marker=first["NextMarker"], Delimiter="/")

    assert first["IsTruncated"]
    assert first["NextMarker"] == "b"
    assert [entry["Prefix"] for entry in second["CommonPrefixes"]] == ["c/", "dir/", "ä/"]


def test_a_marker_that_is_a_folder_means_everything_in_it(s3: Any, filled: str) -> None:
    page = s3.list_objects(Bucket=filled, Marker="a/", Delimiter="/")

    assert [entry["Key"] for entry in page["Contents"]] == in_order(["b", "zz", "😀"])


def test_without_a_delimiter_a_truncated_page_names_no_next_marker(s3: Any, filled: str) -> None:
    page = s3.list_objects(Bucket=filled, MaxKeys=2)

    assert page["IsTruncated"]
    assert "NextMarker" not in page


def test_keys_are_encoded_as_the_wire_wants_them(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a b+c~/ü", Body=b"")

    answer = send(shared.url, "GET", f"/{bucket}?list-type=2&encoding-type=url")

    assert answer.element("Key") == "a+b%2Bc%7E/%C3%BC"
    assert answer.element("EncodingType") == "url"


def test_entries_say_what_they_are(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"12345", ChecksumAlgorithm="SHA256")

    (entry,) = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]

    assert (entry["Size"], entry["StorageClass"]) == (5, "STANDARD")
    assert (entry["ChecksumAlgorithm"], entry["ChecksumType"]) == (["SHA256"], "FULL_OBJECT")
    assert len(entry["Owner"]["ID"]) == 64
    assert "DisplayName" not in entry["Owner"]
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]


def test_no_page_has_more_than_a_thousand_entries(s3: Any, bucket: str) -> None:
    for start in range(1003):
        s3.put_object(Bucket=bucket, Key=f"{start:05}", Body=b"")

    keys, _, pages = walk(s3, bucket, MaxKeys=5000)

    assert (len(keys), pages) == (1003, 2)
    objects = [{"Key": key} for key in keys]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": objects[:1000]})["Deleted"]) == 1000
    assert len(walk(s3, bucket)[0]) == 3


def test_no_entries_are_a_page_too(s3: Any, filled: str) -> None:
    page = s3.list_objects_v2(Bucket=filled, MaxKeys=0)

    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)


def test_senseless_parameters_are_refused(s3: Any, filled: str) -> None:
    assert code(s3.list_objects_v2, Bucket=filled, MaxKeys=-1) == ("InvalidArgument", 400)
    assert code(s3.list_objects_v2, Bucket=filled, ContinuationToken="nonsense") == ("InvalidArgument", 400)
    error = refused(s3.list_objects, Bucket=filled, EncodingType="other")
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "encoding-type")


def test_buckets_are_listed_by_account_in_pages(aws: AwsServer) -> None:
    mine, other = aws.client("s3"), aws.client("s3", account="111111111111")
    for number in range(5):
        mine.create_bucket(Bucket=f"mine-{number}")
    other.create_bucket(Bucket="others-bucket")

    first = mine.list_buckets(MaxBuckets=2)
    second = mine.list_buckets(MaxBuckets=10, ContinuationToken=first["ContinuationToken"])

    assert [bucket["Name"] for bucket in first["Buckets"]] == ["mine-0", "mine-1"]
    assert [bucket["Name"] for bucket in second["Buckets"]] == ["mine-2", "mine-3", "mine-4"]
    assert "ContinuationToken" not in second
    assert [bucket["Name"] for bucket in mine.list_buckets(Prefix="mine-3")["Buckets"]] == ["mine-3"]
    assert [bucket["Name"] for bucket in other.list_buckets()["Buckets"]] == ["others-bucket"]
