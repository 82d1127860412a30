"""Publish and PublishBatch; and what other services publish."""

import re
from dataclasses import dataclass
from typing import TypedDict, cast

from homeport.aws.api.sns import (
    BatchResultErrorEntry,
    PublishBatchInput,
    PublishBatchResponse,
    PublishBatchResultEntry,
    PublishInput,
    PublishResponse,
)
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.services.sns import fanout
from homeport.aws.services.sns.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    EndpointDisabled,
    InvalidBatchEntryId,
    InvalidParameter,
    NotFound,
    PlatformApplicationDisabled,
    TooManyEntriesInBatchRequest,
)
from homeport.aws.services.sns.model import message
from homeport.aws.services.sns.model.envelope import Notification
from homeport.aws.services.sns.model.message import Attributes, AttributeValue, Publication
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.push import split_endpoint
from homeport.aws.services.sns.model.topic import Topic
from homeport.aws.services.sns.operations.archive import archived_form, listeners
from homeport.aws.services.sns.room import Audience, Sns, timestamp
from homeport.aws.services.sns.store import memory, push, topics
from homeport.aws.services.sns.store.memory import Published
from homeport.kernel.storage.database import Snapshot, Tx

_MAX_ENTRIES = 10
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{1,20}")
_MAX_SMS_BYTES = 1600
# 20 digits from the first on, as AWS's.
_FIRST = 10_000_000_000_000_000_000
_STEP = 4096


class Given(TypedDict, total=False):
    """What a publication of one message, and an entry of a batch, have in common."""

    Message: str
    Subject: str
    MessageStructure: str
    MessageAttributes: dict[str, AttributeValue]
    MessageDeduplicationId: str
    MessageGroupId: str


@dataclass(frozen=True, slots=True)
class _Draft:
    publication: Publication
    size_bytes: int


def sequence_number(place: int) -> str:
    """The wire's form of a message's place in its topic."""
    return str(_FIRST + place * _STEP)


async def publish(sns: Sns, call: Call, request: PublishInput) -> PublishResponse:
    """Send a message to a topic's subscribers, to one device, or to one phone.

    Raises:
        AwsError: the message breaks a rule, or there is no such topic, endpoint or number.
    """
    given = cast("Given", request)
    if request.get("PhoneNumber"):
        return await _publish_to_phone(sns, call, request["PhoneNumber"], given)
    arn = request.get("TopicArn") or request.get("TargetArn")
    if not arn:
        raise InvalidParameter("TopicArn or TargetArn", "no value for required parameter")
    if ":endpoint/" in arn:
        return await _publish_to_device(sns, call, arn, given)
    audience = await _audience(sns, call, arn)
    draft = _draft(audience.topic, given)
    if draft.size_bytes > audience.topic.max_bytes:
        raise InvalidParameter("Message too long")
    message_id = sns.ids.uuid()
    published = await sns.db.write(lambda tx: publish_in(sns, tx, audience, draft.publication, message_id, call.trace))
    return _result(audience.topic, published)


async def _audience(sns: Sns, call: Call, arn: str) -> Audience:
    key = TopicKey.parse(arn)
    if key.region != call.region:
        raise InvalidParameter("TopicArn")
    audience = await sns.audience(key)
    if not audience.topic.fifo and any(
        not one.raw or one.protocol not in {"sqs", "sms"} for one in audience.subscriptions
    ):
        await sns.prepare_signer()
    return audience


def _draft(topic: Topic, given: Given) -> _Draft:
    text = given.get("Message", "")
    attributes: Attributes = given.get("MessageAttributes") or {}
    message.check_subject(given.get("Subject"))
    if not text:
        raise InvalidParameter("Empty message")
    message.check_attributes(attributes)
    publication = Publication(
        message=text,
        subject=given.get("Subject"),
        attributes=attributes,
        texts=message.parse_structure(given.get("MessageStructure"), text),
        group=_group(topic, given),
        deduplication_id=_deduplication_id(topic, given, text),
    )
    return _Draft(publication, message.size_of(text, attributes))


def _group(topic: Topic, given: Given) -> str | None:
    group = given.get("MessageGroupId")
    if group is not None:
        message.check_identifier("MessageGroupId", group)
    elif topic.fifo:
        raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
    return group


def _deduplication_id(topic: Topic, given: Given, text: str) -> str | None:
    own = given.get("MessageDeduplicationId")
    if not topic.fifo:
        if own is not None:
            raise InvalidParameter(
                "MessageDeduplicationId",
                "The request includes MessageDeduplicationId parameter that is not valid for this topic type",
            )
        return None
    if own is not None:
        message.check_identifier("MessageDeduplicationId", own)
        return own
    if not topic.content_deduplication:
        raise InvalidParameter(
            "The topic should either have ContentBasedDeduplication enabled "
            "or MessageDeduplicationId provided explicitly"
        )
    return message.content_id(text)


