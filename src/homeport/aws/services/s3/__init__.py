"""The room of S3: buckets and objects."""

from collections.abc import Sequence

from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.aws.service import Service
from homeport.aws.services.s3.errors import AttributesMissing, MalformedXml
from homeport.aws.services.s3.jobs import Lifecycle, Restores, Sweep
from homeport.aws.services.s3.operations.table import OPERATIONS
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.source import EventSource
from homeport.aws.services.s3.store.schema import MIGRATIONS
from homeport.aws.services.s3.wire.front import S3Front
from homeport.kernel.jobs import Job


def _refuse(operation: str, violations: Sequence[Violation]) -> AwsError | None:
    """What is missing in a document; the values are each operation's own to judge, in its own words."""
    if not any(violation.kind == "required" for violation in violations):
        return None
    return AttributesMissing() if operation == "GetObjectAttributes" else MalformedXml()


def _jobs(s3: S3) -> Sequence[Job]:
    return (Sweep(s3), Lifecycle(s3), Restores(s3))


SERVICE: Service[S3] = Service(
    name="s3",
    operations=OPERATIONS,
    open=S3.open,
    migrations=MIGRATIONS,
    jobs=_jobs,
    close=S3.close,
    reset=S3.reset,
    refuse=_refuse,
    source_of=EventSource,
    front=S3Front,
)
