"""Topics made, listed, changed and deleted; their permissions, tags and data protection policies."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from homeport.aws.api.sns import (
    AddPermissionInput,
    CreateTopicInput,
    CreateTopicResponse,
    DeleteTopicInput,
    GetDataProtectionPolicyInput,
    GetDataProtectionPolicyResponse,
    GetTopicAttributesInput,
    GetTopicAttributesResponse,
    ListTagsForResourceRequest,
    ListTagsForResourceResponse,
    ListTopicsInput,
    ListTopicsResponse,
    PutDataProtectionPolicyInput,
    RemovePermissionInput,
    SetTopicAttributesInput,
    TagResourceRequest,
    UntagResourceRequest,
)
from homeport.aws.call import Call
from homeport.aws.page_tokens import write_token
from homeport.aws.services.sns.errors import (
    InvalidParameter,
    InvalidState,
    NotFound,
    ResourceNotFound,
    TagLimitExceeded,
)
from homeport.aws.services.sns.model import protection
from homeport.aws.services.sns.model.names import TopicKey, check_topic_name
from homeport.aws.services.sns.model.pages import PAGE, read_token
from homeport.aws.services.sns.model.permissions import add_permission as with_permission
from homeport.aws.services.sns.model.permissions import remove_permission as without_permission
from homeport.aws.services.sns.model.topic import Topic, check_attribute, check_audience, check_tags, read_attributes
from homeport.aws.services.sns.room import Sns, timestamp
from homeport.aws.services.sns.store import memory, subscriptions, topics
from homeport.kernel.storage.database import Snapshot, Tx

_MAX_TAGS = 50


async def create_topic(sns: Sns, call: Call, request: CreateTopicInput) -> CreateTopicResponse:
    """Make a topic, or hand out the one that is there if it has the attributes and tags that are asked for.

    Raises:
        InvalidParameter: name, attribute or tag are wrong, or the topic is there with others.
        TagLimitExceeded: more than fifty tags.
    """
    key = TopicKey(call.account, call.region, request["Name"])
    attributes = request.get("Attributes") or {}
    check_topic_name(key.name, fifo=attributes.get("FifoTopic") == "true")
    for name, value in attributes.items():
        check_attribute(name, value, fifo=key.fifo)
    tags = check_tags({}, [(tag["Key"], tag["Value"]) for tag in request.get("Tags") or []])
    if len(tags) > _MAX_TAGS:
        raise TagLimitExceeded
    policy = request.get("DataProtectionPolicy")
    if policy:
        protection.check(policy)
    await sns.db.write(lambda tx: _create(tx, key, attributes, tags, policy))
    return {"TopicArn": key.arn}


def _create(tx: Tx, key: TopicKey, attributes: Mapping[str, str], tags: Mapping[str, str], policy: str | None) -> None:
    existing = topics.find(tx, key)
    if existing is None:
        topics.create(tx, key, attributes, tags, policy)
        return
    now = read_attributes(existing, (0, 0, 0))
    if any(now.get(name) != value for name, value in attributes.items()):
        raise InvalidParameter("Attributes", "Topic already exists with different attributes")
    if tags and dict(existing.tags) != dict(tags):
        raise InvalidParameter("Tags", "Topic already exists with different tags")


async def delete_topic(sns: Sns, _call: Call, request: DeleteTopicInput) -> None:
    """Delete a topic; one that is not there is no error.

    Raises:
        InvalidState: it keeps an archive, which has to be given up first.
    """
    key = TopicKey.parse(request["TopicArn"])

    def delete(tx: Tx) -> None:
        topic = topics.find(tx, key)
        if topic is None:
            return
        if topic.archive_days:
            raise InvalidState("Cannot delete a topic with an ArchivePolicy")
        topics.delete(tx, topic, sns.clock.now())
        sns.changed(tx, key)

    await sns.db.write(delete)


async def get_topic_attributes(sns: Sns, _call: Call, request: GetTopicAttributesInput) -> GetTopicAttributesResponse:
    """A topic's attributes: as they were set, by default, and counted.

    Raises:
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])

    def read(snapshot: Snapshot) -> dict[str, str]:
        topic = topics.get(snapshot, key)
        found = read_attributes(topic, topics.counts(snapshot, topic.id))
        if topic.archive_days:
            oldest = memory.oldest_archived(snapshot, topic.id)
            found["BeginningArchiveTime"] = timestamp(oldest if oldest is not None else sns.clock.now())
        return found

    return {"Attributes": await sns.db.read(read)}


