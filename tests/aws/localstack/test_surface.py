"""LocalStack's endpoints, in the shapes that its tools read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.aws.gateway.conftest import Raw
from tests.aws_server import AwsServer


@pytest.fixture
def raw(aws: AwsServer) -> Raw:
    return Raw(aws)


def get(raw: Raw, path: str) -> Any:
    answer = raw("GET", path)
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


def test_health_names_the_services_and_the_mode(aws: AwsServer, raw: Raw) -> None:
    aws.client("s3").list_buckets()

    health = get(raw, "/_localstack/health")

    assert [health["services"][name] for name in ("s3", "sqs", "lambda")] == ["running", "available", "disabled"]
    assert health["edition"] == "community"
    assert health["version"].count(".") == 2
    assert health["homeport"]["auth"] == "open"
    assert raw("HEAD", "/_localstack/health").status == 200


def test_features_that_somebody_tells_are_shown_in_health(raw: Raw) -> None:
    body = b'{"features:initScripts":"initialized"}'

    assert json.loads(raw("PUT", "/_localstack/health", body=body).body) == {"status": "OK"}
    assert get(raw, "/_localstack/health")["features"] == {"initScripts": "initialized"}
    for wrong in (b"", b"[]", b"no"):
        assert raw("PUT", "/_localstack/health", body=wrong).status == 400


def test_a_restart_is_refused_in_so_many_words(raw: Raw) -> None:
    answer = raw("POST", "/_localstack/health", body=b'{"action":"restart"}')

    assert answer.status == 400
    assert b"only the action kill is known; a restart is the business of whoever started Homeport" in answer.body


def test_info_and_the_others_are_there(raw: Raw) -> None:
    info = get(raw, "/_localstack/info")

    assert {"version", "edition", "session_id", "system", "is_docker", "server_time_utc", "uptime"} <= info.keys()
    assert info["is_license_activated"] is False
    assert get(raw, "/_localstack/diagnose")["services"]["s3"] == "available"
    assert get(raw, "/_localstack/config")["aws.auth"] == "open"
    assert {"name": "s3:default", "is_initialized": False, "is_loaded": False} in get(raw, "/_localstack/plugins")[
        "localstack.aws.provider"
    ]
    assert raw("GET", "/_localstack/nothing").status == 404


def test_init_tells_about_every_stage(raw: Raw) -> None:
    assert get(raw, "/_localstack/init")["completed"].keys() == {"BOOT", "START", "READY", "SHUTDOWN"}
    assert get(raw, "/_localstack/init/ready") == {"completed": False, "scripts": []}
    assert raw("GET", "/_localstack/init/lunch").status == 404


def test_a_reset_forgets_one_service_or_all(aws: AwsServer, raw: Raw) -> None:
    s3, iam, kms = aws.client("s3"), aws.client("iam"), aws.client("kms")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=b"x" * 200_000)
    key = iam.create_user(UserName="ann") and iam.create_access_key(UserName="ann")["AccessKey"]
    kms.create_key()

    one = raw("POST", "/_localstack/state/s3/reset")
    assert json.loads(one.body)["service"] == "s3"
    assert s3.list_buckets()["Buckets"] == []
    assert len(iam.list_users()["Users"]) == 1

    every = raw("POST", "/_localstack/state/reset")
    assert {json.loads(line)["status"] for line in every.body.splitlines()} == {"ok"}
    assert iam.list_users()["Users"] == []
    assert kms.list_keys()["Keys"] == []
    assert aws.client("sts").get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == "000000000000"
    assert raw("POST", "/_localstack/state/fly").status == 404
    assert raw("GET", "/_localstack/state/reset").status == 405


def test_saving_and_loading_change_nothing_for_everything_is_kept(aws: AwsServer, raw: Raw) -> None:
    aws.client("s3").create_bucket(Bucket="bucket")

    assert raw("POST", "/_localstack/state/save").status == raw("POST", "/_localstack/state/s3/load").status == 200
    assert len(aws.client("s3").list_buckets()["Buckets"]) == 1


@pytest.fixture
def few(tmp_path: Path) -> Iterator[AwsServer]:
    """A server on which only some services are on."""
    server = AwsServer(tmp_path / "data", settings={"aws.services": "s3, sts", "aws.localstack_header": "off"}).start()
    yield server
    server.stop()


def test_services_that_are_left_out_are_off(few: AwsServer) -> None:
    raw = Raw(few)

    health = get(raw, "/_localstack/health")
    refused = raw.json("TrentService.ListKeys", b"{}")

    assert (health["services"]["s3"], health["services"]["kms"]) == ("available", "disabled")
    assert refused.status == 501
    assert b"The service kms is switched off" in refused.body
    assert "x-localstack" not in refused.headers


def test_services_that_are_not_there_are_named_in_the_log(tmp_path: Path) -> None:
    server = AwsServer(tmp_path / "data", settings={"aws.services": "s3, sqss, ec2"}).start()
    server.stop()

    [line] = [line for line in server.log.lines if "services that are not there" in line]
    assert "sqss, ec2" in line
    assert "dynamodb" in line
