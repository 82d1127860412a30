"""Buckets and what they are told (S3 API reference)."""

from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Upper", "under_score", "-start", "end-", "a..b", "a.-b", "192.168.1.1", "xn--a", "a-s3alias"],
)
def test_names_that_no_bucket_can_have_are_refused(s3: Any, name: str) -> None:
    error = refused(s3.create_bucket, Bucket=name)

    assert (error["Code"], error["Status"], error["BucketName"]) == ("InvalidBucketName", 400, name)


def test_a_bucket_is_made_where_it_is_asked_for(aws: AwsServer) -> None:
    home, ireland = aws.client("s3"), aws.client("s3", region="eu-west-1")
    home.create_bucket(Bucket="home")
    ireland.create_bucket(Bucket="ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    home.create_bucket(Bucket="oregon", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    assert home.get_bucket_location(Bucket="home")["LocationConstraint"] is None
    assert home.get_bucket_location(Bucket="ireland")["LocationConstraint"] == "eu-west-1"
    assert home.head_bucket(Bucket="oregon")["BucketRegion"] == "us-west-2"


def test_regions_that_do_not_fit_are_refused(aws: AwsServer) -> None:
    home, ireland = aws.client("s3"), aws.client("s3", region="eu-west-1")

    def make(client: Any, **constraint: str) -> tuple[str, int]:
        arguments = {"CreateBucketConfiguration": constraint} if constraint else {}
        return code(client.create_bucket, Bucket="wrong", **arguments)

    assert make(home, LocationConstraint="us-east-1") == ("InvalidLocationConstraint", 400)
    assert make(home, LocationConstraint="foo") == ("InvalidLocationConstraint", 400)
    assert make(ireland) == ("IllegalLocationConstraintException", 400)
    assert make(ireland, LocationConstraint="us-west-2") == ("IllegalLocationConstraintException", 400)


def test_making_ones_own_bucket_again(aws: AwsServer) -> None:
    home, ireland = aws.client("s3"), aws.client("s3", region="eu-west-1")
    here = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    home.create_bucket(Bucket="home")
    ireland.create_bucket(Bucket="ireland", **here)

    assert home.create_bucket(Bucket="home")
    assert code(ireland.create_bucket, Bucket="ireland", **here) == ("BucketAlreadyOwnedByYou", 409)
    other = aws.client("s3", account="111111111111")
    assert code(other.create_bucket, Bucket="home") == ("BucketAlreadyExists", 409)


def test_only_an_empty_bucket_can_be_deleted_and_takes_everything_with_it(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    s3.create_multipart_upload(Bucket=bucket, Key="u")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})

    assert code(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert code(s3.head_bucket, Bucket=bucket) == ("404", 404)
    s3.create_bucket(Bucket=bucket)
    assert code(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_new_bucket_has_the_defaults_of_today(s3: Any, bucket: str) -> None:
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200


MISSING = [
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_bucket_policy_status", "NoSuchBucketPolicy"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
]


@pytest.mark.parametrize(("operation", "wanted"), MISSING)
def test_what_is_not_configured_is_named(s3: Any, bucket: str, operation: str, wanted: str) -> None:
    error = refused(getattr(s3, operation), Bucket=bucket)

    assert (error["Code"], error["Status"], error["BucketName"]) == (wanted, 404, bucket)


def test_deleted_defaults_are_missing_then(s3: Any, bucket: str) -> None:
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_ownership_controls(Bucket=bucket)

    assert code(s3.get_public_access_block, Bucket=bucket) == ("NoSuchPublicAccessBlockConfiguration", 404)
    assert code(s3.get_bucket_ownership_controls, Bucket=bucket) == ("OwnershipControlsNotFoundError", 404)


def test_configurations_by_id_are_kept_listed_and_deleted(s3: Any, bucket: str) -> None:
    destination = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::dest", "Format": "CSV"}}
    kinds: dict[str, dict[str, Any]] = {
        "analytics": {"StorageClassAnalysis": {}},
        "metrics": {},
        "intelligent_tiering": {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
        "inventory": {
            "Destination": destination,
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
        },
    }
    for kind, content in kinds.items():
        member = "".join(word.capitalize() for word in kind.split("_")) + "Configuration"
        whole = {"Id": "one", **content}
        put, get, delete = (getattr(s3, f"{verb}_bucket_{kind}_configuration") for verb in ("put", "get", "delete"))

        put(Bucket=bucket, Id="one", **{member: whole})

        assert get(Bucket=bucket, Id="one")[member] == whole
        listed = getattr(s3, f"list_bucket_{kind}_configurations")(Bucket=bucket)
        assert (listed[f"{member}List"], listed["IsTruncated"]) == ([whole], False)
        assert code(get, Bucket=bucket, Id="two") == ("NoSuchConfiguration", 404)
        assert code(put, Bucket=bucket, Id="two", **{member: whole})[1] == 400
        delete(Bucket=bucket, Id="one")
        assert code(delete, Bucket=bucket, Id="one") == ("NoSuchConfiguration", 404)


def test_replication_wants_versions_on_both_sides(s3: Any, versioned: str) -> None:
    rule = {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::no-such-destination"}}
    put = {
        "Bucket": versioned,
        "ReplicationConfiguration": {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [rule]},
    }

    assert refused(s3.put_bucket_replication, **put)["Message"] == "Destination bucket must have versioning enabled."
    rule["Destination"] = {"Bucket": f"arn:aws:s3:::{versioned}"}
    s3.put_bucket_replication(**put)
    (kept,) = s3.get_bucket_replication(Bucket=versioned)["ReplicationConfiguration"]["Rules"]
    assert (kept["Priority"], kept["DeleteMarkerReplication"]) == (0, {"Status": "Disabled"})


def test_logging_wants_a_bucket_of_the_same_owner(s3: Any, bucket: str) -> None:
    def target(name: str) -> dict[str, Any]:
        return {"LoggingEnabled": {"TargetBucket": name, "TargetPrefix": "log/"}}

    error = refused(s3.put_bucket_logging, Bucket=bucket, BucketLoggingStatus=target("no-such-target"))
    assert (error["Code"], error["TargetBucket"]) == ("InvalidTargetBucketForLogging", "no-such-target")
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=target(bucket))
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == target(bucket)["LoggingEnabled"]


def test_small_settings_are_kept(s3: Any, bucket: str) -> None:
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Enabled"})

    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"]["Status"] == "Enabled"
    wrong = {"Payer": "Nobody"}
    assert code(s3.put_bucket_request_payment, Bucket=bucket, RequestPaymentConfiguration=wrong) == (
        "MalformedXML",
        400,
    )


def test_tags_of_buckets_and_objects_keep_the_rules(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")

    def bucket_tags(*pairs: tuple[str, str]) -> tuple[str, int]:
        tagging = {"TagSet": [{"Key": key, "Value": value} for key, value in pairs]}
        return code(s3.put_bucket_tagging, Bucket=bucket, Tagging=tagging)

    assert bucket_tags(("a", "1"), ("a", "2")) == ("InvalidTag", 400)
    assert bucket_tags(("aws:x", "1")) == ("InvalidTag", 400)
    assert bucket_tags(("a,b", "1")) == ("InvalidTag", 400)
    assert bucket_tags(*((f"k{n}", "") for n in range(51))) == ("BadRequest", 400)
    many = {"TagSet": [{"Key": f"k{n}", "Value": ""} for n in range(11)]}
    assert code(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=many) == ("BadRequest", 400)
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging="a=1&a=2")
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "x-amz-tagging")


def test_tags_of_an_object_are_put_read_and_deleted(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"", Tagging="a=1&b=")["VersionId"]

    got = s3.get_object_tagging(Bucket=versioned, Key="k")
    assert got["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    assert got["VersionId"] == version
    s3.put_object_tagging(Bucket=versioned, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "ü"}]})
    assert s3.head_object(Bucket=versioned, Key="k")["TagCount"] == 1
    s3.delete_object_tagging(Bucket=versioned, Key="k")
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == []
    assert "TagCount" not in s3.head_object(Bucket=versioned, Key="k")


