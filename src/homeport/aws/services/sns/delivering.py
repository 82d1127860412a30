"""SNS on the road between services: what happens to its own deliveries, and topics as the target of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from homeport.aws.auth.access import Asker, why_not
from homeport.aws.delivery import Delivery, DeliveryFailed, DeliveryRefused, Json
from homeport.aws.errors import AwsError
from homeport.aws.services.sns.model import delivery_policy
from homeport.aws.services.sns.model.message import AttributeValue, Publication
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.operations.access import permits
from homeport.aws.services.sns.operations.publishing import publish_in
from homeport.aws.services.sns.room import Sns
from homeport.kernel.storage.database import Tx

_NO_POLICY_RETRIES = 3
_PAUSE_MS = 1000
_MAX_ATTRIBUTES = 10


@dataclass(frozen=True, slots=True)
class SnsSource:
    """Decides about retries, and keeps what could not be delivered in the subscription's dead-letter queue."""

    sns: Sns

    def next_attempt_ms(self, delivery: Delivery, _failure: DeliveryFailed) -> int | None:
        """By the delivery policies of topic and subscription; a few quick ones for what has none."""
        context = delivery.context
        if not delivery.target.startswith(("http:", "https:")):
            return _PAUSE_MS if delivery.attempt < _NO_POLICY_RETRIES else None
        topic, own = context.get("topic_policy"), context.get("policy")
        policy = delivery_policy.effective(_text(topic), _text(own))
        return policy.retries.delay_ms(delivery.attempt + 1)

    def delivered(self, _tx: Tx, delivery: Delivery) -> None:
        """Say so in the log, where operators look for what CloudWatch would have."""
        self.sns.log.debug("sns delivered", topic=delivery.source, target=delivery.target, message=delivery.id)

    def gave_up(self, tx: Tx, delivery: Delivery, failure: DeliveryFailed | DeliveryRefused) -> None:
        """Put it into the dead-letter queue, if there is one."""
        dead_letter = delivery.context.get("dead_letter")
        self.sns.log.warning(
            "sns delivery given up",
            topic=delivery.source,
            target=delivery.target,
            reason=str(failure),
            dead_letter=dead_letter or "none",
        )
        if isinstance(dead_letter, str) and dead_letter != delivery.target:
            self.sns.deliveries.post(tx, _dead(delivery, dead_letter, failure))


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _dead(delivery: Delivery, dead_letter: str, failure: DeliveryFailed | DeliveryRefused) -> Delivery:
    """The message for the dead-letter queue: what the subscriber would have got, and why it did not."""
    payload = delivery.payload
    body = payload.get("MessageBody") or payload.get("Body") or payload.get("Event") or payload.get("Record") or ""
    code = failure.code if isinstance(failure, DeliveryRefused) else str(failure.status or "ClientException")
    given = payload.get("MessageAttributes")
    own: dict[str, Json] = dict(given) if isinstance(given, dict) else {}
    told: dict[str, Json] = {
        "RequestID": {"DataType": "String", "StringValue": str(delivery.context.get("message_id", delivery.id))},
        "ErrorCode": {"DataType": "String", "StringValue": code},
        "ErrorMessage": {"DataType": "String", "StringValue": failure.reason[:1024] or code},
    }
    # A queue takes ten. The message's own come first, for it may be sent on from there; the log has the reason.
    fitting = next(some for some in (own | told, own, told) if len(some) <= _MAX_ATTRIBUTES)
    letter: dict[str, Json] = {"MessageBody": body, "MessageAttributes": fitting}
    if dead_letter.endswith(".fifo"):
        letter["MessageGroupId"] = delivery.context.get("group") or "sns"
        # Not the message's own: another subscription of the topic may have the same queue for its letters.
        letter["MessageDeduplicationId"] = delivery.id.replace("/", "-")
    return Delivery(
        id=f"{delivery.id}/dead",
        via="sns",
        source=delivery.source,
        target=dead_letter,
        payload=letter,
        created=delivery.created,
        account=delivery.account,
    )


@dataclass(frozen=True, slots=True)
class TopicTarget:
    """Takes deliveries into topics; the payload is Publish's request without `TopicArn`, blobs in base 64."""

    sns: Sns

    def deliver(self, tx: Tx, delivery: Delivery) -> None:
        """Publish the message.

        Raises:
            DeliveryRefused: there is no such topic, it takes no such message, or its policy does not let it in.
        """
        try:
            audience = self.sns.audience_in(tx, TopicKey.parse(delivery.target))
        except AwsError as error:
            raise DeliveryRefused(error.code, error.message) from error
        if audience is None:
            raise DeliveryRefused("NotFound", "Topic does not exist")
        now = self.sns.clock.now()
        asker = Asker.of_service(delivery.via, delivery.source, delivery.account, now)
        if self.sns.signed and not permits(audience.topic, asker, "Publish"):
            raise DeliveryRefused("AuthorizationError", why_not(asker, "SNS:Publish", delivery.target))
        publication = _publication(delivery.payload)
        if audience.topic.fifo and publication.group is None:
            raise DeliveryRefused("InvalidParameter", "The MessageGroupId parameter is required for FIFO topics")
        publish_in(self.sns, tx, audience, publication, self.sns.ids.uuid())


def _publication(payload: Mapping[str, Json]) -> Publication:
    attributes = payload.get("MessageAttributes")
    return Publication(
        message=str(payload.get("Message", "")),
        subject=_text(payload.get("Subject")),
        attributes=cast("dict[str, AttributeValue]", attributes) if isinstance(attributes, dict) else {},
        texts={},
        group=_text(payload.get("MessageGroupId")),
        deduplication_id=_text(payload.get("MessageDeduplicationId")),
    )
