"""Stores that an earlier Homeport has written."""

import sqlite3
from contextlib import closing

from tests.aws_server import AwsServer

BEHIND = 2


def downgrade(aws: AwsServer) -> None:
    """Make the store one in which a group's first message lies behind the group."""
    with closing(sqlite3.connect(aws.data_dir / "db" / "aws.sqlite")) as store, store:
        store.execute("UPDATE sqs_message SET lane = lane | ?", (BEHIND,))
        store.execute("UPDATE aws_schema SET version = 1 WHERE room = 'sqs'")


def test_a_group_of_an_older_store_that_was_stuck_goes_on(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"})[
        "QueueUrl"
    ]
    for body in ("a0", "a1", "b0", "b1"):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body)
    aws.stop()
    downgrade(aws)

    aws.start()

    received = []
    for _ in range(4):
        (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        received.append(message["Body"])
    assert sorted(received) == ["a0", "a1", "b0", "b1"]
    assert [body for body in received if body[0] == "a"] == ["a0", "a1"]
