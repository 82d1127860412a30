"""Event notifications (S3 user guide, "Amazon S3 Event Notifications")."""

import json
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused


class Inbox:
    """A queue that a bucket tells of events."""

    def __init__(self, aws: AwsServer, name: str) -> None:
        self._aws = aws
        self._sqs = aws.client("sqs")
        self.url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = attributes["Attributes"]["QueueArn"]

    def messages(self) -> list[Any]:
        """All bodies so far, in their order; each is taken once."""
        self._aws.run_jobs()
        found: list[Any] = []
        while True:
            received = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            if not received:
                return found
            for message in received:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def records(self) -> list[Any]:
        """The records of all events."""
        return [record for message in self.messages() for record in message.get("Records", [])]


@pytest.fixture
def inbox(aws: AwsServer) -> Inbox:
    """A queue."""
    return Inbox(aws, "inbox")


def watch(s3: Any, inbox: Inbox, bucket: str = "watched", **more: Any) -> str:
    """A bucket that tells the queue of everything."""
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:ObjectRestore:*"]
    events += ["s3:LifecycleExpiration:*", "s3:ObjectAcl:Put"]
    if bucket not in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket)
    entry = {"QueueArn": inbox.arn, "Events": events, **more}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [entry]})
    return bucket


def test_a_new_destination_gets_a_trial_message(wound: Any, inbox: Inbox) -> None:
    watch(wound, inbox)

    (message,) = inbox.messages()

    assert (message["Event"], message["Bucket"], message["Service"]) == ("s3:TestEvent", "watched", "Amazon S3")


