"""From a published message to its subscribers: who wants it, in which form, by which road."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from homeport.aws.delivery import Delivery, Json
from homeport.aws.services.sns.model import delivery_policy, envelope
from homeport.aws.services.sns.model.envelope import Notification, Wire
from homeport.aws.services.sns.model.subscription import Subscription
from homeport.aws.services.sns.model.topic import Topic
from homeport.aws.services.sns.room import Sns
from homeport.aws.services.sns.store import mail, phones, push
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

_AGENT = "Amazon Simple Notification Service Agent"


@dataclass(slots=True)
class _Fan:
    """One message while it goes to its subscribers; what is the same for all of them is made once."""

    sns: Sns
    tx: Tx
    topic: Topic
    notice: Notification
    now: Millis
    fifo: bool
    signed: dict[str, Wire] = field(default_factory=dict)
    encoded: dict[str, tuple[str, str]] = field(default_factory=dict)

    def envelope(self, subscription: Subscription) -> Wire:
        """The message in its envelope."""
        own = dict(self._shared(self.notice.publication.text_for(subscription.protocol)))
        if "Signature" in own:
            own["SigningCertURL"] = certificate_url(self.sns, subscription)
        own["UnsubscribeURL"] = unsubscribe_url(subscription)
        if self.notice.publication.attributes:
            own["MessageAttributes"] = envelope.attributes_in_envelope(self.notice.publication.attributes)
        return own

    def envelope_text(self, subscription: Subscription) -> str:
        """The same as it is sent; all but the two URLs in its middle is written once for all subscribers."""
        text = self.notice.publication.text_for(subscription.protocol)
        parts = self.encoded.get(text)
        if parts is None:
            head = envelope.encode(self._shared(text)).removesuffix("\n}")
            attributes = envelope.attributes_in_envelope(self.notice.publication.attributes)
            tail = envelope.encode({"MessageAttributes": attributes}).removeprefix("{") if attributes else "\n}"
            parts = self.encoded[text] = head, f",{tail}" if attributes else tail
        urls = "" if self.fifo else f',\n  "SigningCertURL": "{certificate_url(self.sns, subscription)}"'
        return f'{parts[0]}{urls},\n  "UnsubscribeURL": "{unsubscribe_url(subscription)}"{parts[1]}'

    def _shared(self, text: str) -> Wire:
        """What is the same for all subscribers: signed once for each text."""
        members = self.signed.get(text)
        if members is None:
            members = envelope.notification(self.notice, text)
            if not self.fifo:
                sign(self.sns, members, self.topic.signature_version)
            self.signed[text] = members
        return members


def unsubscribe_url(subscription: Subscription) -> str:
    """The link that ends a subscription."""
    return f"{subscription.base_url}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"


def certificate_url(sns: Sns, subscription: Subscription) -> str:
    """Where a subscriber finds what signatures verify against."""
    return f"{subscription.base_url}/_aws/sns/{sns.signer.name}"


def sign(sns: Sns, members: Wire, version: str) -> None:
    """Add a signature; the certificate's URL depends on the subscriber."""
    members["SignatureVersion"] = version
    members["Signature"] = sns.signer.sign(envelope.string_to_sign(members), version)


def fan_out(
    sns: Sns, tx: Tx, topic: Topic, audience: tuple[Subscription, ...], notice: Notification, now: Millis
) -> None:
    """Send a message to every subscriber who wants it."""
    fan = _Fan(sns, tx, topic, notice, now, topic.fifo)
    for subscription in audience:
        if not subscription.pending and subscription.wants(notice.publication):
            _ROADS[subscription.protocol](fan, subscription)


def _post(fan: _Fan, subscription: Subscription, payload: Mapping[str, Json], *, lane: str = "") -> None:
    context: dict[str, Json] = {"subscription": subscription.arn, "message_id": fan.notice.message_id}
    context["topic_fifo"] = fan.fifo
    if subscription.dead_letter_arn is not None:
        context["dead_letter"] = subscription.dead_letter_arn
    if fan.fifo:
        context["group"] = fan.notice.publication.group
    if subscription.protocol in {"http", "https"}:
        own = subscription.attributes.get("DeliveryPolicy")
        context |= {"topic_policy": fan.topic.attributes.get("DeliveryPolicy"), "policy": own}
    delivery_id = f"{fan.notice.message_id}/{subscription.id}"
    fan.sns.deliveries.post(
        fan.tx,
        Delivery(
            id=delivery_id,
            via="sns",
            source=fan.topic.arn,
            target=subscription.endpoint,
            payload=payload,
            created=fan.now,
            account=fan.topic.key.account,
            lane=delivery_id if lane == "own" else lane,
            context=context,
        ),
    )


def _to_queue(fan: _Fan, subscription: Subscription) -> None:
    publication = fan.notice.publication
    payload: dict[str, Json] = {}
    if subscription.raw:
        payload["MessageBody"] = publication.text_for("sqs")
        if publication.attributes:
            payload["MessageAttributes"] = _json(envelope.attributes_for_sqs(publication.attributes))
    else:
        payload["MessageBody"] = fan.envelope_text(subscription)
    fifo_queue = subscription.endpoint.endswith(".fifo")
    # A FIFO topic's group orders FIFO queues; a standard topic's makes standard queues fair.
    if publication.group is not None and fifo_queue == fan.fifo:
        payload["MessageGroupId"] = publication.group
    if fifo_queue:
        payload["MessageDeduplicationId"] = publication.deduplication_id
    if fan.notice.trace is not None:
        payload["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": fan.notice.trace}}
    _post(fan, subscription, payload)


