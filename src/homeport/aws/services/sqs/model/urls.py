"""Queue URLs: the forms that queues are given, and which queue a URL means, whatever host name it goes by."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urlsplit

from homeport.aws.services.sqs.errors import InvalidAddress
from homeport.aws.services.sqs.model.queue import QueueKey

_LONGEST = 2048
"""No longer ones are looked at, or remembered."""

Strategy = Literal["dynamic", "standard", "domain", "path", "off"]
"""LocalStack's names: how a queue's URL tells its region, or that it does not."""

_REGION = re.compile(r"(?:^|\.)([a-z]{2,3}(?:-[a-z]+)+-\d)(?=\.)")
_PATH = re.compile(r"(?:/queue/([a-z0-9-]+))?/([0-9]{12})/([^/]+)/?")
_SQS_HOST = re.compile(r"^(?:sqs\.[a-z0-9-]+\.|[a-z0-9-]+\.queue\.|queue\.)")


def queue_url(key: QueueKey, strategy: Strategy, endpoint_url: str) -> str:
    """The URL that a queue is handed out by; `endpoint_url` is how the client addressed Homeport."""
    return _FORMS[strategy](key, endpoint_url)


def _plain(key: QueueKey, endpoint_url: str) -> str:
    return f"{endpoint_url}/{key.account}/{key.name}"


def _host_form(prefix: Callable[[QueueKey], str]) -> Callable[[QueueKey, str], str]:
    def form(key: QueueKey, endpoint_url: str) -> str:
        scheme, _, host = endpoint_url.partition("://")
        return f"{scheme}://{prefix(key)}{_SQS_HOST.sub('', host)}/{key.account}/{key.name}"

    return form


def _path_form(key: QueueKey, endpoint_url: str) -> str:
    return f"{endpoint_url}/queue/{key.region}/{key.account}/{key.name}"


_FORMS: Mapping[Strategy, Callable[[QueueKey, str], str]] = {
    "dynamic": _plain,
    "off": _plain,
    "standard": _host_form(lambda key: f"sqs.{key.region}."),
    "domain": _host_form(lambda key: "queue." if key.region == "us-east-1" else f"{key.region}.queue."),
    "path": _path_form,
}


@lru_cache(maxsize=4096)
def parse_url(url: str, region: str) -> QueueKey:
    """Which queue a URL means; its host counts for nothing but a region, and `region` is the caller's.

    Raises:
        InvalidAddress: it is no queue's URL.
    """
    if len(url) > _LONGEST:
        raise InvalidAddress(url[:_LONGEST])
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidAddress(url) from error
    match = _PATH.fullmatch(parts.path)
    if not match:
        raise InvalidAddress(url)
    named = _REGION.search(parts.netloc) if _SQS_HOST.match(parts.netloc) else None
    found = match[1] or (named[1] if named else region)
    return QueueKey(match[2], found, unquote(match[3]))