def test_events_tell_what_happened_in_its_order(wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox, Id="my-id")
    wound.put_object(Bucket=bucket, Key="a b/ü+", Body=b"12345")
    wound.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/ü+"})
    wound.put_object_tagging(Bucket=bucket, Key="copy", Tagging={"TagSet": []})
    wound.delete_object(Bucket=bucket, Key="copy")

    records = inbox.records()

    assert [record["eventName"] for record in records] == [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectTagging:Put",
        "ObjectRemoved:Delete",
    ]
    first = records[0]
    assert (first["eventVersion"], first["eventSource"], first["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert first["eventTime"] == "2026-01-01T00:00:00.000Z"
    assert first["s3"]["configurationId"] == "my-id"
    assert first["s3"]["bucket"]["arn"] == "arn:aws:s3:::watched"
    described = first["s3"]["object"]
    assert (described["key"], described["size"]) == ("a+b/%C3%BC%2B", 5)
    assert described["eTag"] == "827ccb0eea8a706c4c34a16891f84e7b"
    assert "versionId" not in described
    assert "size" not in records[3]["s3"]["object"]


def test_sequencers_of_a_key_grow_also_over_restarts(aws: AwsServer, wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    for number in range(3):
        wound.put_object(Bucket=bucket, Key="k", Body=f"{number}".encode())
    aws.restart()
    wound.put_object(Bucket=bucket, Key="k", Body=b"3")
    wound.delete_object(Bucket=bucket, Key="k")

    sequencers = [record["s3"]["object"]["sequencer"] for record in inbox.records()]

    assert sequencers == sorted(sequencers)
    assert len(set(sequencers)) == 5


def test_events_of_versions_name_them(wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    wound.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = wound.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    marker = wound.delete_object(Bucket=bucket, Key="k")["VersionId"]
    wound.delete_object(Bucket=bucket, Key="k", VersionId=version)

    records = inbox.records()

    assert [(r["eventName"], r["s3"]["object"]["versionId"]) for r in records] == [
        ("ObjectCreated:Put", version),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version),
    ]


def test_a_multipart_upload_is_one_event(wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    upload = wound.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = wound.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    wound.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)

    (record,) = inbox.records()

    assert (record["eventName"], record["s3"]["object"]["size"]) == ("ObjectCreated:CompleteMultipartUpload", 1)


def test_prefix_and_suffix_choose_the_keys(wound: Any, inbox: Inbox) -> None:
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".txt"}]
    bucket = watch(wound, inbox, Filter={"Key": {"FilterRules": rules}})
    for key in ("in/a.txt", "in/a.jpg", "out/a.txt", "in/b/c.txt"):
        wound.put_object(Bucket=bucket, Key=key, Body=b"")

    assert [record["s3"]["object"]["key"] for record in inbox.records()] == ["in/a.txt", "in/b/c.txt"]


def test_a_refused_put_is_no_event(wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    wound.put_object(Bucket=bucket, Key="k", Body=b"")
    code(wound.put_object, Bucket=bucket, Key="k", Body=b"", IfNoneMatch="*")

    assert len(inbox.records()) == 1


def test_expiry_and_restore_are_events(aws: AwsServer, wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    wound.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    wound.restore_object(Bucket=bucket, Key="cold", RestoreRequest={"Days": 1})
    aws.advance(seconds=60)
    records = inbox.records()
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 3}}
    wound.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    aws.advance(seconds=5 * 86_400)
    records += inbox.records()

    assert [record["eventName"] for record in records] == [
        "ObjectCreated:Put",
        "ObjectRestore:Post",
        "ObjectRestore:Completed",
        "LifecycleExpiration:Delete",
    ]
    expiry = records[2]["glacierEventData"]["restoreEventData"]["lifecycleRestorationExpiryTime"]
    assert expiry == "2026-01-03T00:00:00.000Z"


def test_a_restore_that_lasts_longer_is_told_once(aws: AwsServer, wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)
    wound.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    wound.restore_object(Bucket=bucket, Key="cold", RestoreRequest={"Days": 1})
    aws.advance(seconds=60)
    wound.restore_object(Bucket=bucket, Key="cold", RestoreRequest={"Days": 3})
    aws.advance(seconds=60)

    names = [record["eventName"] for record in inbox.records()]

    assert names == ["ObjectCreated:Put", "ObjectRestore:Post", "ObjectRestore:Completed"]


def test_configurations_that_cannot_be_are_refused(wound: Any, inbox: Inbox) -> None:
    wound.create_bucket(Bucket="watched")

    def put(**entry: Any) -> dict[str, Any]:
        whole = {"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:*"], **entry}
        return refused(
            wound.put_bucket_notification_configuration,
            Bucket="watched",
            NotificationConfiguration={"QueueConfigurations": [whole]},
        )

    error = put(QueueArn="invalid-queue")
    assert (error["Message"], error["ArgumentName"], error["ArgumentValue"]) == (
        "The ARN could not be parsed",
        "Queue",
        "invalid-queue",
    )
    missing = inbox.arn.replace("inbox", "nothing")
    error = put(QueueArn=missing)
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert (error["ArgumentName1"], error["ArgumentValue1"]) == (missing, "The destination queue does not exist")
    assert put(Events=["s3:Nonsense"])["Code"] == "InvalidArgument"
    wrong = {"Key": {"FilterRules": [{"Name": "middle", "Value": "x"}]}}
    assert put(Filter=wrong)["Message"] == "filter rule name must be either prefix or suffix"


def test_a_configuration_is_read_back_and_taken_away(wound: Any, inbox: Inbox) -> None:
    bucket = watch(wound, inbox)

    (entry,) = wound.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert (entry["QueueArn"], len(entry["Id"])) == (inbox.arn, 36)
    wound.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in wound.get_bucket_notification_configuration(Bucket=bucket)
    inbox.messages()
    wound.put_object(Bucket=bucket, Key="k", Body=b"")
    assert inbox.messages() == []


def test_a_topic_hands_events_on(aws: AwsServer, wound: Any, inbox: Inbox) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    wound.create_bucket(Bucket="told")
    entry = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    wound.put_bucket_notification_configuration(
        Bucket="told", NotificationConfiguration={"TopicConfigurations": [entry]}
    )
    wound.put_object(Bucket="told", Key="k", Body=b"x")

    trial, event = inbox.messages()

    assert json.loads(trial["Message"])["Event"] == "s3:TestEvent"
    assert (event["Subject"], event["TopicArn"]) == ("Amazon S3 Notification", topic)
    (record,) = json.loads(event["Message"])["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
