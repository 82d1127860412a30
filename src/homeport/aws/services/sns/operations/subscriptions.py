"""Subscriptions made, confirmed, changed, listed and ended."""

from collections.abc import Mapping

import orjson

from homeport.aws.api.sns import (
    ConfirmSubscriptionInput,
    ConfirmSubscriptionResponse,
    GetSubscriptionAttributesInput,
    GetSubscriptionAttributesResponse,
    ListSubscriptionsByTopicInput,
    ListSubscriptionsByTopicResponse,
    ListSubscriptionsInput,
    ListSubscriptionsResponse,
    SetSubscriptionAttributesInput,
    SubscribeInput,
    SubscribeResponse,
    UnsubscribeInput,
)
from homeport.aws.api.sns import Subscription as Listed
from homeport.aws.call import Call
from homeport.aws.delivery import Delivery, Json
from homeport.aws.page_tokens import write_token
from homeport.aws.services.sns import fanout
from homeport.aws.services.sns.errors import AuthorizationError, InvalidParameter, NotFound
from homeport.aws.services.sns.model import envelope
from homeport.aws.services.sns.model.envelope import Wire
from homeport.aws.services.sns.model.message import MAX_BYTES
from homeport.aws.services.sns.model.names import TopicKey, topic_of_subscription
from homeport.aws.services.sns.model.pages import PAGE, read_number
from homeport.aws.services.sns.model.subscription import (
    TOKEN_MS,
    Subscription,
    check_attribute,
    check_attributes,
    check_endpoint,
    needs_confirmation,
    read_attributes,
)
from homeport.aws.services.sns.model.topic import Topic, check_audience
from homeport.aws.services.sns.operations.archive import begin_replay
from homeport.aws.services.sns.room import REPLAY_JOB, Sns, timestamp
from homeport.aws.services.sns.store import mail, memory, subscriptions, topics
from homeport.aws.services.sns.store.subscriptions import NewSubscription
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Snapshot, Tx

_TOKEN_BYTES = 64
_PENDING = "pending confirmation"
_ON_SUBSCRIBE = "Attributes Reason: "


