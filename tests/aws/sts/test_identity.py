"""Who a caller is: account by access key, region by credential scope."""

from tests.aws_server import AwsServer


def test_an_access_key_of_twelve_digits_is_the_account(aws: AwsServer) -> None:
    identity = aws.client("sts", account="111122223333").get_caller_identity()

    assert identity["Account"] == "111122223333"
    assert identity["Arn"] == "arn:aws:iam::111122223333:root"


def test_any_other_access_key_is_the_default_account(aws: AwsServer) -> None:
    assert aws.client("sts", account="test").get_caller_identity()["Account"] == "000000000000"


def test_a_server_answers_after_a_restart(aws: AwsServer) -> None:
    aws.restart()

    assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"
