"""The room of SNS: topics and their subscriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeport.aws.delivery import Target
from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.aws.service import Operation, Service, ServiceContext
from homeport.aws.services.sns.delivering import SnsSource, TopicTarget
from homeport.aws.services.sns.errors import InvalidParameter, ValidationError
from homeport.aws.services.sns.http_target import UrlTarget
from homeport.aws.services.sns.jobs import Forget, Replays
from homeport.aws.services.sns.operations import phones, publishing, push, subscriptions, topics
from homeport.aws.services.sns.operations.access import guarded
from homeport.aws.services.sns.room import Sns
from homeport.aws.services.sns.store.schema import MIGRATIONS
from homeport.aws.services.sns.wire import ROUTES
from homeport.kernel.jobs import Job

_OPERATIONS: Mapping[str, Operation[Sns]] = {
    "AddPermission": topics.add_permission,
    "CheckIfPhoneNumberIsOptedOut": phones.check_if_phone_number_is_opted_out,
    "ConfirmSubscription": subscriptions.confirm_subscription,
    "CreatePlatformApplication": push.create_platform_application,
    "CreatePlatformEndpoint": push.create_platform_endpoint,
    "CreateSMSSandboxPhoneNumber": phones.create_sms_sandbox_phone_number,
    "CreateTopic": topics.create_topic,
    "DeleteEndpoint": push.delete_endpoint,
    "DeletePlatformApplication": push.delete_platform_application,
    "DeleteSMSSandboxPhoneNumber": phones.delete_sms_sandbox_phone_number,
    "DeleteTopic": topics.delete_topic,
    "GetDataProtectionPolicy": topics.get_data_protection_policy,
    "GetEndpointAttributes": push.get_endpoint_attributes,
    "GetPlatformApplicationAttributes": push.get_platform_application_attributes,
    "GetSMSAttributes": phones.get_sms_attributes,
    "GetSMSSandboxAccountStatus": phones.get_sms_sandbox_account_status,
    "GetSubscriptionAttributes": subscriptions.get_subscription_attributes,
    "GetTopicAttributes": topics.get_topic_attributes,
    "ListEndpointsByPlatformApplication": push.list_endpoints_by_platform_application,
    "ListOriginationNumbers": phones.list_origination_numbers,
    "ListPhoneNumbersOptedOut": phones.list_phone_numbers_opted_out,
    "ListPlatformApplications": push.list_platform_applications,
    "ListSMSSandboxPhoneNumbers": phones.list_sms_sandbox_phone_numbers,
    "ListSubscriptions": subscriptions.list_subscriptions,
    "ListSubscriptionsByTopic": subscriptions.list_subscriptions_by_topic,
    "ListTagsForResource": topics.list_tags_for_resource,
    "ListTopics": topics.list_topics,
    "OptInPhoneNumber": phones.opt_in_phone_number,
    "Publish": publishing.publish,
    "PublishBatch": publishing.publish_batch,
    "PutDataProtectionPolicy": topics.put_data_protection_policy,
    "RemovePermission": topics.remove_permission,
    "SetEndpointAttributes": push.set_endpoint_attributes,
    "SetPlatformApplicationAttributes": push.set_platform_application_attributes,
    "SetSMSAttributes": phones.set_sms_attributes,
    "SetSubscriptionAttributes": subscriptions.set_subscription_attributes,
    "SetTopicAttributes": topics.set_topic_attributes,
    "Subscribe": subscriptions.subscribe,
    "TagResource": topics.tag_resource,
    "Unsubscribe": subscriptions.unsubscribe,
    "UntagResource": topics.untag_resource,
    "VerifySMSSandboxPhoneNumber": phones.verify_sms_sandbox_phone_number,
}


@dataclass(slots=True)
class _Open(Sns):
    """The open room with its connections to subscribers."""

    urls: UrlTarget = field(default_factory=UrlTarget)


async def _open(context: ServiceContext) -> _Open:
    return _Open(
        context.db,
        context.clock,
        context.ids,
        context.log,
        context.deliveries,
        context.wake_job,
        context.data.root / "aws" / "sns",
        context.settings.aws_auth == "signed",
    )


async def _close(sns: _Open) -> None:
    await sns.urls.close()


async def _reset(sns: _Open) -> None:
    sns.forget()


def _jobs(sns: _Open) -> Sequence[Job]:
    return (Replays(sns), Forget(sns))


def _url_targets(sns: _Open) -> Mapping[str, Target]:
    return {"http": sns.urls, "https": sns.urls}


def _refuse(_operation: str, violations: Sequence[Violation]) -> AwsError:
    first = violations[0]
    if first.kind == "required":
        return ValidationError(first.path)
    return InvalidParameter(first.member, first.constraint)


SERVICE: Service[Any] = Service(
    name="sns",
    operations={name: guarded(operation) for name, operation in _OPERATIONS.items()},
    open=_open,
    close=_close,
    migrations=MIGRATIONS,
    jobs=_jobs,
    reset=_reset,
    routes=ROUTES,
    target_of=TopicTarget,
    url_targets_of=_url_targets,
    source_of=SnsSource,
    refuse=_refuse,
)