async def subscribe(sns: Sns, call: Call, request: SubscribeInput) -> SubscribeResponse:
    """Let an endpoint have what a topic publishes; the same endpoint twice is the same subscription.

    Raises:
        InvalidParameter: endpoint, protocol or an attribute is wrong, or it is subscribed with other attributes.
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])
    if key.region != call.region:
        raise InvalidParameter("TopicArn")
    await sns.prepare_signer()
    subscription = await sns.db.write(lambda tx: _subscribe(sns, tx, call, key, request))
    hidden = subscription.pending and not request.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": _PENDING if hidden else subscription.arn}


def _subscribe(sns: Sns, tx: Tx, call: Call, key: TopicKey, request: SubscribeInput) -> Subscription:
    topic = topics.get(tx, key)
    protocol, endpoint = request["Protocol"], request.get("Endpoint") or ""
    attributes = request.get("Attributes") or {}
    check_endpoint(topic, protocol, endpoint)
    check_attributes(topic, protocol, attributes, prefix=_ON_SUBSCRIBE)
    existing = subscriptions.by_endpoint(tx, topic.id, protocol, endpoint)
    if existing is not None:
        if not existing.has(attributes):
            raise InvalidParameter("Attributes", "Subscription already exists with different attributes")
        if existing.pending:
            _ask(sns, tx, topic, existing, _new_token(sns, tx, existing))
        return existing
    if topic.max_bytes > MAX_BYTES:
        others = [one.protocol for one in subscriptions.of_topic(tx, topic.id)]
        check_audience(topic.max_bytes, [*others, protocol])
    made = _make(sns, tx, call, topic, request)
    sns.changed(tx, key)
    if attributes.get("ReplayPolicy"):
        begin_replay(sns, tx, made.id, attributes["ReplayPolicy"])
    return made


def _make(sns: Sns, tx: Tx, call: Call, topic: Topic, request: SubscribeInput) -> Subscription:
    protocol = request["Protocol"]
    token = sns.ids.hex(_TOKEN_BYTES) if needs_confirmation(protocol) else None
    new = NewSubscription(
        arn=f"{topic.arn}:{sns.ids.uuid()}",
        topic=topic,
        protocol=protocol,
        endpoint=request.get("Endpoint") or "",
        account=call.account,
        region=call.region,
        principal=call.principal_arn or f"arn:aws:iam::{call.account}:root",
        base_url=call.endpoint_url,
        token=token,
        asked=sns.clock.now(),
        authenticated=token is None,
        attributes=request.get("Attributes") or {},
    )
    number = subscriptions.add(tx, new)
    made = subscriptions.by_id(tx, number)
    if made is None:
        raise NotFound("Subscription")
    if token is not None:
        _ask(sns, tx, topic, made, token)
    return made


def _new_token(sns: Sns, tx: Tx, subscription: Subscription) -> str:
    token = sns.ids.hex(_TOKEN_BYTES)
    subscriptions.set_token(tx, subscription.id, token, sns.clock.now())
    return token


def _ask(sns: Sns, tx: Tx, topic: Topic, subscription: Subscription, token: str) -> None:
    """Send the endpoint what it has to answer before it gets anything."""
    message_id, moment = sns.ids.uuid(), timestamp(sns.clock.now())
    url = _confirm_url(subscription, token)
    members = envelope.confirmation(topic.arn, token, message_id, moment, url)
    _tell(sns, tx, topic, subscription, members)


def _confirm_url(subscription: Subscription, token: str) -> str:
    return f"{subscription.base_url}/?Action=ConfirmSubscription&TopicArn={subscription.topic_arn}&Token={token}"


def _tell(sns: Sns, tx: Tx, topic: Topic, subscription: Subscription, members: Wire) -> None:
    fanout.sign(sns, members, topic.signature_version)
    members["SigningCertURL"] = fanout.certificate_url(sns, subscription)
    now = sns.clock.now()
    if subscription.protocol not in {"http", "https"}:
        mail.put(tx, "email", topic.key.account, topic.key.region, subscription.endpoint, members, now)
        return
    message_id = str(members["MessageId"])
    headers: dict[str, Json] = dict(fanout.http_headers(str(members["Type"]), message_id, topic.arn, None))
    payload: dict[str, Json] = {"Body": orjson.dumps(members, option=orjson.OPT_INDENT_2).decode(), "Headers": headers}
    sns.deliveries.post(
        tx,
        Delivery(
            id=message_id,
            via="sns",
            source=topic.arn,
            target=subscription.endpoint,
            payload=payload,
            created=now,
            account=topic.key.account,
            lane=message_id,
        ),
    )


async def confirm_subscription(sns: Sns, call: Call, request: ConfirmSubscriptionInput) -> ConfirmSubscriptionResponse:
    """Let a subscription get messages, by the token that its endpoint was sent.

    Raises:
        InvalidParameter: nobody was sent that token for that topic in the last two days.
        AuthorizationError: who does not sign cannot demand signatures of others.
    """
    try:
        key = TopicKey.parse(request["TopicArn"])
    except InvalidParameter as error:
        raise InvalidParameter("Topic") from error
    authenticated = request.get("AuthenticateOnUnsubscribe", "false").lower() == "true"
    if authenticated and call.anonymous:
        raise AuthorizationError("AuthenticateOnUnsubscribe requires a signed request")

    def confirm(tx: Tx) -> str:
        sent_after = Millis(sns.clock.now() - TOKEN_MS)
        subscription = subscriptions.by_token(tx, request["Token"], sent_after)
        if topics.find(tx, key) is None:
            raise InvalidParameter("Topic")
        if subscription is None:
            raise InvalidParameter("Token")
        if subscription.topic_arn != key.arn:
            raise InvalidParameter("Topic")
        subscriptions.confirm(tx, subscription.id, authenticated=authenticated)
        tx.after_commit(lambda: sns.wake_job(REPLAY_JOB))
        sns.changed(tx, key)
        return subscription.arn

    return {"SubscriptionArn": await sns.db.write(confirm)}


async def unsubscribe(sns: Sns, call: Call, request: UnsubscribeInput) -> None:
    """End a subscription; one that is not there is no error.

    Raises:
        InvalidParameter: the text is no subscription's ARN.
        AuthorizationError: only the owner may end it.
    """
    arn = request["SubscriptionArn"]
    key = topic_of_subscription(arn)
    await sns.prepare_signer()

    def end(tx: Tx) -> None:
        subscription = subscriptions.by_arn(tx, arn)
        topic = topics.find(tx, key)
        if subscription is None:
            return
        by_link = needs_confirmation(subscription.protocol)
        if call.anonymous and subscription.authenticated:
            raise AuthorizationError("Anonymous unsubscription is not allowed for this subscription")
        token = sns.ids.hex(_TOKEN_BYTES)
        subscriptions.end(tx, subscription, token, sns.clock.now())
        memory.end_replay(tx, subscription.id)
        sns.changed(tx, key)
        if topic is not None and by_link and not subscription.pending:
            url = _confirm_url(subscription, token)
            moment = timestamp(sns.clock.now())
            members = envelope.farewell(arn, topic.arn, token, sns.ids.uuid(), moment, url)
            _tell(sns, tx, topic, subscription, members)

    await sns.db.write(end)


async def get_subscription_attributes(
    sns: Sns, _call: Call, request: GetSubscriptionAttributesInput
) -> GetSubscriptionAttributesResponse:
    """A subscription's attributes.

    Raises:
        NotFound: there is no such subscription.
    """
    arn = request["SubscriptionArn"]
    key = topic_of_subscription(arn)

    def read(snapshot: Snapshot) -> Mapping[str, str]:
        subscription = subscriptions.by_arn(snapshot, arn)
        if subscription is None:
            raise NotFound("Subscription")
        topic = topics.find(snapshot, key)
        found = read_attributes(subscription, topic.attributes.get("DeliveryPolicy") if topic else None)
        status = memory.replay_status(snapshot, subscription.id)
        return found | ({"ReplayStatus": status} if status else {})

    return {"Attributes": dict(await sns.db.read(read))}


async def set_subscription_attributes(sns: Sns, _call: Call, request: SetSubscriptionAttributesInput) -> None:
    """Set one attribute; an empty value takes it away.

    Raises:
        InvalidParameter: there is no such attribute, or it cannot have this value.
        NotFound: there is no such subscription.
    """
    arn = request["SubscriptionArn"]
    key = topic_of_subscription(arn)
    name, value = request["AttributeName"], request.get("AttributeValue") or ""

    def write(tx: Tx) -> None:
        subscription, topic = subscriptions.by_arn(tx, arn), topics.find(tx, key)
        if subscription is None or topic is None:
            raise NotFound("Subscription")
        new = {**subscription.attributes, name: value}
        check_attribute(topic, subscription.protocol, name, value)
        if not value or (name == "FilterPolicy" and value == "{}"):
            del new[name]
        check_attributes(topic, subscription.protocol, new)
        subscriptions.set_attributes(tx, subscription.id, new)
        if name == "ReplayPolicy":
            begin_replay(sns, tx, subscription.id, value)
        sns.changed(tx, key)

    await sns.db.write(write)


async def list_subscriptions(sns: Sns, call: Call, request: ListSubscriptionsInput) -> ListSubscriptionsResponse:
    """The account's subscriptions, a hundred on a page."""
    after = read_number(request.get("NextToken"))
    found = await sns.db.read(
        lambda snapshot: subscriptions.page(snapshot, call.account, call.region, after=after, limit=PAGE + 1)
    )
    result: ListSubscriptionsResponse = {"Subscriptions": [_listed(one) for one in found[:PAGE]]}
    if len(found) > PAGE:
        result["NextToken"] = write_token(str(found[PAGE - 1].id))
    return result


async def list_subscriptions_by_topic(
    sns: Sns, _call: Call, request: ListSubscriptionsByTopicInput
) -> ListSubscriptionsByTopicResponse:
    """A topic's subscriptions, a hundred on a page.

    Raises:
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])
    after = read_number(request.get("NextToken"))
    found = await sns.db.read(
        lambda snapshot: subscriptions.page_of_topic(
            snapshot, topics.get(snapshot, key).id, after=after, limit=PAGE + 1
        )
    )
    result: ListSubscriptionsByTopicResponse = {"Subscriptions": [_listed(one) for one in found[:PAGE]]}
    if len(found) > PAGE:
        result["NextToken"] = write_token(str(found[PAGE - 1].id))
    return result


def _listed(subscription: Subscription) -> Listed:
    return {
        "SubscriptionArn": "PendingConfirmation" if subscription.pending else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    }
