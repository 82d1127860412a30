"""Tables and indexes as the data plane needs them: whose, which keys, which projections, which streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NotRequired, TypedDict

from homeport.kernel.clock import Millis


class KeyElement(TypedDict):
    """An element of `KeySchema`."""

    AttributeName: str
    KeyType: str


class AttributeDefinition(TypedDict):
    """An element of `AttributeDefinitions`."""

    AttributeName: str
    AttributeType: str


class Projection(TypedDict, total=False):
    """Which attributes an index shows beside its keys."""

    ProjectionType: str
    NonKeyAttributes: list[str]


class Throughput(TypedDict, total=False):
    """`ProvisionedThroughput`; times in seconds."""

    ReadCapacityUnits: int
    WriteCapacityUnits: int
    NumberOfDecreasesToday: int
    LastIncreaseDateTime: Millis
    LastDecreaseDateTime: Millis


class IndexSettings(TypedDict):
    """One secondary index, as it is kept."""

    Id: int
    Local: bool
    IndexName: str
    KeySchema: list[KeyElement]
    Projection: Projection
    Status: str
    ProvisionedThroughput: NotRequired[Throughput]
    OnDemandThroughput: NotRequired[dict[str, int]]
    WarmThroughput: NotRequired[dict[str, int]]
    Insights: NotRequired[dict[str, object]]


class StreamSettings(TypedDict):
    """The table's present stream."""

    Label: str
    ViewType: str


class TableSettings(TypedDict):
    """Everything about a table that is configuration, as it is kept: JSON with the wire's own names."""

    AttributeDefinitions: list[AttributeDefinition]
    KeySchema: list[KeyElement]
    Indexes: list[IndexSettings]
    BillingMode: str
    ProvisionedThroughput: Throughput
    TableId: str
    Created: Millis
    Status: str
    TableClass: NotRequired[str]
    TableClassUpdated: NotRequired[Millis]
    BillingModeUpdated: NotRequired[Millis]
    BillingModeTold: NotRequired[bool]
    OnDemandThroughput: NotRequired[dict[str, int]]
    WarmThroughput: NotRequired[dict[str, int]]
    DeletionProtectionEnabled: NotRequired[bool]
    SSEDescription: NotRequired[dict[str, object]]
    Stream: NotRequired[StreamSettings]
    StreamLabel: NotRequired[str]
    TimeToLive: NotRequired[str]
    TimeToLiveIndex: NotRequired[int]
    PointInTime: NotRequired[Millis]
    RecoveryDays: NotRequired[int]
    Tags: NotRequired[dict[str, str]]
    Policy: NotRequired[str]
    PolicyRevision: NotRequired[str]
    StreamPolicy: NotRequired[str]
    StreamPolicyRevision: NotRequired[str]
    Kinesis: NotRequired[list[dict[str, object]]]
    Insights: NotRequired[dict[str, object]]
    RestoreSummary: NotRequired[dict[str, object]]
    MultiRegionConsistency: NotRequired[str]
    AutoScaling: NotRequired[dict[str, object]]
    ReplicaSettings: NotRequired[dict[str, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """An attribute of a key, and its type: S, N or B."""

    name: str
    type: str


@dataclass(frozen=True)
class Index:
    """A secondary index.

    Attributes:
        id: of its entries in the store.
        hash: up to four attributes; `range` up to four.
        projection: ALL, KEYS_ONLY or INCLUDE.
        projected: the names that it shows; None is all.
    """

    id: int
    name: str
    local: bool
    hash: tuple[KeyAttribute, ...]
    range: tuple[KeyAttribute, ...]
    projection: str
    projected: frozenset[str] | None
    active: bool

    @cached_property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """All attributes of its key."""
        return self.hash + self.range


@dataclass(frozen=True)
class Table:
    """A table of one account in one region.

    Attributes:
        id: of its row.
        data_id: of its items; the replicas of a global table share them.
        log_changes: whether each change is written down, for a stream or for point-in-time recovery.
        replicas: the other regions in which the same items can be reached.
    """

    id: int
    data_id: int
    account: str
    region: str
    name: str
    arn: str
    hash: KeyAttribute
    range: KeyAttribute | None
    indexes: tuple[Index, ...]
    types: Mapping[str, str]
    settings: TableSettings
    log_changes: bool
    replicas: tuple[str, ...] = ()
    expiry: "Expiry | None" = None
    by_name: Mapping[str, Index] = field(default_factory=dict)

    @cached_property
    def keys(self) -> tuple[KeyAttribute, ...]:
        """All attributes of its key."""
        return (self.hash,) if self.range is None else (self.hash, self.range)

    @cached_property
    def key_names(self) -> frozenset[str]:
        """Their names."""
        return frozenset(key.name for key in self.keys)

    @cached_property
    def index_keys(self) -> tuple[tuple[KeyAttribute, Index], ...]:
        """Every key attribute of every index, by the indexes' names, as DynamoDB looks at them."""
        ordered = sorted(self.indexes, key=lambda index: index.name)
        return tuple((key, index) for index in ordered for key in index.keys if key.name not in self.key_names)

    @cached_property
    def has_local(self) -> bool:
        """Whether it has item collections."""
        return any(index.local for index in self.indexes)


@dataclass(frozen=True, slots=True)
class Expiry:
    """Time to live: the attribute, and the id under which the store keeps the items in the order of their ends."""

    attribute: str
    index_id: int


def read_index(settings: IndexSettings, types: Mapping[str, str], table_keys: frozenset[str]) -> Index:
    """An index from what is kept of it."""
    keys = [
        (KeyAttribute(key["AttributeName"], types[key["AttributeName"]]), key["KeyType"])
        for key in settings["KeySchema"]
    ]
    projection = settings["Projection"]
    kind = projection.get("ProjectionType", "ALL")
    shown = frozenset(key.name for key, _ in keys) | table_keys | frozenset(projection.get("NonKeyAttributes", ()))
    return Index(
        id=settings["Id"],
        name=settings["IndexName"],
        local=settings["Local"],
        hash=tuple(key for key, role in keys if role == "HASH"),
        range=tuple(key for key, role in keys if role == "RANGE"),
        projection=kind,
        projected=None if kind == "ALL" else shown,
        active=settings["Status"] == "ACTIVE",
    )


def read_table(
    row: tuple[int, int, str, str, str], settings: TableSettings, arn: str, replicas: tuple[str, ...], *, logs: bool
) -> Table:
    """A table from what is kept of it.

    `row` is id, data id, account, region, name; `logs` says whether it, or one of its replicas, wants its changes
    written down.
    """
    id_, data_id, account, region, name = row
    types = {item["AttributeName"]: item["AttributeType"] for item in settings["AttributeDefinitions"]}
    keys = [KeyAttribute(key["AttributeName"], types[key["AttributeName"]]) for key in settings["KeySchema"]]
    names = frozenset(key.name for key in keys)
    indexes = tuple(read_index(index, types, names) for index in settings["Indexes"])
    expiry = None
    if "TimeToLive" in settings and "TimeToLiveIndex" in settings:
        expiry = Expiry(settings["TimeToLive"], settings["TimeToLiveIndex"])
    return Table(
        id=id_,
        data_id=data_id,
        account=account,
        region=region,
        name=name,
        arn=arn,
        hash=keys[0],
        range=keys[1] if len(keys) > 1 else None,
        indexes=indexes,
        types=types,
        settings=settings,
        log_changes=logs,
        replicas=replicas,
        expiry=expiry,
        by_name={index.name: index for index in indexes},
    )
