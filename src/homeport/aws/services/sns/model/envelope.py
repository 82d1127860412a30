"""What subscribers get: the JSON around a message, what is signed of it, and its form for each protocol.

SNS developer guide, "Parsing Amazon SNS message formats" and "Verifying the signatures of Amazon SNS messages".
"""

import base64
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from homeport.aws.services.sns.model.message import Attributes, AttributeValue, Publication

Wire = dict[str, object]

_SIGNED_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Notification(NamedTuple):
    """A published message on its way to subscribers.

    Attributes:
        timestamp: ISO 8601 with milliseconds.
        sequence_number: of a FIFO topic.
        replayed: whether it comes out of the archive.
    """

    message_id: str
    topic_arn: str
    timestamp: str
    publication: Publication
    sequence_number: str | None = None
    trace: str | None = None
    replayed: bool = False


def string_to_sign(members: Mapping[str, object]) -> bytes:
    """The members that count, name and value on lines of their own, by name."""
    names = _SIGNED_NOTIFICATION if members["Type"] == "Notification" else _SIGNED_CONFIRMATION
    return "".join(f"{name}\n{members[name]}\n" for name in names if members.get(name) is not None).encode()


def notification(notice: Notification, text: str) -> Wire:
    """The envelope without signature and unsubscribe link."""
    members: Wire = {"Type": "Notification", "MessageId": notice.message_id}
    if notice.sequence_number is not None:
        members["SequenceNumber"] = notice.sequence_number
    members["TopicArn"] = notice.topic_arn
    if notice.publication.subject is not None:
        members["Subject"] = notice.publication.subject
    members["Message"] = text
    members["Timestamp"] = notice.timestamp
    if notice.replayed:
        members["Replayed"] = True
    return members


def attributes_in_envelope(attributes: Attributes) -> dict[str, dict[str, str]]:
    """Message attributes as the envelope has them."""
    return {name: {"Type": value["DataType"], "Value": text_of(value)} for name, value in attributes.items()}


def text_of(value: AttributeValue) -> str:
    """An attribute's value as text; bytes in base 64."""
    if "BinaryValue" in value:
        return base64.b64encode(value["BinaryValue"]).decode()
    return value.get("StringValue", "")


def attributes_for_sqs(attributes: Attributes) -> dict[str, dict[str, str]]:
    """Message attributes as a queue's target takes them; bytes in base 64."""
    found = {}
    for name, value in attributes.items():
        data_type = value["DataType"]
        if "BinaryValue" in value:
            found[name] = {"DataType": data_type, "BinaryValue": text_of(value)}
        else:
            found[name] = {"DataType": data_type, "StringValue": value.get("StringValue", "")}
    return found


def confirmation(topic_arn: str, token: str, message_id: str, timestamp: str, subscribe_url: str) -> Wire:
    """What an endpoint is asked before it gets anything."""
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": token,
        "TopicArn": topic_arn,
        "Message": f"You have chosen to subscribe to the topic {topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": subscribe_url,
        "Timestamp": timestamp,
    }


def farewell(subscription_arn: str, topic_arn: str, token: str, message_id: str, timestamp: str, url: str) -> Wire:
    """What an endpoint is told when it gets nothing any more."""
    return {
        "Type": "UnsubscribeConfirmation",
        "MessageId": message_id,
        "Token": token,
        "TopicArn": topic_arn,
        "Message": f"You have chosen to deactivate subscription {subscription_arn}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
        "SubscribeURL": url,
        "Timestamp": timestamp,
    }


def lambda_event(members: Wire, attributes: Attributes, subscription_arn: str) -> Wire:
    """What a function is invoked with."""
    body: Wire = {
        "Type": members["Type"],
        "MessageId": members["MessageId"],
        "TopicArn": members["TopicArn"],
        "Subject": members.get("Subject"),
        "Message": members["Message"],
        "Timestamp": members["Timestamp"],
        "SignatureVersion": members.get("SignatureVersion", "1"),
        "Signature": members.get("Signature", ""),
        "SigningCertUrl": members.get("SigningCertURL", ""),
        "UnsubscribeUrl": members.get("UnsubscribeURL", ""),
        "MessageAttributes": attributes_in_envelope(attributes),
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": body,
    }
    return {"Records": [record]}


def encode(members: Wire) -> str:
    """The envelope as it is sent; AWS breaks its lines."""
    return orjson.dumps(members, option=orjson.OPT_INDENT_2).decode()
