"""Configurations of which a bucket has several, by id: analytics, inventory, metrics, tiering; kept and read back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.services.s3.errors import NoSuchConfiguration
from homeport.aws.services.s3.model import configurations, listing
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets

Ask = Mapping[str, object]
Operation = Callable[[S3, Call, Bucket, Ask], Awaitable[Members]]
_PAGE = 100


def _nothing(_configuration: Ask) -> None:
    """No further rules."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of them.

    Attributes:
        member: of requests and answers, as `MetricsConfiguration`; that of lists has an s behind it.
        check: what else S3 demands of one.
    """

    name: str
    member: str
    check: Callable[[Ask], None] = _nothing

    def put(self) -> Operation:
        """Keep one."""

        async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
            del call
            identifier, content = str(request["Id"]), cast("Ask", request[self.member])
            configurations.check_configuration_id(identifier, content)
            self.check(content)
            await s3.db.write(
                lambda tx: buckets.put_entry(tx, buckets.latest(tx, bucket), self.name, identifier, content)
            )
            return {}

        return operation

    def get(self) -> Operation:
        """Read one."""

        async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
            del call
            found = await s3.db.read(
                lambda snapshot: buckets.get_entry(snapshot, bucket, self.name, str(request["Id"]))
            )
            if found is None:
                raise NoSuchConfiguration
            return {self.member: found}

        return operation

    def delete(self) -> Operation:
        """Forget one."""

        async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
            del call
            gone = await s3.db.write(lambda tx: buckets.delete_entry(tx, bucket, self.name, str(request["Id"])))
            if not gone:
                raise NoSuchConfiguration
            return {}

        return operation

    def list(self) -> Operation:
        """A page of them."""

        async def operation(s3: S3, call: Call, bucket: Bucket, request: Ask) -> Members:
            del call
            token = request.get("ContinuationToken")
            after = listing.read_token(str(token)).decode() if token else ""
            found = await s3.db.read(
                lambda snapshot: buckets.list_entries(snapshot, bucket, self.name, after, _PAGE + 1)
            )
            page = found[:_PAGE]
            more = len(found) > _PAGE
            return {
                f"{self.member}List": page,
                "IsTruncated": more,
                "ContinuationToken": token,
                "NextContinuationToken": listing.token_of(str(page[-1]["Id"]).encode()) if more else None,
            }

        return operation


ANALYTICS = Kind("analytics", "AnalyticsConfiguration")
TIERING = Kind("tiering", "IntelligentTieringConfiguration")
INVENTORY = Kind(
    "inventory",
    "InventoryConfiguration",
    lambda content: configurations.check_inventory(cast("api.InventoryConfiguration", content)),
)
METRICS = Kind(
    "metrics",
    "MetricsConfiguration",
    lambda content: configurations.check_metrics(cast("api.MetricsConfiguration", content)),
)