def publish_in(
    sns: Sns, tx: Tx, audience: Audience, publication: Publication, message_id: str, trace: str = ""
) -> Published:
    """Publish in a transaction; `trace` goes on to queues.

    Raises:
        NotFound: the topic was deleted since it was read.
    """
    topic, now = audience.topic, sns.clock.now()
    notice = Notification(message_id, topic.arn, timestamp(now), publication, trace=trace or None)
    if not topic.fifo:
        fanout.fan_out(sns, tx, topic, audience.subscriptions, notice, now)
        return Published(message_id, 0)
    deduplication_id, group = publication.deduplication_id or "", publication.group or ""
    earlier = memory.recall(tx, topic.id, deduplication_id, group, now)
    if earlier is not None:
        return earlier
    place = topics.next_place(tx, topic.id)
    if place is None:
        raise NotFound("Topic")
    published = Published(message_id, place)
    scope = group if topic.deduplicates_by_group else memory.WHOLE_TOPIC
    memory.remember(tx, topic.id, deduplication_id, scope, published, now)
    notice = notice._replace(sequence_number=sequence_number(place))
    subscribers = audience.subscriptions
    if topic.archive_days:
        memory.archive(tx, topic.id, place, archived_form(notice), now)
        subscribers = listeners(sns, tx, audience)
    fanout.fan_out(sns, tx, topic, subscribers, notice, now)
    return published


def _result(topic: Topic, published: Published) -> PublishResponse:
    result: PublishResponse = {"MessageId": published.message_id}
    if topic.fifo:
        result["SequenceNumber"] = sequence_number(published.place)
    return result


async def _publish_to_phone(sns: Sns, call: Call, number: str, given: Given) -> PublishResponse:
    if not _PHONE.fullmatch(number):
        raise InvalidParameter("PhoneNumber", f"{number} is not valid to publish to")
    notice = _lone_notice(sns, given)
    if len(notice.publication.message.encode()) > _MAX_SMS_BYTES:
        raise InvalidParameter("Message too long")
    text = notice.publication.text_for("sms")
    now = sns.clock.now()
    await sns.db.write(
        lambda tx: fanout.send_sms(tx, call.account, call.region, number, fanout.sms(notice, text, None), now)
    )
    return {"MessageId": notice.message_id}


async def _publish_to_device(sns: Sns, call: Call, arn: str, given: Given) -> PublishResponse:
    application_arn, _ = split_endpoint(arn)
    notice = _lone_notice(sns, given)

    def look(snapshot: Snapshot) -> None:
        device, application = push.endpoint(snapshot, arn), push.application(snapshot, application_arn)
        if device is None or application is None:
            raise InvalidParameter("TargetArn", "No endpoint found for the target arn specified")
        if device.attributes.get("Enabled") == "false":
            raise EndpointDisabled
        if application.get("Enabled") == "false":
            raise PlatformApplicationDisabled

    def write(tx: Tx) -> None:
        look(tx)
        fanout.send_push(tx, call.account, call.region, arn, notice, sns.clock.now())

    await sns.db.write(write)
    return {"MessageId": notice.message_id}


def _lone_notice(sns: Sns, given: Given) -> Notification:
    """A message that goes to no topic."""
    text = given.get("Message", "")
    message.check_message(text)
    message.check_subject(given.get("Subject"))
    attributes: Attributes = given.get("MessageAttributes") or {}
    message.check_attributes(attributes)
    texts = message.parse_structure(given.get("MessageStructure"), text)
    publication = Publication(text, given.get("Subject"), attributes, texts)
    return Notification(sns.ids.uuid(), "", timestamp(sns.clock.now()), publication)


async def publish_batch(sns: Sns, call: Call, request: PublishBatchInput) -> PublishBatchResponse:
    """Send up to ten messages to a topic's subscribers; those that break a rule are named, the others are sent.

    Raises:
        AwsError: the batch as a whole is wrong, or there is no such topic.
    """
    audience = await _audience(sns, call, request["TopicArn"])
    entries = request["PublishBatchRequestEntries"]
    _check_ids([entry["Id"] for entry in entries])
    size = sum(message.size_of(one.get("Message", ""), one.get("MessageAttributes") or {}) for one in _given(request))
    if size > audience.topic.max_bytes:
        raise BatchRequestTooLong
    good: list[tuple[str, Publication]] = []
    failed: list[BatchResultErrorEntry] = []
    for entry, one in zip(entries, _given(request), strict=True):
        try:
            good.append((entry["Id"], _draft(audience.topic, one).publication))
        except AwsError as error:
            failed.append(_failed(entry["Id"], error))

    def write(tx: Tx) -> list[Published]:
        return [publish_in(sns, tx, audience, publication, sns.ids.uuid(), call.trace) for _, publication in good]

    published = await sns.db.write(write) if good else []
    done: list[PublishBatchResultEntry] = []
    for (entry_id, _), each in zip(good, published, strict=True):
        done.append(cast("PublishBatchResultEntry", {"Id": entry_id, **_result(audience.topic, each)}))
    return {"Successful": done, "Failed": failed}


def _given(request: PublishBatchInput) -> list[Given]:
    return [cast("Given", entry) for entry in request["PublishBatchRequestEntries"]]


def _failed(entry_id: str, error: AwsError) -> BatchResultErrorEntry:
    code = error.code.removesuffix("Exception")
    return {"Id": entry_id, "Code": code, "Message": error.message, "SenderFault": True}


def _check_ids(ids: list[str]) -> None:
    if not ids:
        raise EmptyBatchRequest
    if len(ids) > _MAX_ENTRIES:
        raise TooManyEntriesInBatchRequest
    if len(set(ids)) != len(ids):
        raise BatchEntryIdsNotDistinct
    if not all(_ENTRY_ID.fullmatch(one) for one in ids):
        raise InvalidBatchEntryId
