"""What each service's room shows of itself, and what it is given."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from homeport.aws.auth.keys import AccessKeys
from homeport.aws.call import Call
from homeport.aws.delivery import Deliveries, Source, Target
from homeport.aws.errors import AwsError
from homeport.aws.protocol.constraints import Violation
from homeport.kernel.clock import Clock
from homeport.kernel.config import Settings
from homeport.kernel.http.message import Request, Response
from homeport.kernel.ids import Ids
from homeport.kernel.jobs import Job
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics
from homeport.kernel.signals import Signals
from homeport.kernel.storage.database import Database
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.storage.migrations import Migration

S = TypeVar("S")

Result = Mapping[str, Any] | None
Operation = Callable[[S, Call, Any], Awaitable[Result]]
"""`async def send_message(sqs: Sqs, call: Call, request: SendMessageRequest) -> SendMessageResult`.

Requests and results are dictionaries with the wire's own member names. Blobs are bytes, timestamps are `Millis`,
streaming members are `aws.stream.Upload` in a request and `aws.stream.Download` in a result, an event stream is an
async iterator of dictionaries with one member each. Members that the client left out are not there; those that a
result leaves out, or sets to None, are not sent.
"""


class Invoke(Protocol):
    """Calls an operation of another service without bytes: S3 asks KMS, the UI asks everybody."""

    async def __call__(self, call: Call, service: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the operation in `call`'s account and region, and return its result.

        Raises:
            AwsError: what the operation raised, or OperationNotImplemented.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """What a service is given when it is opened.

    Attributes:
        db: shared by all services; a service's tables begin as `rooms` says, as in `sqs_queue`.
        deliveries: the road to other services.
        invoke: another service's operations.
        keys: everybody's access keys; STS and IAM make them.
        wake_job: lets a job, by its name, run as soon as it can: `tx.after_commit(lambda: wake_job("sqs-moves"))`.
        data: where files may be kept: in `data.root / "aws" / <service>`.
    """

    db: Database
    clock: Clock
    ids: Ids
    signals: Signals
    log: Log
    metrics: Metrics
    data: DataDirectory
    settings: Settings
    deliveries: Deliveries
    invoke: Invoke
    keys: AccessKeys
    wake_job: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Route(Generic[S]):
    """An endpoint that is no operation: `/_aws/sqs/messages`, a function's URL, a bucket's website.

    Attributes:
        path: matched in full against the raw path; without a host it lies below `/_aws/<service>/`.
        host: matched in full against the host without its port, lower case; None is any.
        methods: empty is any.
        public: whether anybody may ask, from any web page and without a signature, in mode `signed` too.
        handle: answers it; `Call` carries account, region (from the credentials, or the defaults) and the addresses.
    """

    path: re.Pattern[str]
    handle: Callable[[S, Call, Request], Awaitable[Response]]
    host: re.Pattern[str] | None = None
    methods: frozenset[str] = frozenset()
    public: bool = False


class Front(Protocol):
    """What S3 does in HTTP's own terms around its operations. Bucket and key are still percent-encoded."""

    async def before(self, call: Call, request: Request, bucket: str, key: str) -> Response | None:
        """Answer a request before it is parsed (a form's POST, a website), or None to let it go on."""
        ...

    async def after(self, call: Call, request: Request, bucket: str, response: Response) -> None:
        """Add to an answer's headers, as the bucket's CORS rules have it; errors come here too."""
        ...

    def check(self, operation: str, headers: Mapping[str, str], content: bytes) -> None:
        """Compare a document with the digests that came with it; raises AwsError."""
        ...

    async def preflight(self, request: Request, bucket: str, key: str) -> Response | None:
        """Answer a browser that asks for leave, by the bucket's CORS rules; None for a bucket without any."""
        ...

    async def allows(self, bucket: str, origin: str, method: str) -> bool:
        """Whether the bucket's CORS rules let pages of this origin use this method."""
        ...


def _no_jobs(_state: object) -> Sequence[Job]:
    return ()


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """A room: its operations by AWS's own names, its tables, how it is opened.

    Attributes:
        name: as the wire model's file is called: `sqs`, `dynamodbstreams`, `lambda`.
        open: makes its state when it is first needed; the tables are there. It calls no other service.
        drain: lets requests that wait for something be answered, as the server is about to stop.
        close: ends what `open` began.
        reset: forgets what is cached, after somebody has emptied its tables.
        target_of: the Target for ARNs of this service, if it can receive deliveries.
        url_targets_of: Targets for URLs, by their scheme: SNS brings what goes to `http` and `https`.
        source_of: the Source of its own deliveries, if it sends any.
        refuse: turns what breaks the model's constraints (missing members, lengths, patterns) of an operation into the
            service's own error, or None for what its operations check themselves; None leaves every check to them.
        front: for S3 alone.
    """

    name: str
    operations: Mapping[str, Operation[S]]
    open: Callable[[ServiceContext], Awaitable[S]]
    migrations: Sequence[Migration] = ()
    jobs: Callable[[S], Sequence[Job]] = _no_jobs
    drain: Callable[[S], None] | None = None
    close: Callable[[S], Awaitable[None]] | None = None
    reset: Callable[[S], Awaitable[None]] | None = None
    routes: Sequence[Route[S]] = ()
    target_of: Callable[[S], Target] | None = None
    url_targets_of: Callable[[S], Mapping[str, Target]] | None = None
    source_of: Callable[[S], Source] | None = None
    refuse: Callable[[str, Sequence[Violation]], AwsError | None] | None = None
    front: Callable[[S], Front] | None = None
