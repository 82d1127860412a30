"""One version of an object, or a delete marker: what its row says."""

import base64
from typing import Final, NamedTuple, TypedDict

from homeport.aws.api import s3 as api
from homeport.kernel.clock import Millis

NULL_VERSION: Final = "null"
"""The id of what was written while the bucket was not versioned."""

STANDARD: Final = "STANDARD"
ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
STORAGE_CLASSES: Final = frozenset(
    {
        STANDARD,
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
    }
)
_RANDOM_BYTES: Final = 16


class Head(TypedDict, total=False):
    """What was said of the content when it was put: the wire's own member names, as HEAD gives them back."""

    CacheControl: str
    ContentDisposition: str
    ContentEncoding: str
    ContentLanguage: str
    ContentType: str
    Expires: str
    WebsiteRedirectLocation: str
    Metadata: dict[str, str]
    ServerSideEncryption: str
    SSECustomerAlgorithm: str
    SSECustomerKeyMD5: str
    SSEKMSKeyId: str
    BucketKeyEnabled: bool


class Part(TypedDict, total=False):
    """A part that an object was put together from."""

    number: int
    size: int
    checksum: str


class Restore(TypedDict, total=False):
    """A copy of an archived object: asked for, or there until it expires.

    Attributes:
        told: whether the event has been sent that says it is there.
    """

    ready: Millis
    expires: Millis
    days: int
    told: bool


class Extra(TypedDict, total=False):
    """What only some objects have.

    Attributes:
        sse_key: a salted digest of the customer's key, to know it again.
        noncurrent_since: when a newer version took its place.
    """

    tags: list[api.Tag]
    grants: list[api.Grant]
    mode: str
    retain_until: Millis
    hold: str
    parts: list[Part]
    restore: Restore
    sse_key: str
    sse_context: str
    replication: str
    noncurrent_since: Millis


class Version(NamedTuple):
    """One version.

    Attributes:
        key: its bytes.
        seq: grows with each version of the key; the sequencer of events.
        current: whether it is the key's newest.
        marker: whether it is a delete marker; it has then neither size nor content.
        etag: without its quotes.
        checksum_kind: algorithm and type, as `CRC64NVME/FULL_OBJECT`; empty if it has none.
        row: the id of its body's row; 0 if it has none.
        file: the name of its body's file; empty if it has none.
        owner: the account.
    """

    key: bytes
    seq: int
    id: str
    current: bool
    marker: bool
    size: int
    etag: str
    modified: Millis
    storage_class: str
    checksum_kind: str
    checksum: str
    row: int
    file: str
    owner: str
    head: Head
    extra: Extra

    @property
    def algorithm(self) -> str:
        """The checksum's algorithm."""
        return self.checksum_kind.partition("/")[0]

    @property
    def archived(self) -> bool:
        """Whether it has to be restored before it can be read."""
        return self.storage_class in ARCHIVED


def version_id(seq: int, chance: bytes) -> str:
    """A version's id: 32 letters that hide its sequence number, so that it is found by the key's index.

    `chance`: sixteen random bytes.
    """
    hidden = (seq ^ int.from_bytes(chance[:8])).to_bytes(8)
    return base64.urlsafe_b64encode(hidden + chance[:_RANDOM_BYTES]).decode().replace("-", ".")


def sequence_of(identifier: str) -> int | None:
    """The sequence number in an id; None if it cannot be one of ours."""
    try:
        raw = base64.b64decode(identifier.replace(".", "-"), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != 8 + _RANDOM_BYTES:
        return None
    seq = int.from_bytes(raw[:8]) ^ int.from_bytes(raw[8:16])
    return seq if seq < 1 << 63 else None
