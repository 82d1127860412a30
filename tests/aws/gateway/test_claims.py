"""Whose request it is, and what is said about operations that nobody does."""

from pathlib import Path

import pytest
from tests.aws.gateway.conftest import Raw, scope
from tests.aws_server import AwsServer

S3_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def test_a_target_header_names_service_and_operation(raw: Raw) -> None:
    answer = raw.json("TrentService.ListKeys", b"{}")

    assert answer.status == 200
    assert answer.body == b'{"Keys":[],"Truncated":false}'
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]


def test_a_form_is_claimed_by_its_version_when_nobody_signed_it(raw: Raw) -> None:
    answer = raw.form("Action=GetCallerIdentity&Version=2011-06-15")

    assert answer.status == 200
    assert "<Account>000000000000</Account>" in answer.text
    assert 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"' in answer.text


def test_a_form_may_stand_in_the_query_string(raw: Raw) -> None:
    answer = raw("GET", "/?Action=GetCallerIdentity&Version=2011-06-15")

    assert "<GetCallerIdentityResult>" in answer.text


def test_a_signed_request_is_claimed_by_its_scope(raw: Raw) -> None:
    answer = raw.form("Action=ListUsers&Version=2010-05-08", headers=scope("iam"))

    assert "<ListUsersResult><Users></Users>" in answer.text


def test_an_operation_that_the_model_has_and_nobody_wrote_is_named(raw: Raw) -> None:
    kms = raw.json("TrentService.ConnectCustomKeyStore", b"{}")
    iam = raw.form("Action=CreateSAMLProvider&Version=2010-05-08")
    function = raw("GET", "/2020-06-30/functions/f/code-signing-config", headers=scope("lambda"))

    assert kms.status == iam.status == 501
    assert b"ConnectCustomKeyStore of KMS" in kms.body
    assert "<Code>NotImplemented</Code>" in iam.text
    assert "CreateSAMLProvider of IAM" in iam.text
    assert function.status == 501
    assert function.headers["x-amzn-errortype"] == "NotImplemented"
    assert b"GetFunctionCodeSigningConfig of Lambda" in function.body


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/bucket/key?newthing", "PUT ?newthing"),
        ("/bucket/key?x-id=PutObjectTelepathy", "PutObjectTelepathy"),
        ("/bucket?acl&newthing", "PUT ?newthing"),
        ("/bucket/key?uploads", "PUT ?uploads"),
    ],
)
def test_a_sub_resource_that_s3_has_not_yet_is_never_done_as_something_else(raw: Raw, target: str, text: str) -> None:
    """The contract's rule: a put with a sub-resource that nobody knows must not overwrite the object."""
    answer = raw("PUT", target, body=b"x", headers=scope("s3"))

    assert answer.status == 501
    assert f"<Message>Homeport does not implement the operation {text} of S3.</Message>" in answer.text


def test_a_parameter_with_a_value_that_s3_does_not_know_is_the_caller_s_own(raw: Raw) -> None:
    answer = raw("PUT", "/bucket-that-is-not-there/key?trace=7", body=b"x", headers=scope("s3"))

    assert answer.status == 404
    assert "<Code>NoSuchBucket</Code>" in answer.text


def test_an_operation_that_nobody_knows_gets_aws_s_own_error(raw: Raw) -> None:
    json = raw.json("DynamoDB_20120810.Fly", b"{}")
    form = raw.form("Action=Fly&Version=2010-03-31")
    missing = raw.form("Version=2010-03-31")
    rest = raw("GET", "/2015-03-31/wings", headers=scope("lambda"))
    s3 = raw("POST", "/bucket/key", headers=scope("s3"))

    assert (json.status, form.status, missing.status, rest.status) == (400, 400, 400, 404)
    assert b'"__type":"com.amazon.coral.service#UnknownOperationException"' in json.body
    assert "<Code>InvalidAction</Code>" in form.text
    assert "<Code>MissingAction</Code>" in missing.text
    assert rest.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert (s3.status, "<Code>MethodNotAllowed</Code>" in s3.text) == (405, True)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-Amz-Target": "AmazonEC2.Fly"}, "AmazonEC2"),
        (scope("ec2"), "ec2"),
    ],
)
def test_a_service_that_is_not_here_is_named(raw: Raw, headers: dict[str, str], said: str) -> None:
    answer = raw("POST", "/", body=b"{}", headers=headers)

    assert answer.status == 501
    assert f"Homeport does not have the service {said}." in answer.text


def test_a_virtual_host_names_the_bucket(raw: Raw) -> None:
    for host, bucket in (
        ("pictures.s3.localhost.localstack.cloud:4566", "pictures"),
        ("a.b.s3.eu-west-1.homeport.lan", "a.b"),
    ):
        answer = raw("GET", "/key", headers={**scope("s3"), "Host": host})

        assert answer.status == 404
        assert f"<BucketName>{bucket}</BucketName>" in answer.text


def test_s3_s_answers_begin_as_s3_s_do(raw: Raw) -> None:
    answer = raw("GET", "/", headers=scope("s3"))

    assert answer.text.startswith(f'{S3_XML}\n<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    assert answer.headers["x-amz-request-id"]
    assert answer.headers["x-localstack"] == "true"


def test_every_request_has_an_id_of_its_own(raw: Raw) -> None:
    ids = {raw("GET", "/", headers=scope("s3")).headers["x-amz-request-id"] for _ in range(20)}

    assert len(ids) == 20


def test_sqs_answers_in_the_protocol_that_it_was_asked_in(raw: Raw) -> None:
    form = raw.form("Action=GetQueueUrl&QueueName=none&Version=2012-11-05", headers=scope("sqs"))
    json = raw.json("AmazonSQS.GetQueueUrl", b'{"QueueName":"none"}')

    assert "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in form.text
    assert b'"__type":"com.amazonaws.sqs#QueueDoesNotExist"' in json.body
    assert json.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


def test_dynamodb_s_answers_carry_their_checksum(raw: Raw) -> None:
    import zlib

    answer = raw.json("DynamoDB_20120810.ListTables", b"{}")

    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))


def test_urls_have_the_host_that_is_set_and_the_scheme_that_the_client_speaks(tmp_path: Path) -> None:
    settings = {"aws.host": "aws.example.org:4566", "http.trusted_proxies": "127.0.0.0/8"}
    server = AwsServer(tmp_path / "data", settings=settings).start()
    raw = Raw(server)

    for scheme in ("http", "https"):
        headers = {**scope("sqs"), "X-Forwarded-Proto": scheme}
        answer = raw.form("Action=CreateQueue&QueueName=q&Version=2012-11-05", headers=headers)
        assert f"<QueueUrl>{scheme}://aws.example.org:4566/000000000000/q</QueueUrl>" in answer.text
    server.stop()


def test_urls_are_https_where_a_proxy_ends_tls_and_only_passes_bytes_on(tmp_path: Path) -> None:
    """As Traefik's TCP router: clients go to the URL of a queue, and plain HTTP would lead to another port."""
    server = AwsServer(tmp_path / "data", settings={"http.tls_hosts": "aws.example.org"}).start()
    raw = Raw(server)

    for host, url in (("aws.example.org", "https://aws.example.org"), ("aws:4566", "http://aws:4566")):
        answer = raw.form("Action=CreateQueue&QueueName=q&Version=2012-11-05", headers={**scope("sqs"), "Host": host})
        assert f"<QueueUrl>{url}/000000000000/q</QueueUrl>" in answer.text
    server.stop()
