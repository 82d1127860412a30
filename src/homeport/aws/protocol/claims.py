"""Whose request it is: credential scope, target header, form, host and path lead to a service and its protocol."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, NamedTuple

import orjson

from homeport.aws.auth.credentials import Credentials
from homeport.aws.errors import AwsError
from homeport.aws.protocol.hosts import HostClaim, read_host_under
from homeport.kernel.http.message import Request

Protocol = Literal["json", "query", "rest-json", "rest-xml"]

_FORM: Final = "application/x-www-form-urlencoded"
_LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/.*")
_LINKS: Final = frozenset({"ConfirmSubscription", "Unsubscribe"})
"""Actions of links in SNS's messages, which name no version."""
_OF_QUEUES: Final = frozenset({"QueueUrl", "QueueName", "QueueNamePrefix"})
"""Parameters that no other service has."""
_QUEUE_PATH = re.compile(r"/(?:queue/[a-z0-9-]+/)?\d{12}/[A-Za-z0-9_-]{1,80}(?:\.fifo)?/?")


class UnknownService(AwsError):
    """A service that AWS may have and Homeport has not."""

    code = "NotImplemented"
    status = 501
    fault: Literal["Sender", "Receiver"] = "Receiver"

    def __init__(self, name: str) -> None:
        super().__init__(f"Homeport does not have the service {name}.")


class Claim(NamedTuple):
    """Whose request it is.

    Attributes:
        service: as the wire model's file; empty when only the form's `Version` can tell.
        operation: of a JSON request; the form's action and the path tell it elsewhere.
        host: what the host said.
    """

    service: str
    protocol: Protocol
    operation: str
    host: HostClaim


class Claims:
    """The facts that requests are claimed by, of every service that has a wire model."""

    def __init__(self, index: Mapping[str, Mapping[str, Any]], domains: Sequence[str] = ()) -> None:
        self._domains = tuple(domains)
        self._protocols = {name: tuple(m.get("protocols", (m["protocol"],))) for name, m in index.items()}
        self._by_target = {m["targetPrefix"]: name for name, m in index.items() if "targetPrefix" in m}
        self._by_version = {m["apiVersion"]: name for name, m in index.items() if "query" in self._protocols[name]}
        self._by_scope: dict[str, str] = {}
        for name, metadata in index.items():
            self._by_scope.setdefault(metadata["signingName"], name)

    def claim(self, request: Request, credentials: Credentials | None) -> Claim:
        """Find the service.

        Raises:
            UnknownService: the request names one that is not here.
        """
        headers = request.headers
        host = read_host_under(headers.get("Host", ""), self._domains)
        target = headers.get("X-Amz-Target")
        if target is not None:
            prefix, _, operation = target.rpartition(".")
            service = self._by_target.get(prefix)
            if service is None:
                raise UnknownService(prefix or target)
            return Claim(service, "json", operation, host)
        if credentials is not None and credentials.service:
            service = self._by_scope.get(credentials.service)
            if service is None:
                raise UnknownService(credentials.service)
            return self._of(service, request, host)
        if host.service:
            return self._of(host.service, request, host)
        return self._unsigned(request, host)

    def _of(self, service: str, request: Request, host: HostClaim) -> Claim:
        protocols = self._protocols[service]
        if "query" in protocols and (protocols[0] == "query" or "json" not in request.headers.get("Content-Type", "")):
            return Claim(service, "query", "", host)
        return Claim(service, protocols[0], "", host)

    def _unsigned(self, request: Request, host: HostClaim) -> Claim:
        content_type = request.headers.get("Content-Type", "")
        if request.method == "POST" and content_type.startswith(_FORM):
            return Claim("", "query", "", host)
        if "Action=" in request.raw_query and request.method in {"GET", "POST"}:
            return Claim("", "query", "", host)
        if _LAMBDA_PATH.fullmatch(request.raw_path):
            return Claim("lambda", "rest-json", "", host)
        return Claim("s3", "rest-xml", "", host)

    def by_form(self, form: Mapping[str, str], path: str) -> str:
        """The service of an unsigned form: by its version, or by what it says or a path that only queues have.

        Raises:
            UnknownService: nobody has that version.
        """
        version = form.get("Version", "")
        if version in self._by_version:
            return self._by_version[version]
        if form.get("Action") in _LINKS:
            return "sns"
        if form.get("Action") == "ListQueues" or not _OF_QUEUES.isdisjoint(form) or _QUEUE_PATH.fullmatch(path):
            return "sqs"
        raise UnknownService(f"of version {version}" if version else f"of the action {form.get('Action', '')[:100]}")

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that has a wire model."""
        return tuple(self._protocols)


@cache
def load_index() -> Mapping[str, Mapping[str, Any]]:
    """Every service's metadata, without their operations."""
    index: Mapping[str, Mapping[str, Any]] = orjson.loads(
        resources.files("homeport.aws.api").joinpath("index.json").read_bytes()
    )
    return index
