"""In mode `signed` a queue is its account's, and who else may use it is its policy's to say."""

import json

from tests.aws.accounts import OTHER, OWNER, Accounts, code
from tests.aws_server import AwsServer

ARN = f"arn:aws:sqs:us-east-1:{OWNER}:q"


def policy(principal: object, *actions: str, effect: str = "Allow", **more: object) -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": actions, "Resource": ARN, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_queue_without_a_policy_is_its_accounts_alone(accounts: Accounts) -> None:
    owner, other = accounts.client("sqs", OWNER), accounts.client("sqs", OTHER)
    url = owner.create_queue(QueueName="q")["QueueUrl"]
    owner.send_message(QueueUrl=url, MessageBody="b")

    assert code(other.get_queue_url, QueueName="q", QueueOwnerAWSAccountId=OWNER) == "AccessDenied"
    assert code(other.send_message, QueueUrl=url, MessageBody="b") == "AccessDenied"
    assert code(other.receive_message, QueueUrl=url) == "AccessDenied"
    assert code(other.purge_queue, QueueUrl=url) == "AccessDenied"
    assert code(other.delete_queue, QueueUrl=url) == "AccessDenied"
    assert code(other.set_queue_attributes, QueueUrl=url, Attributes={"DelaySeconds": "1"}) == "AccessDenied"
    assert code(other.list_message_move_tasks, SourceArn=ARN) == "AccessDenied"
    assert [found["Body"] for found in owner.receive_message(QueueUrl=url)["Messages"]] == ["b"]


def test_a_policy_lets_another_account_do_what_it_names(accounts: Accounts) -> None:
    owner, other = accounts.client("sqs", OWNER), accounts.client("sqs", OTHER)
    url = owner.create_queue(QueueName="q")["QueueUrl"]
    owner.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[OTHER], Actions=["SendMessage"])

    other.send_message(QueueUrl=url, MessageBody="b")
    batch = other.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "c"}])

    assert len(batch["Successful"]) == 1
    assert code(other.receive_message, QueueUrl=url) == "AccessDenied"


def test_what_only_owners_do_no_policy_gives_away_or_takes_from_them(accounts: Accounts) -> None:
    owner, other = accounts.client("sqs", OWNER), accounts.client("sqs", OTHER)
    url = owner.create_queue(QueueName="q", Attributes={"Policy": policy("*", "sqs:*")})["QueueUrl"]

    assert code(other.delete_queue, QueueUrl=url) == "AccessDenied"
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy("*", "sqs:*", effect="Deny")})
    assert code(owner.send_message, QueueUrl=url, MessageBody="b") == "AccessDenied"
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    owner.send_message(QueueUrl=url, MessageBody="b")


def test_a_topic_of_another_account_needs_leave_to_deliver(accounts: Accounts) -> None:
    owner, other, sns = accounts.client("sqs", OWNER), accounts.client("sqs", OTHER), accounts.client("sns", OTHER)
    url = owner.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    dead = other.create_queue(QueueName="dead")["QueueUrl"]
    letters = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{OTHER}:dead"})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ARN, Attributes={"RawMessageDelivery": "true", **letters})

    sns.publish(TopicArn=topic, Message="refused")
    leave = policy(
        {"Service": "sns.amazonaws.com"}, "sqs:SendMessage", Condition={"ArnEquals": {"aws:SourceArn": topic}}
    )
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": leave})
    sns.publish(TopicArn=topic, Message="taken")

    assert [found["Body"] for found in owner.receive_message(QueueUrl=url)["Messages"]] == ["taken"]
    (letter,) = other.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == "refused"
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "AccessDenied"


def test_in_mode_open_queues_are_everybodys(aws: AwsServer) -> None:
    url = aws.client("sqs", account=OWNER).create_queue(QueueName="q")["QueueUrl"]

    aws.client("sqs", account=OTHER).send_message(QueueUrl=url, MessageBody="b")
