"""Without a signature, where signatures are proved: the links in SNS's messages work, and nothing else does."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.aws_server import AwsServer


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[AwsServer]:
    server = AwsServer(tmp_path / "data", settings={"aws.auth": "signed"}).start()
    yield server
    server.stop()


def answer(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, body) as opened:
            return opened.status, opened.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


TOPIC = "arn:aws:sns:us-east-1:000000000000:t"


def test_a_link_is_looked_at(signed: AwsServer) -> None:
    status, text = answer(f"{signed.url}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc")

    assert (status, "Invalid parameter: Topic" in text) == (400, True)


@pytest.mark.parametrize(
    "form",
    [
        b"Action=CreateTopic&Version=2010-03-31&Name=t",
        b"Action=CreateTopic&Version=2010-03-31&Name=t&X=Action=AssumeRoleWithSAML",
        b"Action=CreateTopic&Version=2010-03-31&Name=t&XAction=ConfirmSubscription",
        b"Action=ConfirmSubscription&Action=CreateTopic&Version=2010-03-31&Name=t",
    ],
)
def test_nothing_else_is_done_without_a_signature(signed: AwsServer, form: bytes) -> None:
    status, _ = answer(signed.url, form)

    assert status == 403
