"""Services are opened when something first comes for them; those that hold data, at the start."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest
from botocore.exceptions import ClientError
from tests.aws.gateway.conftest import Raw, scope
from tests.aws_server import ACCOUNT, AwsServer

from homeport.aws.delivery import Delivery
from homeport.kernel.clock import FakeClock
from homeport.kernel.storage.rows import as_int

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"


def open_services(aws: AwsServer) -> list[str]:
    return [room.name for room in aws.half.rooms.in_use]


def jobs(aws: AwsServer) -> list[str]:
    return [status.name for status in aws.call(lambda: aws.runner.statuses)]


def test_nothing_is_open_before_the_first_request(aws: AwsServer, raw: Raw) -> None:
    for page in ("health", "info", "init", "plugins", "diagnose", "config"):
        assert raw("GET", f"/_localstack/{page}").status == 200

    assert open_services(aws) == []
    assert jobs(aws) == ["aws-opening", "aws-courier", "aws-expired-keys"]


@pytest.mark.parametrize(
    ("service", "ask", "opened"),
    [
        ("sqs", lambda sqs: sqs.list_queues(), ["sqs"]),
        ("sns", lambda sns: sns.list_topics(), ["sns"]),
        ("s3", lambda s3: s3.list_buckets(), ["s3"]),
        ("dynamodbstreams", lambda streams: streams.list_streams(), ["dynamodbstreams"]),
    ],
)
def test_a_request_opens_the_service_that_it_is_for(
    aws: AwsServer, service: str, ask: Callable[[Any], object], opened: list[str]
) -> None:
    ask(aws.client(service))

    assert open_services(aws) == opened


def test_an_endpoint_of_its_own_opens_a_service_and_a_page_from_elsewhere_too(aws: AwsServer, raw: Raw) -> None:
    assert raw("GET", "/_aws/sns/sms-messages").status == 200
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "PUT"}
    raw("OPTIONS", "/bucket/key", headers=asking)

    assert open_services(aws) == ["s3", "sns"]


def test_a_service_opens_the_one_that_it_asks(aws: AwsServer) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    assert open_services(aws) == ["s3"]

    s3.put_object(Bucket="bucket", Key="key", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/aws/s3")

    assert open_services(aws) == ["kms", "s3"]


def test_first_requests_at_once_open_a_service_once(aws: AwsServer, raw: Raw) -> None:
    def ask(_number: int) -> int:
        return raw("GET", "/", headers=scope("s3")).status

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(24))) == [200] * 24

    assert open_services(aws) == ["s3"]
    assert jobs(aws)[3:] == ["s3-sweep", "s3-lifecycle", "s3-restore"]


# What cannot be opened


def test_a_service_that_cannot_be_opened_is_tried_again_with_the_next_request(aws: AwsServer, raw: Raw) -> None:
    in_its_way = aws.data_dir / "aws" / "s3"
    in_its_way.parent.mkdir()
    in_its_way.touch()

    first = raw("GET", "/", headers=scope("s3"))
    problems = aws.health.problems()
    in_its_way.unlink()
    second = raw("GET", "/", headers=scope("s3"))

    assert (first.status, second.status) == (503, 200)
    assert "<Code>ServiceUnavailable</Code>" in first.text
    assert problems["aws_services"].startswith("s3 cannot be opened: ")
    assert not aws.health.problems()


def test_tables_of_a_later_homeport_are_refused_in_the_service_s_own_words(aws: AwsServer, raw: Raw) -> None:
    aws.stop()
    change(aws.data_dir, "INSERT INTO aws_schema VALUES ('kms', 99)")
    aws.start()

    answer = raw.json("TrentService.ListKeys", b"{}")

    assert answer.status == 503
    assert b'"__type":"ServiceUnavailable' in answer.body
    assert any("newer Homeport" in line for line in aws.log.lines)
    assert aws.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_others_go_on_while_one_that_holds_data_cannot_be_opened(aws: AwsServer) -> None:
    aws.client("kms").create_key()
    url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    aws.stop()
    change(aws.data_dir, "UPDATE aws_schema SET version = 99 WHERE room = 'kms'")

    aws.start()

    assert open_services(aws) == ["sqs"]
    assert "aws_services" in aws.health.problems()
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="ahoy")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        aws.client("kms").list_keys()


def change(data_dir: Path, statement: str) -> None:
    connection = apsw.Connection(str(data_dir / "db" / "aws.sqlite"))
    connection.execute(statement)
    connection.close()


# After a restart


def test_after_a_restart_what_holds_data_is_open_and_the_rest_is_not(aws: AwsServer) -> None:
    aws.client("sqs").create_queue(QueueName="q")
    for service, ask in (("s3", "list_buckets"), ("dynamodb", "list_tables"), ("sns", "list_topics")):
        getattr(aws.client(service), ask)()
    aws.client("iam").list_users()
    aws.client("kms").list_keys()

    aws.restart()

    assert open_services(aws) == ["sqs"]
    assert jobs(aws)[3:] == ["sqs-wake", "sqs-retention", "sqs-moves"]


def test_a_delivery_that_waited_arrives_after_a_restart_though_nobody_asks(aws: AwsServer) -> None:
    """The sender holds nothing any more, so that only the delivery itself can open it."""
    url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    leave(aws, "1", QUEUE, {"MessageBody": "ahoy"})
    aws.restart()
    assert open_services(aws) == ["sqs"]

    aws.run_jobs()

    assert open_services(aws) == ["sns", "sqs"]
    assert received(aws, url) == ["ahoy"]


def test_a_delivery_opens_its_target(aws: AwsServer) -> None:
    leave(aws, "1", QUEUE, {"MessageBody": "ahoy"})

    aws.run_jobs()

    assert open_services(aws) == ["sns", "sqs"]
    assert waiting(aws) == 0


def test_a_delayed_message_comes_after_a_restart_though_nobody_asked(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=5)
    aws.restart()

    aws.advance(seconds=5)

    assert received(aws, url) == ["late"]


def test_retention_goes_on_after_a_restart_though_nobody_asks(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    aws.restart()

    for _ in range(5):
        aws.advance(seconds=3600)

    assert aws.run(aws.half.db.read(lambda s: s.value("SELECT count(*) FROM sqs_message"))) == 0


def test_a_reset_forgets_the_keys_of_sessions_though_iam_is_closed(aws: AwsServer, raw: Raw) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/sailor"
    key = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]["AccessKeyId"]
    aws.restart()

    raw("POST", "/_localstack/state/reset")

    assert aws.run(aws.half.keys.find(key)) is None
    assert open_services(aws) == []


def leave(aws: AwsServer, name: str, target: str, payload: dict[str, str]) -> None:
    """Put a delivery of SNS into the outbox, as if its target could not be reached."""
    delivery = Delivery(name, "sns", TOPIC, target, payload, FakeClock().now(), ACCOUNT)
    aws.run(aws.half.db.write(lambda tx: aws.half.courier._enqueue(tx, delivery, delivery.lane_key)))


def received(aws: AwsServer, url: str) -> list[str]:
    answer = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def waiting(aws: AwsServer) -> int:
    return aws.run(aws.half.db.read(lambda s: as_int(s.value("SELECT count(*) FROM outbox_delivery"))))
