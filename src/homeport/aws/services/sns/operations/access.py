"""Who may do what with a topic, a subscription or a platform application, where callers are who they say."""

from collections.abc import Mapping
from typing import Any

from homeport.aws.auth.access import Asker, permitted, why_not
from homeport.aws.call import Call
from homeport.aws.service import Operation
from homeport.aws.services.sns.errors import AuthorizationError
from homeport.aws.services.sns.model.names import TopicKey
from homeport.aws.services.sns.model.topic import ACTIONS, Topic
from homeport.aws.services.sns.room import Sns
from homeport.aws.services.sns.store import subscriptions, topics
from homeport.kernel.storage.database import Snapshot

_MENDING = frozenset({"GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"})
"""What a policy must not take from the topic's own account, which could not mend it any more."""

_NAMES = ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn", "PlatformApplicationArn", "EndpointArn")
_TOPIC_PARTS = 6


def guarded(operation: Operation[Sns]) -> Operation[Sns]:
    """An operation that in mode `signed` is kept from those who may not use what their request names."""

    async def guard(sns: Sns, call: Call, request: Any) -> Mapping[str, Any] | None:
        if sns.signed:
            await _admit(sns, call, request)
        return await operation(sns, call, request)

    return guard


async def _admit(sns: Sns, call: Call, request: Mapping[str, Any]) -> None:
    arn = next((str(request[name]) for name in _NAMES if request.get(name)), "")
    parts = arn.split(":")
    if len(parts) < _TOPIC_PARTS or parts[2] != "sns":
        # None of ours: the operation says so itself.
        return
    if call.operation == "ConfirmSubscription" or call.anonymous:
        # A token is leave enough; of those who do not sign the door lets nobody in but who follows such a link.
        return
    asker = Asker.of_call(call, sns.clock.now())
    key = TopicKey(parts[4], parts[3], parts[5])

    def may(snapshot: Snapshot) -> bool:
        if len(parts) > _TOPIC_PARTS:
            subscription = subscriptions.by_arn(snapshot, arn)
            return call.account == key.account or (subscription is not None and subscription.owner == call.account)
        topic = topics.find(snapshot, key)
        return permits(topic, asker, call.operation) if topic is not None else call.account == key.account

    if not await sns.db.read(may):
        raise AuthorizationError(why_not(asker, f"SNS:{call.operation}", arn))


def permits(topic: Topic, asker: Asker, operation: str) -> bool:
    """Whether somebody may do this with a topic: its own account, or whom its policy allows."""
    action = operation.removesuffix("Batch")
    owns = asker.account == topic.key.account
    if owns and action in _MENDING:
        return True
    policy = topic.attributes.get("Policy") if action in ACTIONS else None
    return permitted(asker, f"SNS:{action}", resource=topic.arn, owner=topic.key.account, policy=policy)