# Encryption

KEY = b"0" * 32


def customer(key: bytes = KEY) -> dict[str, Any]:
    """A customer's key, as boto3 takes it."""
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def test_a_customers_key_is_needed_to_read(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"secret", **customer())

    assert (put["SSECustomerAlgorithm"], "ServerSideEncryption" in put) == ("AES256", False)
    assert s3.get_object(Bucket=bucket, Key="k", **customer())["Body"].read() == b"secret"
    assert code(s3.get_object, Bucket=bucket, Key="k") == ("InvalidRequest", 400)
    assert code(s3.get_object, Bucket=bucket, Key="k", **customer(b"1" * 32)) == ("AccessDenied", 403)
    s3.put_object(Bucket=bucket, Key="plain", Body=b"")
    assert code(s3.get_object, Bucket=bucket, Key="plain", **customer()) == ("InvalidRequest", 400)


def test_a_copy_needs_the_sources_key(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret", **customer())
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}

    assert code(s3.copy_object, **copy) == ("InvalidRequest", 400)
    s3.copy_object(**copy, CopySourceSSECustomerAlgorithm="AES256", CopySourceSSECustomerKey=KEY)
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"secret"


def test_keys_that_make_no_sense_are_refused(shared: AwsServer, bucket: str) -> None:
    prefix = "x-amz-server-side-encryption"
    algorithm, key = f"{prefix}-customer-algorithm", f"{prefix}-customer-key"
    wrong = [
        ({algorithm: "AES256"}, "must provide an appropriate secret key"),
        ({key: "MDAw"}, "must provide a valid encryption algorithm"),
        ({algorithm: "AES256", key: "MDAw"}, "The secret key was invalid for the specified algorithm."),
    ]

    for headers, words in wrong:
        answer = send(shared.url, "PUT", f"/{bucket}/k", b"", **headers)
        assert (answer.status, answer.element("Code")) == (400, "InvalidArgument")
        assert words in answer.element("Message")
    answer = send(shared.url, "PUT", f"/{bucket}/k", b"", **{prefix: "ROT13"})
    assert answer.element("Code") == "InvalidEncryptionAlgorithmError"