def _json(value: object) -> Json:
    found: Json = orjson.loads(orjson.dumps(value))
    return found


def _to_function(fan: _Fan, subscription: Subscription) -> None:
    members = fan.envelope(subscription)
    event = envelope.lambda_event(members, fan.notice.publication.attributes, subscription.arn)
    _post(fan, subscription, {"Event": orjson.dumps(event).decode(), "InvocationType": "Event"})


def _to_stream(fan: _Fan, subscription: Subscription) -> None:
    raw = fan.notice.publication.text_for("firehose")
    text = raw if subscription.raw else fan.envelope_text(subscription)
    _post(fan, subscription, {"Record": text})


def _to_url(fan: _Fan, subscription: Subscription) -> None:
    policy = delivery_policy.effective(
        fan.topic.attributes.get("DeliveryPolicy"), subscription.attributes.get("DeliveryPolicy")
    )
    headers = http_headers("Notification", fan.notice.message_id, fan.topic.arn, subscription.arn)
    headers["Content-Type"] = policy.content_type
    if subscription.raw:
        headers["x-amz-sns-rawdelivery"] = "true"
        body = fan.notice.publication.text_for(subscription.protocol)
    else:
        body = fan.envelope_text(subscription)
    # One message that an endpoint refuses does not hold up the next, except where order is promised.
    lane = "" if fan.fifo else "own"
    _post(fan, subscription, {"Body": body, "Headers": dict(headers)}, lane=lane)


def http_headers(kind: str, message_id: str, topic_arn: str, subscription_arn: str | None) -> dict[str, str]:
    """Headers of a request to a subscriber."""
    headers = {
        "User-Agent": _AGENT,
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic_arn,
    }
    if subscription_arn is not None:
        headers["x-amz-sns-subscription-arn"] = subscription_arn
    return headers


def _to_mailbox(fan: _Fan, subscription: Subscription) -> None:
    publication = fan.notice.publication
    content: dict[str, object] = {
        "MessageId": fan.notice.message_id,
        "TopicArn": fan.topic.arn,
        "Subject": publication.subject,
        "Message": publication.text_for(subscription.protocol),
        "Timestamp": fan.notice.timestamp,
    }
    if subscription.protocol == "email-json":
        content["Message"] = fan.envelope_text(subscription)
    key = fan.topic.key
    mail.put(fan.tx, "email", key.account, key.region, subscription.endpoint, content, fan.now)


def _to_phone(fan: _Fan, subscription: Subscription) -> None:
    text = fan.notice.publication.text_for("sms")
    key = fan.topic.key
    send_sms(fan.tx, key.account, key.region, subscription.endpoint, sms(fan.notice, text, fan.topic.arn), fan.now)


def sms(notice: Notification, text: str, topic_arn: str | None) -> dict[str, object]:
    """What a phone's mailbox gets."""
    publication = notice.publication
    return {
        "PhoneNumber": None,
        "TopicArn": topic_arn,
        "SubscriptionArn": None,
        "MessageId": notice.message_id,
        "Message": text,
        "MessageAttributes": envelope.attributes_in_envelope(publication.attributes),
        "MessageStructure": "json" if publication.texts else None,
        "Subject": publication.subject,
    }


def send_sms(tx: Tx, account: str, region: str, number: str, content: dict[str, object], now: Millis) -> None:
    """Put a message into a phone's mailbox, unless its owner wants none."""
    if not phones.is_opted_out(tx, account, region, number):
        mail.put(tx, "sms", account, region, number, content | {"PhoneNumber": number}, now)


def _to_device(fan: _Fan, subscription: Subscription) -> None:
    if subscription.endpoint.startswith("arn:"):
        device = push.endpoint(fan.tx, subscription.endpoint)
        if device is None or device.attributes.get("Enabled") == "false":
            return
    send_push(fan.tx, fan.topic.key.account, fan.topic.key.region, subscription.endpoint, fan.notice, fan.now)


def send_push(tx: Tx, account: str, region: str, arn: str, notice: Notification, now: Millis) -> None:
    """Put a message into a device's mailbox."""
    publication = notice.publication
    platform = arn.split("/")[1] if "/" in arn else ""
    content: dict[str, object] = {
        "TargetArn": arn,
        "TopicArn": notice.topic_arn or None,
        "Message": publication.text_for(platform) if publication.texts else publication.message,
        "MessageAttributes": envelope.attributes_in_envelope(publication.attributes),
        "MessageStructure": "json" if publication.texts else None,
        "Subject": publication.subject,
        "MessageId": notice.message_id,
    }
    mail.put(tx, "push", account, region, arn, content, now)


_ROADS = {
    "sqs": _to_queue,
    "lambda": _to_function,
    "firehose": _to_stream,
    "http": _to_url,
    "https": _to_url,
    "email": _to_mailbox,
    "email-json": _to_mailbox,
    "sms": _to_phone,
    "application": _to_device,
}
