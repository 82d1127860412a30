"""A bucket: whose it is, where, since when, and everything that it has been told."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from homeport.aws.api import s3 as api
from homeport.kernel.clock import Millis

Versioning = Literal["", "Enabled", "Suspended"]


class Lifecycle(TypedDict, total=False):
    """Lifecycle rules, and what size transitions begin at."""

    rules: list[api.LifecycleRule]
    minimum_size: str


class Acl(TypedDict):
    """Who has been granted what; the owner by canonical id."""

    owner: str
    grants: list[api.Grant]


class Configurations(TypedDict, total=False):
    """What a bucket has been told; a member that is missing is not configured."""

    acl: Acl
    cors: api.CORSConfiguration
    encryption: api.ServerSideEncryptionConfiguration
    lifecycle: Lifecycle
    lock: api.ObjectLockConfiguration
    logging: api.LoggingEnabled
    notification: api.NotificationConfiguration
    ownership: str
    payer: str
    policy: str
    public_access: api.PublicAccessBlockConfiguration
    replication: api.ReplicationConfiguration
    accelerate: str
    abac: str
    tags: list[api.Tag]
    website: api.WebsiteConfiguration


Kind = Literal[
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "lock",
    "logging",
    "notification",
    "ownership",
    "payer",
    "policy",
    "public_access",
    "replication",
    "accelerate",
    "abac",
    "tags",
    "website",
]

ENFORCED = "BucketOwnerEnforced"
"""The ownership in which there are no ACLs: what new buckets have."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket as it was read.

    Attributes:
        generation: another one whenever anything about the bucket has changed.
        mfa_delete: as it was set; Homeport has no devices to ask.
        lockable: whether it was made with object lock.
    """

    id: int
    name: str
    account: str
    region: str
    created: Millis
    generation: int
    versioning: Versioning
    lockable: bool
    configurations: Configurations
    mfa_delete: str = ""

    @property
    def arn(self) -> str:
        """As policies and events name it."""
        return f"arn:aws:s3:::{self.name}"

    @property
    def enforces_ownership(self) -> bool:
        """Whether every object is the bucket owner's and ACLs have no effect."""
        return self.configurations.get("ownership") == ENFORCED
