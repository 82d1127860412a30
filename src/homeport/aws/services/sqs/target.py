"""Queues as the target of other services: what topics, buckets and schedules deliver."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from homeport.aws.arn import Arn, ArnInvalid
from homeport.aws.auth.access import Asker
from homeport.aws.delivery import Delivery, DeliveryRefused, Json
from homeport.aws.errors import AwsError
from homeport.aws.services.sqs.model.message import AttributeValue
from homeport.aws.services.sqs.model.permissions import check_permitted
from homeport.aws.services.sqs.model.queue import Queue, QueueKey
from homeport.aws.services.sqs.operations.drafts import Given, draft
from homeport.aws.services.sqs.operations.sending import send
from homeport.aws.services.sqs.room import Sqs
from homeport.kernel.storage.database import Tx

_NO_SUCH_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """Takes deliveries into queues.

    The payload is SendMessage's request without `QueueUrl`, blobs in base 64. A deduplication id that comes for a
    standard queue is dropped: a FIFO topic sends it to both types.
    """

    sqs: Sqs

    def deliver(self, tx: Tx, delivery: Delivery) -> None:
        """Put the message into its queue.

        Raises:
            DeliveryRefused: there is no such queue, the message breaks a rule of it, or its policy does not let it in.
        """
        queue = self._queue(tx, delivery.target)
        given = _given(delivery.payload)
        if not queue.fifo:
            given.pop("MessageDeduplicationId", None)
        try:
            self._admit(queue, delivery)
            one = draft(queue, given, message_id=self.sqs.ids.uuid(), sender=delivery.account)
            send(self.sqs, tx, queue, [one.message])
        except AwsError as error:
            raise DeliveryRefused(error.code, error.message) from error

    def _admit(self, queue: Queue, delivery: Delivery) -> None:
        if self.sqs.signed:
            now = self.sqs.clock.now()
            asker = Asker.of_service(delivery.via, delivery.source, delivery.account, now)
            check_permitted(queue, asker, "SendMessage")

    def _queue(self, tx: Tx, target: str) -> Queue:
        queue = self.sqs.known(tx, _key(target))
        if queue is None:
            raise DeliveryRefused(_NO_SUCH_QUEUE, target)
        return queue


@lru_cache(maxsize=4096)
def _key(target: str) -> QueueKey:
    try:
        arn = Arn.parse(target)
    except ArnInvalid as error:
        raise DeliveryRefused(_NO_SUCH_QUEUE, target) from error
    return QueueKey(arn.account, arn.region, arn.resource)


def _given(payload: Mapping[str, Json]) -> Given:
    given = cast("Given", dict(payload))
    attributes = given.get("MessageAttributes")
    if attributes:
        given["MessageAttributes"] = {name: _value(value) for name, value in attributes.items()}
    return given


def _value(value: AttributeValue) -> AttributeValue:
    if "BinaryValue" not in value:
        return value
    return {"DataType": value["DataType"], "BinaryValue": base64.b64decode(value["BinaryValue"])}
