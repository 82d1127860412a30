"""S3 Control's tags of buckets: what Terraform's AWS provider from 6.23 on asks of every bucket."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.aws.accounts import Accounts
from tests.aws_server import ACCOUNT, AwsServer

from homeport.kernel.clock import SystemClock

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def client(server: AwsServer, account: str = ACCOUNT, **key: str) -> Any:
    """A client that asks the address itself: `<account>.127.0.0.1`, which it makes of it, is no name."""
    made = server.client("s3control", account=account, retries={"max_attempts": 0}, **key)

    def ask_the_address(request: Any, **_: Any) -> None:
        request.url = server.url + urlsplit(request.url)._replace(scheme="", netloc="").geturl()

    made.meta.events.register("before-sign", ask_the_address)
    return made


@pytest.fixture
def control(shared: AwsServer) -> Any:
    return client(shared)


def arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def tags_of(control: Any, bucket: str) -> dict[str, str]:
    found = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket))["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def code_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**request)
    return str(error.value.response["Error"]["Code"])


def test_tags_are_added_changed_and_taken_away(control: Any, s3: Any, bucket: str) -> None:
    assert tags_of(control, bucket) == {}

    given = [{"Key": "team", "Value": "a + b"}, {"Key": "port", "Value": ""}]
    control.tag_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket), Tags=given)
    control.tag_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket), Tags=[{"Key": "team", "Value": "ünïcode"}])
    assert tags_of(control, bucket) == {"team": "ünïcode", "port": ""}

    control.untag_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket), TagKeys=["port", "none"])
    assert tags_of(control, bucket) == {"team": "ünïcode"}
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "ünïcode"}]

    control.untag_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket), TagKeys=["team"])
    assert tags_of(control, bucket) == {}
    assert code_of(s3.get_bucket_tagging, Bucket=bucket) == "NoSuchTagSet"


def test_tags_of_another_making_are_listed(control: Any, s3: Any, bucket: str) -> None:
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "harbour"}]})

    assert tags_of(control, bucket) == {"team": "harbour"}


def test_the_account_may_stand_before_the_host_name(shared: AwsServer, control: Any, bucket: str) -> None:
    control.tag_resource(AccountId=ACCOUNT, ResourceArn=arn(bucket), Tags=[{"Key": "team", "Value": "harbour"}])
    connection = http.client.HTTPConnection(urlsplit(shared.url).netloc, timeout=30)
    headers = {"Host": f"{ACCOUNT}.localhost:4566", "x-amz-account-id": ACCOUNT, "Authorization": AUTHORIZATION}

    connection.request("GET", f"/v20180820/tags/{quote(arn(bucket), safe='')}", headers=headers)
    answer = connection.getresponse()

    assert (answer.status, b"<Value>harbour</Value>" in answer.read()) == (200, True)
    connection.close()


def test_refusals_have_s3_s_codes(control: Any, bucket: str) -> None:
    of_bucket = {"AccountId": ACCOUNT, "ResourceArn": arn(bucket)}
    tag = {"Key": "a", "Value": "b"}
    assert code_of(control.list_tags_for_resource, AccountId=ACCOUNT, ResourceArn=arn("nothing-here")) == "NoSuchBucket"
    assert code_of(control.tag_resource, **of_bucket, Tags=[{"Key": "aws:a", "Value": "b"}]) == "InvalidTag"
    assert code_of(control.tag_resource, **of_bucket, Tags=[tag, tag]) == "InvalidTag"
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert code_of(control.tag_resource, **of_bucket, Tags=[*many[:50], tag]) == "BadRequest"
    assert code_of(control.list_tags_for_resource, AccountId="1" * 12, ResourceArn=arn(bucket)) == "AccessDenied"
    assert tags_of(control, bucket) == {}


def test_what_else_s3_control_does_is_not_taken_for_an_object(control: Any) -> None:
    lens = f"arn:aws:s3:us-east-1:{ACCOUNT}:storage-lens/default"
    assert code_of(control.get_public_access_block, AccountId=ACCOUNT) == "NotImplemented"
    assert code_of(control.list_tags_for_resource, AccountId=ACCOUNT, ResourceArn=lens) == "NotImplemented"


def test_another_account_s_bucket_keeps_its_tags(shared: AwsServer, bucket: str) -> None:
    other = client(shared, "111111111111")
    of_bucket = {"AccountId": ACCOUNT, "ResourceArn": arn(bucket)}

    assert code_of(other.list_tags_for_resource, **of_bucket) == "AccessDenied"
    assert code_of(other.tag_resource, **of_bucket, Tags=[{"Key": "a", "Value": "b"}]) == "AccessDenied"


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[AwsServer]:
    """A server that proves signatures, whose clock is boto3's."""
    server = AwsServer(tmp_path / "data", clock=SystemClock(), settings={"aws.auth": "signed"}).start()
    yield server
    server.stop()


def test_a_document_is_the_one_that_was_signed(signed: AwsServer) -> None:
    accounts = Accounts(signed)
    accounts.client("s3", ACCOUNT).create_bucket(Bucket="signed")
    key = accounts.key(ACCOUNT)
    control = client(signed, key.id, secret=key.secret)
    given = {"AccountId": ACCOUNT, "ResourceArn": arn("signed"), "Tags": [{"Key": "a", "Value": "b"}]}
    control.tag_resource(**given)
    assert tags_of(control, "signed") == {"a": "b"}

    def falsify(request: Any, **_: Any) -> None:
        request.body = request.body.replace(b"b</Value>", b"c</Value>")

    control.meta.events.register("before-send.s3-control.TagResource", falsify)
    code = code_of(
        control.tag_resource, AccountId=ACCOUNT, ResourceArn=arn("signed"), Tags=[{"Key": "a", "Value": "b"}]
    )
    assert code == "XAmzContentSHA256Mismatch"
    assert tags_of(control, "signed") == {"a": "b"}