def test_a_buckets_default_encrypts_new_objects(s3: Any, bucket: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})

    put = s3.put_object(Bucket=bucket, Key="k", Body=b"")

    assert (put["ServerSideEncryption"], put["BucketKeyEnabled"]) == ("aws:kms", True)
    assert put["SSEKMSKeyId"].startswith("arn:aws:kms:us-east-1:000000000000:key/")
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"")["ServerSideEncryption"] == "AES256"
    wrong = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "x"}}]}
    assert code(s3.put_bucket_encryption, Bucket=bucket, ServerSideEncryptionConfiguration=wrong) == (
        "InvalidArgument",
        400,
    )


def test_a_key_of_kms_has_to_be_there(shared: AwsServer, s3: Any, bucket: str) -> None:
    key = shared.client("kms").create_key()["KeyMetadata"]
    put = {"Bucket": bucket, "Key": "k", "Body": b"x", "ServerSideEncryption": "aws:kms"}

    assert s3.put_object(**put, SSEKMSKeyId=key["KeyId"])["SSEKMSKeyId"] == key["Arn"]
    assert s3.get_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key["Arn"]
    assert code(s3.put_object, **put, SSEKMSKeyId="fake-key-id") == ("KMS.NotFoundException", 400)
    assert refused(s3.put_object, **put, SSEKMSKeyId="fake-key-id")["Message"] == "Invalid keyId 'fake-key-id'"
    nobodys = key["Arn"].rpartition("/")[0] + "/134f2428-cec1-4b25-a1ae-9048164dba47"
    assert refused(s3.put_object, **put, SSEKMSKeyId=nobodys)["Message"] == f"Key '{nobodys}' does not exist"
    elsewhere = key["Arn"].replace("us-east-1", "eu-west-1")
    assert refused(s3.put_object, **put, SSEKMSKeyId=elsewhere)["Message"] == "Invalid arn eu-west-1"


# Annotations


def test_annotations_lie_beside_the_content(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    note = {"Bucket": bucket, "Key": "k", "AnnotationName": "note"}

    s3.put_object_annotation(**note, AnnotationPayload=b"a word about it")

    assert s3.get_object_annotation(**note)["AnnotationPayload"].read() == b"a word about it"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"content"
    listed = s3.list_object_annotations(Bucket=bucket, Key="k")
    assert [entry["AnnotationName"] for entry in listed["Annotations"]] == ["note"]
    s3.delete_object_annotation(**note)
    assert code(s3.get_object_annotation, **note) == ("NoSuchAnnotation", 404)


# What is not there


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/{}?session", "CreateSession"),
        ("GET", "/{}/k?torrent", "GetObjectTorrent"),
        ("POST", "/{}?metadataConfiguration", "CreateBucketMetadataConfiguration"),
        ("GET", "/{}?metadataTable", "GetBucketMetadataTableConfiguration"),
        ("PUT", "/{}/k?renameObject", "RenameObject"),
        ("PUT", "/{}/k?tomorrow", "tomorrow"),
    ],
)
def test_what_is_not_implemented_is_named_and_nothing_else_is_done(
    shared: AwsServer, s3: Any, bucket: str, method: str, path: str, operation: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    headers = {"x_amz_rename_source": f"/{bucket}/k"} if "rename" in path else {}

    answer = send(shared.url, method, path.format(bucket), b"", **headers)

    assert (answer.status, answer.element("Code")) == (501, "NotImplemented")
    assert operation in answer.element("Message")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"content"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete>",
        b"not xml",
        b"<Other/>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>&x;</Delete>',
        b"<Delete><Object><Key></Key></Object></Delete>",
        b"<Delete><Object/></Delete>",
        b"<Delete>" + b"<Object>" * 5000,
    ],
)
def test_documents_that_are_none_are_malformed(shared: AwsServer, bucket: str, body: bytes) -> None:
    answer = send(shared.url, "POST", f"/{bucket}?delete", body)

    assert answer.status in {200, 400}
    assert "MalformedXML" in answer.text


def test_errors_name_the_resource_and_the_request(shared: AwsServer, bucket: str) -> None:
    answer = send(shared.url, "GET", f"/{bucket}/none")

    assert answer.element("RequestId") == answer.headers["x-amz-request-id"]
    assert answer.element("HostId") == answer.headers["x-amz-id-2"]
    assert answer.headers["content-type"] == "application/xml"


def test_a_reset_leaves_neither_buckets_nor_files(aws: AwsServer, wound: Any) -> None:
    wound.create_bucket(Bucket="gone")
    wound.put_object(Bucket="gone", Key="k", Body=b"x" * 100_000)

    assert send(aws.url, "POST", "/_localstack/state/reset").status == 200
    aws.run_jobs()

    assert wound.list_buckets()["Buckets"] == []
    assert [path for path in (aws.data_dir / "aws" / "s3").rglob("*") if path.is_file()] == []
    wound.create_bucket(Bucket="gone")
    assert "Contents" not in wound.list_objects_v2(Bucket="gone")
