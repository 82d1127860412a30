"""What Terraform's AWS provider compares of buckets, queues and topics: create, read, update, read, delete, read.

`tests/clients/test_terraform.py` runs the provider itself where it is installed. Here its requests are replayed
everywhere: what was set is read back, what was not has the default that a plan expects, its waiters end, and what is
gone is told by the very code that it looks for.
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.replies import code_of, told
from tests.aws_server import AwsServer

ROOT = "arn:aws:iam::000000000000:root"


def of_service(service: str, action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# S3


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    return aws.client("s3")


NOT_SET = {
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
    "get_bucket_tagging": "NoSuchTagSet",
}


@pytest.fixture
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="harbour")
    return "harbour"


def test_a_bucket_without_settings_reads_as_one_without(s3: Any, bucket: str) -> None:
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    for call, code in NOT_SET.items():
        assert code_of(getattr(s3, call), Bucket=bucket) == code, call
    for call in ("get_bucket_versioning", "get_bucket_accelerate_configuration", "get_bucket_logging"):
        assert told(getattr(s3, call)(Bucket=bucket)) == {}, call
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == {}
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    ]
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert [grant["Permission"] for grant in s3.get_bucket_acl(Bucket=bucket)["Grants"]] == ["FULL_CONTROL"]
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_a_bucket_that_is_gone_is_seen_as_gone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    assert code_of(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="a")

    s3.delete_bucket(Bucket=bucket)

    assert code_of(s3.head_bucket, Bucket=bucket) == "404"
    for call in (*NOT_SET, "delete_bucket", "get_bucket_versioning", "get_bucket_encryption"):
        assert code_of(getattr(s3, call), Bucket=bucket) == "NoSuchBucket", call


ALL_OF_IT: dict[str, Any] = {
    "ID": "everything",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
SOME_OF_IT: dict[str, Any] = {
    "ID": "logs",
    "Status": "Disabled",
    "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "keep", "Value": "no"}]}},
    "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
    "Expiration": {"Days": 90},
}


def test_lifecycle_rules_are_read_back_as_they_were_put(s3: Any, bucket: str) -> None:
    for rules in ([ALL_OF_IT], [ALL_OF_IT, SOME_OF_IT], [{**ALL_OF_IT, "Filter": {}}]):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        assert found["Rules"] == rules
        # Without it the provider waits for ever.
        assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"

    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"


@pytest.mark.parametrize(
    ("put", "get", "delete", "member", "first", "second", "code"),
    [
        (
            "put_bucket_cors",
            "get_bucket_cors",
            "delete_bucket_cors",
            "CORSConfiguration",
            {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"], "MaxAgeSeconds": 3}]},
            {"CORSRules": [{"ID": "b", "AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "ExposeHeaders": ["ETag"]}]},
            "NoSuchCORSConfiguration",
        ),
        (
            "put_public_access_block",
            "get_public_access_block",
            "delete_public_access_block",
            "PublicAccessBlockConfiguration",
            dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True),
            {
                "BlockPublicAcls": False,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": False,
                "RestrictPublicBuckets": True,
            },
            "NoSuchPublicAccessBlockConfiguration",
        ),
        (
            "put_bucket_website",
            "get_bucket_website",
            "delete_bucket_website",
            "WebsiteConfiguration",
            {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}},
            {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}},
            "NoSuchWebsiteConfiguration",
        ),
        (
            "put_bucket_tagging",
            "get_bucket_tagging",
            "delete_bucket_tagging",
            "Tagging",
            {"TagSet": [{"Key": "team", "Value": "harbour"}]},
            {"TagSet": [{"Key": "port", "Value": ""}]},
            "NoSuchTagSet",
        ),
        (
            "put_bucket_ownership_controls",
            "get_bucket_ownership_controls",
            "delete_bucket_ownership_controls",
            "OwnershipControls",
            {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            "OwnershipControlsNotFoundError",
        ),
    ],
)
def test_a_setting_of_a_bucket_is_put_changed_and_taken_away(
    s3: Any, bucket: str, put: str, get: str, delete: str, member: str, first: Any, second: Any, code: str
) -> None:
    for wanted in (first, second):
        getattr(s3, put)(Bucket=bucket, **{member: wanted})
        found = told(getattr(s3, get)(Bucket=bucket))
        assert found.get(member, found) == wanted

    getattr(s3, delete)(Bucket=bucket)
    assert code_of(getattr(s3, get), Bucket=bucket) == code
    getattr(s3, delete)(Bucket=bucket)


def test_a_bucket_s_policy_encryption_and_versioning_change(aws: AwsServer, s3: Any, bucket: str) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    for sid in ("One", "Two"):
        statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "s3:GetObject"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"

    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    s3.delete_bucket_encryption(Bucket=bucket)
    (default,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}

    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status


def test_a_bucket_s_notifications_are_read_back_and_emptied(aws: AwsServer, s3: Any, bucket: str) -> None:
    aws.client("sqs").create_queue(QueueName="work")
    rules = [{"Name": "Prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".png"}]
    queue = {
        "Id": "arrivals",
        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:work",
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }

    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})
    (found,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    found_rules = {rule["Name"].lower(): rule["Value"] for rule in found.pop("Filter")["Key"]["FilterRules"]}
    assert found_rules == {"prefix": "in/", "suffix": ".png"}
    assert found == {name: value for name, value in queue.items() if name != "Filter"}

    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == {}


def test_an_object_is_read_back_by_its_head_and_tags(s3: Any, bucket: str) -> None:
    for text in (b"text", b"another"):
        s3.put_object(
            Bucket=bucket,
            Key="letter",
            Body=text,
            ContentType="text/plain",
            CacheControl="max-age=60",
            Metadata={"author": "captain"},
            Tagging="team=harbour",
            ChecksumAlgorithm="CRC32",
        )
        found = s3.head_object(Bucket=bucket, Key="letter", ChecksumMode="ENABLED")
        assert (found["ContentType"], found["CacheControl"], found["Metadata"]) == (
            "text/plain",
            "max-age=60",
            {"author": "captain"},
        )
        assert (found["ServerSideEncryption"], "StorageClass" in found, "VersionId" in found) == (
            "AES256",
            False,
            False,
        )
        assert s3.get_object_tagging(Bucket=bucket, Key="letter")["TagSet"] == [{"Key": "team", "Value": "harbour"}]

    s3.delete_object(Bucket=bucket, Key="letter")
    assert code_of(s3.head_object, Bucket=bucket, Key="letter") == "404"


# SQS


def test_a_queue_s_attributes_settle_and_it_goes(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn, arn = (f"arn:aws:sqs:us-east-1:000000000000:{name}" for name in ("dead", "work"))
    wanted = {
        "DelaySeconds": "5",
        "MaximumMessageSize": "131072",
        "MessageRetentionPeriod": "86400",
        "ReceiveMessageWaitTimeSeconds": "10",
        "VisibilityTimeout": "60",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 4}),
        "SqsManagedSseEnabled": "true",
    }
    url = sqs.create_queue(QueueName="work", Attributes=wanted, tags={"team": "harbour"})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {name: found[name] for name in wanted} == wanted
    assert found["QueueArn"] == arn
    assert found.keys().isdisjoint({"Policy", "FifoQueue", "KmsMasterKeyId", "RedriveAllowPolicy"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "harbour"}

    changes = {
        "DelaySeconds": "0",
        "Policy": of_service("sns.amazonaws.com", "sqs:SendMessage", arn),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5}),
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes=changes)
    sqs.tag_queue(QueueUrl=url, Tags={"port": "home"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(changes["Policy"])
    assert (found["DelaySeconds"], json.loads(found["RedrivePolicy"])["maxReceiveCount"]) == ("0", 5)
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"port": "home"}

    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": allow})
    found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["RedriveAllowPolicy"])["Attributes"]
    assert json.loads(found["RedriveAllowPolicy"]) == json.loads(allow)
    # How the provider takes such an attribute away, and what it then waits for.
    for queue, names in ((url, ["Policy", "RedrivePolicy"]), (dead, ["RedriveAllowPolicy"])):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=dict.fromkeys(names, ""))
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        assert found.keys().isdisjoint(names)

    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError) as error:
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    # The code of the query protocol, which SDKs take from a header of the JSON protocol.
    told_error: dict[str, Any] = dict(error.value.response["Error"])
    assert told_error["QueryErrorCode"] == "QueueDoesNotExist"
    assert told_error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_queues_have_the_defaults_that_a_plan_expects(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    plain = sqs.create_queue(QueueName="plain", Attributes={})["QueueUrl"]
    fifo = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    found = sqs.get_queue_attributes(QueueUrl=plain, AttributeNames=["All"])["Attributes"]
    of_fifo = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["All"])["Attributes"]

    defaults = {
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    assert {name: found[name] for name in defaults} == defaults
    assert of_fifo["FifoQueue"] == "true"
    assert (of_fifo["ContentBasedDeduplication"], of_fifo["DeduplicationScope"], of_fifo["FifoThroughputLimit"]) == (
        "false",
        "queue",
        "perQueue",
    )
    changed = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes=changed)
    found = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["All"])["Attributes"]
    assert {name: found[name] for name in changed} == changed


# SNS


def test_a_topic_is_made_then_told_each_attribute(aws: AwsServer) -> None:
    sns = aws.client("sns")
    made = {"Name": "news", "Tags": [{"Key": "team", "Value": "harbour"}]}
    arn = sns.create_topic(**made)["TopicArn"]
    policy = of_service("s3.amazonaws.com", "SNS:Publish", arn)
    for name, value in (("DisplayName", "News"), ("Policy", policy), ("DisplayName", ""), ("TracingConfig", "Active")):
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)

    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(policy)
    assert (found["DisplayName"], found["TracingConfig"], found["Owner"]) == ("", "Active", "000000000000")
    assert found.keys().isdisjoint({"FifoTopic", "ContentBasedDeduplication", "KmsMasterKeyId", "DeliveryPolicy"})
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == made["Tags"]

    sns.delete_topic(TopicArn=arn)
    assert code_of(sns.get_topic_attributes, TopicArn=arn) == "NotFound"
    sns.delete_topic(TopicArn=arn)


def test_a_fifo_topic_is_told_that_it_is_one(aws: AwsServer) -> None:
    sns = aws.client("sns")
    arn = sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    for wanted in ("true", "false"):
        sns.set_topic_attributes(TopicArn=arn, AttributeName="ContentBasedDeduplication", AttributeValue=wanted)
        found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        assert (found["FifoTopic"], found["ContentBasedDeduplication"]) == ("true", wanted)


def test_a_subscription_is_confirmed_changed_and_gone(aws: AwsServer) -> None:
    sns = aws.client("sns")
    aws.client("sqs").create_queue(QueueName="work")
    topic = sns.create_topic(Name="news")["TopicArn"]
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:000000000000:work",
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": '{"kind":["ship"]}'},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (found["PendingConfirmation"], found["ConfirmationWasAuthenticated"]) == ("false", "true")
    assert (found["RawMessageDelivery"], found["FilterPolicy"]) == ("true", '{"kind":["ship"]}')
    assert found["FilterPolicyScope"] == "MessageAttributes"

    for name, value in (("RawMessageDelivery", "false"), ("FilterPolicy", "{}")):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy")
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert found["RawMessageDelivery"] == "false"
    assert found.keys().isdisjoint({"FilterPolicy", "FilterPolicyScope", "RedrivePolicy"})

    sns.unsubscribe(SubscriptionArn=arn)
    assert code_of(sns.get_subscription_attributes, SubscriptionArn=arn) == "NotFound"
