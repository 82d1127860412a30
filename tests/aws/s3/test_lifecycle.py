"""Lifecycle rules carried out when their time has come (S3 user guide, "Managing the lifecycle of objects")."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600


def bucket_with(s3: Any, *rules: dict[str, Any], versioned: bool = False) -> str:
    """A bucket with rules."""
    s3.create_bucket(Bucket="rules")
    if versioned:
        s3.put_bucket_versioning(Bucket="rules", VersioningConfiguration={"Status": "Enabled"})
    full = [{"Status": "Enabled", "Filter": {}, "ID": f"r{n}", **rule} for n, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket="rules", LifecycleConfiguration={"Rules": full})
    return "rules"


def keys(s3: Any, bucket: str) -> list[str]:
    """What a listing shows."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_an_object_expires_at_the_midnight_after_its_days(aws: AwsServer, wound: Any) -> None:
    bucket = bucket_with(wound, {"Expiration": {"Days": 3}, "Filter": {"Prefix": "tmp/"}})
    aws.advance(seconds=HOUR_SECONDS)
    put = wound.put_object(Bucket=bucket, Key="tmp/a", Body=b"x" * 100_000)
    wound.put_object(Bucket=bucket, Key="keep", Body=b"x")

    assert put["Expiration"] == 'expiry-date="Mon, 05 Jan 2026 00:00:00 GMT", rule-id="r0"'
    aws.advance(seconds=3 * DAY_SECONDS)
    assert keys(wound, bucket) == ["keep", "tmp/a"]
    aws.advance(seconds=23 * HOUR_SECONDS)
    assert keys(wound, bucket) == ["keep"]


def test_a_date_expires_everything_that_is_there_then(aws: AwsServer, wound: Any) -> None:
    bucket = bucket_with(wound, {"Expiration": {"Date": datetime(2026, 1, 3, tzinfo=UTC)}})
    wound.put_object(Bucket=bucket, Key="a", Body=b"x")

    aws.advance(seconds=2 * DAY_SECONDS)

    assert keys(wound, bucket) == []


def test_tags_and_sizes_choose_the_objects(aws: AwsServer, wound: Any) -> None:
    chosen = {"And": {"Prefix": "a", "Tags": [{"Key": "t", "Value": "1"}], "ObjectSizeGreaterThan": 2}}
    bucket = bucket_with(wound, {"Expiration": {"Days": 1}, "Filter": chosen})
    wound.put_object(Bucket=bucket, Key="a1", Body=b"xxx", Tagging="t=1&u=2")
    wound.put_object(Bucket=bucket, Key="a2", Body=b"xx", Tagging="t=1")
    wound.put_object(Bucket=bucket, Key="a3", Body=b"xxx", Tagging="t=2")
    wound.put_object(Bucket=bucket, Key="b", Body=b"xxx", Tagging="t=1")

    aws.advance(seconds=3 * DAY_SECONDS)

    assert keys(wound, bucket) == ["a2", "a3", "b"]


def test_in_a_versioned_bucket_expiry_hides_and_old_versions_go_later(aws: AwsServer, wound: Any) -> None:
    bucket = bucket_with(
        wound,
        {"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 2}},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        versioned=True,
    )
    wound.put_object(Bucket=bucket, Key="a", Body=b"x")

    aws.advance(seconds=DAY_SECONDS)
    page = wound.list_object_versions(Bucket=bucket)
    assert (len(page["Versions"]), len(page["DeleteMarkers"])) == (1, 1)
    aws.advance(seconds=2 * DAY_SECONDS)
    aws.advance(seconds=HOUR_SECONDS)
    page = wound.list_object_versions(Bucket=bucket)
    assert "Versions" not in page
    assert "DeleteMarkers" not in page


def test_the_newest_old_versions_can_be_kept(aws: AwsServer, wound: Any) -> None:
    kept = {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}
    bucket = bucket_with(wound, {"NoncurrentVersionExpiration": kept}, versioned=True)
    for number in range(5):
        wound.put_object(Bucket=bucket, Key="a", Body=f"{number}".encode())

    aws.advance(seconds=3 * DAY_SECONDS)

    versions = wound.list_object_versions(Bucket=bucket)["Versions"]
    bodies = [wound.get_object(Bucket=bucket, Key="a", VersionId=v["VersionId"])["Body"].read() for v in versions]
    assert bodies == [b"4", b"3", b"2"]


def test_uploads_that_nobody_completes_are_given_up(aws: AwsServer, wound: Any) -> None:
    bucket = bucket_with(wound, {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}})
    begun = wound.create_multipart_upload(Bucket=bucket, Key="a")
    wound.upload_part(Bucket=bucket, Key="a", UploadId=begun["UploadId"], PartNumber=1, Body=b"x" * 100_000)

    assert (begun["AbortDate"], begun["AbortRuleId"]) == (datetime(2026, 1, 3, tzinfo=UTC), "r0")
    aws.advance(seconds=2 * DAY_SECONDS)
    assert "Uploads" not in wound.list_multipart_uploads(Bucket=bucket)


