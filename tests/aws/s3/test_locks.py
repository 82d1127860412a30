"""Object lock (S3 user guide, "Locking objects with Object Lock")."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_SECONDS = 86_400


@pytest.fixture
def locked(wound: Any) -> str:
    """A bucket with object lock, on a server whose clock the test winds."""
    wound.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return "locked"


def put(s3: Any, bucket: str, **arguments: Any) -> str:
    """A version's id."""
    identifier: str = s3.put_object(Bucket=bucket, Key="k", Body=b"x", **arguments)["VersionId"]
    return identifier


def test_compliance_protects_a_version_until_its_time_is_over(aws: AwsServer, wound: Any, locked: str) -> None:
    version = put(wound, locked, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=NOW + DAY)
    gone = {"Bucket": locked, "Key": "k", "VersionId": version}

    error = refused(wound.delete_object, **gone, BypassGovernanceRetention=True)
    assert error["Message"] == "Access Denied because object protected by object lock."
    aws.advance(seconds=DAY_SECONDS - 1)
    assert code(wound.delete_object, **gone) == ("AccessDenied", 403)
    aws.advance(seconds=1)
    assert wound.delete_object(**gone)


def test_a_locked_object_can_still_be_hidden(wound: Any, locked: str) -> None:
    put(wound, locked, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=NOW + DAY)

    assert wound.delete_object(Bucket=locked, Key="k")["DeleteMarker"]


def test_governance_gives_way_to_who_asks_for_it(wound: Any, locked: str) -> None:
    version = put(wound, locked, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=NOW + DAY)
    gone = {"Bucket": locked, "Key": "k", "VersionId": version}

    assert code(wound.delete_object, **gone) == ("AccessDenied", 403)
    batch = wound.delete_objects(Bucket=locked, Delete={"Objects": [{"Key": "k", "VersionId": version}]})
    assert batch["Errors"][0]["Code"] == "AccessDenied"
    assert wound.delete_object(**gone, BypassGovernanceRetention=True)


def test_a_legal_hold_protects_until_it_is_lifted(wound: Any, locked: str) -> None:
    version = put(wound, locked, ObjectLockLegalHoldStatus="ON")
    gone = {"Bucket": locked, "Key": "k", "VersionId": version}

    assert code(wound.delete_object, **gone, BypassGovernanceRetention=True) == ("AccessDenied", 403)
    assert wound.get_object_legal_hold(Bucket=locked, Key="k")["LegalHold"] == {"Status": "ON"}
    wound.put_object_legal_hold(Bucket=locked, Key="k", LegalHold={"Status": "OFF"})
    assert wound.head_object(Bucket=locked, Key="k")["ObjectLockLegalHoldStatus"] == "OFF"
    assert wound.delete_object(**gone)


def test_retention_can_be_lengthened_and_not_shortened(wound: Any, locked: str) -> None:
    put(wound, locked, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=NOW + 2 * DAY)

    def change(mode: str, until: datetime) -> dict[str, Any]:
        return {"Bucket": locked, "Key": "k", "Retention": {"Mode": mode, "RetainUntilDate": until}}

    assert code(wound.put_object_retention, **change("COMPLIANCE", NOW + DAY)) == ("AccessDenied", 403)
    assert code(wound.put_object_retention, **change("GOVERNANCE", NOW + 3 * DAY)) == ("AccessDenied", 403)
    wound.put_object_retention(**change("COMPLIANCE", NOW + 3 * DAY))
    assert wound.get_object_retention(Bucket=locked, Key="k")["Retention"] == {
        "Mode": "COMPLIANCE",
        "RetainUntilDate": NOW + 3 * DAY,
    }


def test_a_buckets_default_protects_new_objects(wound: Any, locked: str) -> None:
    configuration = {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 10}},
    }
    wound.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=configuration)
    put(wound, locked)

    head = wound.head_object(Bucket=locked, Key="k")

    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", NOW + 10 * DAY)
    assert wound.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == configuration


def test_locks_that_make_no_sense_are_refused(wound: Any, locked: str) -> None:
    begin = {"Bucket": locked, "Key": "k", "Body": b""}
    later = NOW + DAY

    wrong_mode = refused(wound.put_object, **begin, ObjectLockMode="BAD", ObjectLockRetainUntilDate=later)
    assert wrong_mode["Message"] == "Unknown wormMode directive."
    past = refused(wound.put_object, **begin, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=NOW - DAY)
    assert past["Message"] == "The retain until date must be in the future!"
    assert code(wound.put_object, **begin, ObjectLockMode="GOVERNANCE") == ("InvalidArgument", 400)
    for rule in ({"Mode": "GOVERNANCE"}, {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}, {"Mode": "X", "Days": 1}):
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": rule}}
        refusal = code(wound.put_object_lock_configuration, Bucket=locked, ObjectLockConfiguration=configuration)
        assert refusal == ("MalformedXML", 400)


def test_buckets_without_lock_have_none(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    configuration = {"ObjectLockEnabled": "Enabled"}

    assert code(s3.get_object_lock_configuration, Bucket=bucket) == ("ObjectLockConfigurationNotFoundError", 404)
    assert code(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=configuration) == (
        "InvalidBucketState",
        409,
    )
    assert code(s3.get_object_retention, Bucket=bucket, Key="k") == ("InvalidRequest", 400)
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON") == (
        "InvalidRequest",
        400,
    )


def test_lock_can_be_given_to_a_versioned_bucket(s3: Any, versioned: str) -> None:
    s3.put_object_lock_configuration(Bucket=versioned, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})

    s3.put_object(Bucket=versioned, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON")
    suspended = {"Status": "Suspended"}
    assert code(s3.put_bucket_versioning, Bucket=versioned, VersioningConfiguration=suspended) == (
        "InvalidRequest",
        400,
    )
    assert code(s3.get_object_retention, Bucket=versioned, Key="k") == ("NoSuchObjectLockConfiguration", 404)