async def set_topic_attributes(sns: Sns, _call: Call, request: SetTopicAttributesInput) -> None:
    """Set one attribute; an empty value takes it away.

    Raises:
        InvalidParameter: there is no such attribute, or it cannot have this value.
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])
    name, value = request["AttributeName"], request.get("AttributeValue") or ""

    def change(topic: Topic) -> dict[str, str]:
        if name == "FifoTopic":
            raise InvalidParameter("AttributeName")
        check_attribute(name, value, fifo=topic.fifo)
        new = {**topic.attributes, name: value}
        if not value:
            del new[name]
        return new

    await _change(sns, key, change)


async def _change(sns: Sns, key: TopicKey, change: Callable[[Topic], dict[str, str]]) -> None:
    def write(tx: Tx) -> None:
        topic = topics.get(tx, key)
        new = replace(topic, attributes=change(topic))
        if new.max_bytes > topic.max_bytes:
            check_audience(new.max_bytes, [one.protocol for one in subscriptions.of_topic(tx, topic.id)])
        if topic.archive_days and not new.archive_days:
            memory.drop_archive(tx, topic.id)
        topics.set_attributes(tx, topic.id, new.attributes)
        sns.changed(tx, key)

    await sns.db.write(write)


async def list_topics(sns: Sns, call: Call, request: ListTopicsInput) -> ListTopicsResponse:
    """ARNs of the account's topics by name, a hundred on a page."""
    after = read_token(request.get("NextToken"))
    names = await sns.db.read(
        lambda snapshot: topics.page(snapshot, call.account, call.region, after=after, limit=PAGE + 1)
    )
    found = [TopicKey(call.account, call.region, name) for name in names[:PAGE]]
    result: ListTopicsResponse = {"Topics": [{"TopicArn": key.arn} for key in found]}
    if len(names) > PAGE:
        result["NextToken"] = write_token(names[PAGE - 1])
    return result


async def add_permission(sns: Sns, _call: Call, request: AddPermissionInput) -> None:
    """Add a statement to the topic's policy.

    Raises:
        InvalidParameter: the label is taken, or an action is none.
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])

    def change(topic: Topic) -> dict[str, str]:
        policy = topic.attributes.get("Policy")
        new = with_permission(policy, key, request["Label"], request["AWSAccountId"], request["ActionName"])
        return {**topic.attributes, "Policy": new}

    await _change(sns, key, change)


async def remove_permission(sns: Sns, _call: Call, request: RemovePermissionInput) -> None:
    """Take a statement out of the topic's policy.

    Raises:
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["TopicArn"])
    await _change(
        sns,
        key,
        lambda topic: {
            **topic.attributes,
            "Policy": without_permission(topic.attributes.get("Policy"), key, request["Label"]),
        },
    )


async def get_data_protection_policy(
    sns: Sns, _call: Call, request: GetDataProtectionPolicyInput
) -> GetDataProtectionPolicyResponse:
    """The topic's data protection policy; empty without one."""
    key = TopicKey.parse(request["ResourceArn"], parameter="ResourceArn")
    topic = await sns.db.read(lambda snapshot: topics.get(snapshot, key))
    return {"DataProtectionPolicy": topic.protection or ""}


async def put_data_protection_policy(sns: Sns, _call: Call, request: PutDataProtectionPolicyInput) -> None:
    """Keep a data protection policy; an empty one takes it away.

    Raises:
        InvalidParameter: it is none.
        NotFound: there is no such topic.
    """
    key = TopicKey.parse(request["ResourceArn"], parameter="ResourceArn")
    policy = request.get("DataProtectionPolicy") or None
    if policy:
        protection.check(policy)

    def write(tx: Tx) -> None:
        topics.set_protection(tx, topics.get(tx, key).id, policy)
        sns.changed(tx, key)

    await sns.db.write(write)


async def list_tags_for_resource(
    sns: Sns, _call: Call, request: ListTagsForResourceRequest
) -> ListTagsForResourceResponse:
    """A topic's tags.

    Raises:
        ResourceNotFound: there is no such topic.
    """
    key = TopicKey.parse(request["ResourceArn"], parameter="ResourceArn")
    topic = await sns.db.read(lambda snapshot: topics.find(snapshot, key))
    if topic is None:
        raise ResourceNotFound
    return {"Tags": [{"Key": name, "Value": value} for name, value in topic.tags.items()]}


async def tag_resource(sns: Sns, _call: Call, request: TagResourceRequest) -> None:
    """Add tags, or give those that are there new values.

    Raises:
        ResourceNotFound: there is no such topic.
        TagLimitExceeded: it would have more than fifty.
    """
    given = [(tag["Key"], tag["Value"]) for tag in request["Tags"]]
    await _tag(sns, request["ResourceArn"], lambda old: check_tags(old, given))


async def untag_resource(sns: Sns, _call: Call, request: UntagResourceRequest) -> None:
    """Take tags away; those that are not there do not matter.

    Raises:
        ResourceNotFound: there is no such topic.
    """
    gone = frozenset(request["TagKeys"])
    await _tag(
        sns, request["ResourceArn"], lambda old: {name: value for name, value in old.items() if name not in gone}
    )


async def _tag(sns: Sns, arn: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
    key = TopicKey.parse(arn, parameter="ResourceArn")

    def write(tx: Tx) -> None:
        try:
            topic = topics.get(tx, key)
        except NotFound as error:
            raise ResourceNotFound from error
        new = change(topic.tags)
        if len(new) > _MAX_TAGS:
            raise TagLimitExceeded
        topics.set_tags(tx, topic.id, new)
        sns.changed(tx, key)

    await sns.db.write(write)