def test_objects_move_to_colder_classes(aws: AwsServer, wound: Any) -> None:
    moves = [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]
    bucket = bucket_with(wound, {"Transitions": moves})
    wound.put_object(Bucket=bucket, Key="large", Body=b"x" * 200_000)
    wound.put_object(Bucket=bucket, Key="small", Body=b"x")

    aws.advance(seconds=31 * DAY_SECONDS)
    assert wound.head_object(Bucket=bucket, Key="large")["StorageClass"] == "STANDARD_IA"
    aws.advance(seconds=30 * DAY_SECONDS)
    assert wound.head_object(Bucket=bucket, Key="large")["StorageClass"] == "GLACIER"
    assert "StorageClass" not in wound.head_object(Bucket=bucket, Key="small")
    assert code(wound.get_object, Bucket=bucket, Key="large") == ("InvalidObjectState", 403)


def test_disabled_rules_do_nothing_and_locked_versions_stay(aws: AwsServer, wound: Any) -> None:
    wound.create_bucket(Bucket="rules", ObjectLockEnabledForBucket=True)
    rules = [
        {"Status": "Disabled", "Filter": {}, "ID": "off", "Expiration": {"Days": 1}},
        {"Status": "Enabled", "Filter": {}, "ID": "on", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    ]
    wound.put_bucket_lifecycle_configuration(Bucket="rules", LifecycleConfiguration={"Rules": rules})
    wound.put_object(Bucket="rules", Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")
    wound.put_object(Bucket="rules", Key="a", Body=b"2")

    aws.advance(seconds=5 * DAY_SECONDS)

    assert len(wound.list_object_versions(Bucket="rules")["Versions"]) == 2


def test_rules_are_read_back_as_they_were_put(s3: Any, bucket: str) -> None:
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 5}},
        {
            "ID": "b",
            "Status": "Disabled",
            "Filter": {"And": {"Prefix": "y", "Tags": [{"Key": "k", "Value": "v"}]}},
            "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    got = s3.get_bucket_lifecycle_configuration(Bucket=bucket)

    assert got["Rules"] == rules
    assert got["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    error = refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    assert (error["Code"], error["Status"], error["BucketName"]) == ("NoSuchLifecycleConfiguration", 404, bucket)


def test_rules_that_make_no_sense_are_refused(s3: Any, bucket: str) -> None:
    for rule in (
        {"Status": "On", "Filter": {}, "Expiration": {"Days": 1}},
        {"Status": "Enabled", "Filter": {}},
        {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 0}},
        {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}},
        {"Status": "Enabled", "Filter": {}, "Expiration": {"Date": datetime(2026, 1, 1, 5, tzinfo=UTC)}},
        {"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "COLD"}]},
    ):
        refusal = code(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        assert refusal[1] == 400
        assert refusal[0] in {"MalformedXML", "InvalidArgument", "InvalidRequest"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"Filter": {}, "Transitions": [{"Days": 29, "StorageClass": "STANDARD_IA"}]},
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (
            {
                "Filter": {"Prefix": "a/"},
                "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
                "Expiration": {"Days": 30},
            },
            (
                "'Days' in the Expiration action for filter '(prefix=a/)' must be greater than 'Days' in the "
                "Transition action"
            ),
        ),
        (
            {
                "Filter": {"Tag": {"Key": "a", "Value": "b"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            "AbortIncompleteMultipartUpload cannot be specified with Tags.",
        ),
    ],
)
def test_rules_that_contradict_themselves_are_refused(s3: Any, bucket: str, rule: dict[str, Any], message: str) -> None:
    rules = {"Rules": [{"ID": "a", "Status": "Enabled", **rule}]}

    error = refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=rules)

    assert (error["Status"], error["Message"]) == (400, message)


def test_an_archived_object_is_restored_for_some_days(aws: AwsServer, wound: Any) -> None:
    """S3 API reference, RestoreObject."""
    wound.create_bucket(Bucket="cold")
    wound.put_object(Bucket="cold", Key="a", Body=b"x", StorageClass="GLACIER")
    restore = {"Bucket": "cold", "Key": "a", "RestoreRequest": {"Days": 2, "GlacierJobParameters": {"Tier": "Bulk"}}}

    assert wound.restore_object(**restore)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert wound.head_object(Bucket="cold", Key="a")["Restore"] == 'ongoing-request="true"'
    assert code(wound.restore_object, **restore) == ("RestoreAlreadyInProgress", 409)
    assert code(wound.get_object, Bucket="cold", Key="a") == ("InvalidObjectState", 403)
    aws.advance(seconds=60)
    assert wound.get_object(Bucket="cold", Key="a")["Body"].read() == b"x"
    told = wound.head_object(Bucket="cold", Key="a")["Restore"]
    assert told == 'ongoing-request="false", expiry-date="Sun, 04 Jan 2026 00:00:00 GMT"'
    assert wound.restore_object(**restore)["ResponseMetadata"]["HTTPStatusCode"] == 200
    aws.advance(seconds=3 * DAY_SECONDS)
    assert code(wound.get_object, Bucket="cold", Key="a") == ("InvalidObjectState", 403)
    assert "Restore" not in wound.head_object(Bucket="cold", Key="a")


def test_the_deepest_archive_gives_nothing_back_at_once(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="DEEP_ARCHIVE")
    wanted = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}

    error = refused(s3.restore_object, Bucket=bucket, Key="k", RestoreRequest=wanted)

    assert (error["Code"], error["ArgumentValue"]) == ("InvalidArgument", "Expedited")
    assert "ArgumentValue" not in refused(s3.restore_object, Bucket=bucket, Key="k", RestoreRequest={})
    assert s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 1})


def test_what_is_not_archived_cannot_be_restored(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")

    refusal = code(s3.restore_object, Bucket=bucket, Key="a", RestoreRequest={"Days": 1})

    assert refusal == ("InvalidObjectState", 403)
