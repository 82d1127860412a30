"""Stores that an earlier Homeport has written."""

import sqlite3
from contextlib import closing

import pytest
from botocore.exceptions import ClientError
from tests.aws.sns.listener import Listener
from tests.aws_server import AwsServer


def downgrade(aws: AwsServer) -> None:
    """Make the store one that notes no times of tokens."""
    with closing(sqlite3.connect(aws.data_dir / "db" / "aws.sqlite")) as store, store:
        store.execute("DROP INDEX sns_subscription_asked")
        store.execute("ALTER TABLE sns_subscription DROP COLUMN asked_ms")
        store.execute("ALTER TABLE sns_replay DROP COLUMN done")
        store.execute("UPDATE aws_schema SET version = 1 WHERE room = 'sns'")


def test_a_pending_subscription_of_an_older_store_can_still_be_confirmed(aws: AwsServer) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    with Listener() as listener:
        arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url, ReturnSubscriptionArn=True)
    token = aws.run(_token(aws, arn["SubscriptionArn"]))
    aws.stop()
    downgrade(aws)

    aws.start()
    aws.run_jobs()

    confirmed = aws.client("sns").confirm_subscription(TopicArn=topic, Token=token)
    assert confirmed["SubscriptionArn"] == arn["SubscriptionArn"]
    with pytest.raises(ClientError):
        sns.confirm_subscription(TopicArn=topic, Token="other")


async def _token(aws: AwsServer, arn: str) -> str:
    return await aws.half.db.read(
        lambda snapshot: str(snapshot.value("SELECT token FROM sns_subscription WHERE arn = ?", (arn,)))
    )
