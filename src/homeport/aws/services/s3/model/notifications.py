"""Event notifications: the configuration's form, which events it wants, and the records that are sent."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import quote_plus

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidArgument, MalformedXml
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.kernel.clock import Millis, to_datetime

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_KINDS: Final = (
    ("QueueConfigurations", "QueueArn", "Queue", "sqs"),
    ("TopicConfigurations", "TopicArn", "Topic", "sns"),
    ("LambdaFunctionConfigurations", "LambdaFunctionArn", "CloudFunction", "lambda"),
)
EVENTS: Final = frozenset(
    {
        "s3:TestEvent",
        "s3:ReducedRedundancyLostObject",
        "s3:ObjectCreated:*",
        "s3:ObjectCreated:Put",
        "s3:ObjectCreated:Post",
        "s3:ObjectCreated:Copy",
        "s3:ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectRemoved:*",
        "s3:ObjectRemoved:Delete",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectRestore:*",
        "s3:ObjectRestore:Post",
        "s3:ObjectRestore:Completed",
        "s3:ObjectRestore:Delete",
        "s3:Replication:*",
        "s3:Replication:OperationFailedReplication",
        "s3:Replication:OperationNotTracked",
        "s3:Replication:OperationMissedThreshold",
        "s3:Replication:OperationReplicatedAfterThreshold",
        "s3:ObjectTagging:*",
        "s3:ObjectTagging:Put",
        "s3:ObjectTagging:Delete",
        "s3:ObjectAcl:Put",
        "s3:LifecycleExpiration:*",
        "s3:LifecycleExpiration:Delete",
        "s3:LifecycleExpiration:DeleteMarkerCreated",
        "s3:LifecycleTransition",
        "s3:IntelligentTiering",
    }
)
_NEWER: Final = ("ObjectTagging:", "ObjectAcl:", "LifecycleExpiration:", "LifecycleTransition", "IntelligentTiering")
_ARN = re.compile(r"arn:aws[a-z-]*:(sqs|sns|lambda):[a-z0-9-]*:\d{12}:.+")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where some events go."""

    id: str
    arn: str
    service: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def wants(self, event: str, key: str) -> bool:
        """Whether it wants this event, as `ObjectCreated:Put`, of this key."""
        if not key.startswith(self.prefix) or not key.endswith(self.suffix):
            return False
        return any(_covers(wanted, f"s3:{event}") for wanted in self.events)


def _covers(wanted: str, event: str) -> bool:
    return event == wanted or (wanted.endswith("*") and event.startswith(wanted[:-1]))


def destinations(configuration: api.NotificationConfiguration) -> Iterator[Destination]:
    """All of a configuration's destinations beside EventBridge."""
    members = cast("Mapping[str, Sequence[Mapping[str, object]]]", configuration)
    for kind, arn_member, _, service in _KINDS:
        for item in members.get(kind, ()):
            rules = cast("api.NotificationConfigurationFilter", item.get("Filter") or {})
            found = {
                rule["Name"].lower(): rule.get("Value", "") for rule in rules.get("Key", {}).get("FilterRules", ())
            }
            yield Destination(
                str(item.get("Id", "")),
                str(item[arn_member]),
                service,
                tuple(cast("Sequence[str]", item["Events"])),
                found.get("prefix", ""),
                found.get("suffix", ""),
            )


def checked(configuration: api.NotificationConfiguration, new_id: Iterator[str]) -> api.NotificationConfiguration:
    """The configuration as it is kept: every entry has an id.

    Raises:
        MalformedXml, InvalidArgument: it breaks the schema, or names what cannot be.
    """
    kept: dict[str, object] = {}
    for kind, arn_member, element, service in _KINDS:
        items = cast("Sequence[dict[str, object]]", configuration.get(kind, ()))
        if items:
            kept[kind] = [_checked_item(item, arn_member, element, service, new_id) for item in items]
    if "EventBridgeConfiguration" in configuration:
        kept["EventBridgeConfiguration"] = {}
    result = cast("api.NotificationConfiguration", kept)
    _check_overlap(list(destinations(result)))
    return result


def _checked_item(
    item: dict[str, object], arn_member: str, element: str, service: str, new_id: Iterator[str]
) -> dict[str, object]:
    arn = item.get(arn_member)
    events = cast("Sequence[str]", item.get("Events") or ())
    if not isinstance(arn, str) or not events:
        raise MalformedXml
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != service:
        raise InvalidArgument("The ARN could not be parsed", element, arn)
    for event in events:
        if event not in EVENTS:
            raise InvalidArgument("The event is not supported for notifications", "Event", event)
    filters = cast("api.NotificationConfigurationFilter", item.get("Filter") or {})
    names = set()
    for rule in filters.get("Key", {}).get("FilterRules", ()):
        name = rule.get("Name", "")
        if name.lower() not in {"prefix", "suffix"}:
            raise InvalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
        if name.lower() in names:
            raise InvalidArgument("Cannot specify more than one prefix rule in a filter.", "FilterRule.Name", name)
        names.add(name.lower())
    return {**item, "Id": item.get("Id") or next(new_id)}


def _check_overlap(found: Sequence[Destination]) -> None:
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            shared = any(_covers(a, b) or _covers(b, a) for a in one.events for b in other.events)
            prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
            suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
            if shared and prefixes and suffixes:
                raise InvalidArgument(
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                    one.service,
                )


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an object.

    Attributes:
        name: as `ObjectCreated:Put`.
        version_id: empty in a bucket without versions.
    """

    name: str
    key: str
    seq: int
    size: int | None = None
    etag: str = ""
    version_id: str = ""
    restore_expires: Millis | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who did it, and in which request."""

    principal: str
    source_ip: str
    request_id: str


def record(bucket: Bucket, event: Event, origin: Origin, configuration_id: str, at: Millis) -> Json:
    """The message about an event (S3 user guide, "Event message structure")."""
    described: dict[str, Json] = {"key": quote_plus(event.key, safe="/*-_.")}
    if event.size is not None:
        described["size"] = event.size
    if event.etag:
        described["eTag"] = event.etag
    if event.version_id:
        described["versionId"] = event.version_id
    if not event.name.startswith(("ObjectTagging:", "ObjectAcl:")):
        described["sequencer"] = f"{event.seq:018X}"
    entry: dict[str, Json] = {
        "eventVersion": "2.3" if event.name.startswith(_NEWER) else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": iso(at),
        "eventName": event.name,
        "userIdentity": {"principalId": origin.principal},
        "requestParameters": {"sourceIPAddress": origin.source_ip or "127.0.0.1"},
        "responseElements": {"x-amz-request-id": origin.request_id, "x-amz-id-2": origin.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": bucket.name, "ownerIdentity": {"principalId": bucket.account}, "arn": bucket.arn},
            "object": described,
        },
    }
    if event.restore_expires is not None:
        entry["glacierEventData"] = {
            "restoreEventData": {
                "lifecycleRestorationExpiryTime": iso(event.restore_expires),
                "lifecycleRestoreStorageClass": "GLACIER",
            }
        }
    return {"Records": [entry]}


def trial(bucket: Bucket, request_id: str, at: Millis) -> Json:
    """The message that a new destination gets first."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso(at),
        "Bucket": bucket.name,
        "RequestId": request_id,
        "HostId": request_id,
    }


def iso(at: Millis) -> str:
    """An instant with milliseconds, as events write it."""
    return f"{to_datetime(at):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
