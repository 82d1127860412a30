"""Delivery policies: how often and how fast a failed delivery over HTTP is tried again.

SNS developer guide, "Amazon SNS message delivery retries": immediate retries, then some with the least delay, then the
backoff phase from the least to the greatest delay, then some with the greatest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from homeport.aws.services.sns.errors import InvalidParameter

_DEFAULT_RETRY: Mapping[str, object] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
_DEFAULT_REQUEST: Mapping[str, object] = {"headerContentType": "text/plain; charset=UTF-8"}
_FUNCTIONS = ("linear", "arithmetic", "geometric", "exponential")
_MAX_RETRIES = 100
_MAX_DELAY_SECONDS = 3600
_CONTENT_TYPES = (
    "application/json",
    "text/plain",
    "text/html",
    "application/xml",
    "text/xml",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "text/css",
    "text/csv",
    "text/markdown",
    "text/javascript",
    "application/atom+xml",
    "application/soap+xml",
    "application/xhtml+xml",
)


@dataclass(frozen=True, slots=True)
class Retries:
    """The phases of trying again; delays in seconds."""

    least_delay: int
    greatest_delay: int
    retries: int
    immediate: int
    with_least: int
    with_greatest: int
    function: str

    def delay_ms(self, failures: int) -> int | None:
        """How long to wait after so many failures (1 after the first attempt); None to give up."""
        retry = failures - 1
        if retry >= self.retries:
            return None
        if retry < self.immediate:
            return 0
        if retry < self.immediate + self.with_least:
            return self.least_delay * 1000
        backoffs = self.retries - self.immediate - self.with_least - self.with_greatest
        step = retry - self.immediate - self.with_least
        if step >= backoffs:
            return self.greatest_delay * 1000
        return round(self._backoff(step, backoffs) * 1000)

    def _backoff(self, step: int, steps: int) -> float:
        """From the least delay at the first step to the greatest at the last."""
        low, high = self.least_delay, self.greatest_delay
        part = step / (steps - 1) if steps > 1 else 0.0
        match self.function:
            case "arithmetic":
                part = part * (step + 1) / steps if steps > 1 else 0.0
            case "geometric":
                return low * (high / low) ** part if low else high * part
            case "exponential":
                part = (2.0 ** (part * 10) - 1) / 1023
        return low + (high - low) * part


_SECTIONS = (
    "http",
    "healthyRetryPolicy",
    "defaultHealthyRetryPolicy",
    "requestPolicy",
    "defaultRequestPolicy",
)


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """What a policy, or two of them, come to."""

    retries: Retries
    content_type: str


def effective(topic: str | None, subscription: str | None) -> DeliveryPolicy:
    """A topic's policy and a subscription's over it, as numbers."""
    retry, request = dict(_DEFAULT_RETRY), dict(_DEFAULT_REQUEST)
    override = True
    if topic:
        http = _section(orjson.loads(topic), "http")
        retry |= _section(http, "defaultHealthyRetryPolicy")
        request |= _section(http, "defaultRequestPolicy")
        override = not http.get("disableSubscriptionOverrides")
    if subscription and override:
        own = _section(orjson.loads(subscription), "")
        retry |= _section(own, "healthyRetryPolicy")
        request |= _section(own, "requestPolicy")
    return DeliveryPolicy(_retries(retry), str(request["headerContentType"]))


def _section(of: object, name: str) -> dict[str, object]:
    found = of.get(name) if name and isinstance(of, dict) else of
    return dict(found) if isinstance(found, dict) else {}


def _retries(found: Mapping[str, object]) -> Retries:
    def number(name: str) -> int:
        value = found[name]
        return value if isinstance(value, int) else 0

    return Retries(
        least_delay=number("minDelayTarget"),
        greatest_delay=number("maxDelayTarget"),
        retries=number("numRetries"),
        immediate=number("numNoDelayRetries"),
        with_least=number("numMinDelayRetries"),
        with_greatest=number("numMaxDelayRetries"),
        function=str(found["backoffFunction"]),
    )


def effective_text(topic: str | None) -> str:
    """What a topic's EffectiveDeliveryPolicy reads as."""
    http = _section(orjson.loads(topic), "http") if topic else {}
    merged = {
        "http": {
            "defaultHealthyRetryPolicy": dict(_DEFAULT_RETRY) | _section(http, "defaultHealthyRetryPolicy"),
            "disableSubscriptionOverrides": bool(http.get("disableSubscriptionOverrides", False)),
            "defaultRequestPolicy": dict(_DEFAULT_REQUEST) | _section(http, "defaultRequestPolicy"),
        }
    }
    return orjson.dumps(merged).decode()


def effective_subscription_text(topic: str | None, subscription: str | None) -> str:
    """What a subscription's EffectiveDeliveryPolicy reads as."""
    found = effective(topic, subscription)
    retries = found.retries
    merged = {
        "healthyRetryPolicy": {
            "minDelayTarget": retries.least_delay,
            "maxDelayTarget": retries.greatest_delay,
            "numRetries": retries.retries,
            "numMaxDelayRetries": retries.with_greatest,
            "numNoDelayRetries": retries.immediate,
            "numMinDelayRetries": retries.with_least,
            "backoffFunction": retries.function,
        },
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": {"headerContentType": found.content_type},
        "guaranteed": False,
    }
    return orjson.dumps(merged).decode()


def check(text: str, *, of_topic: bool) -> None:
    """Let a topic or a subscription have this policy.

    Raises:
        InvalidParameter: with a reason.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidParameter("DeliveryPolicy: failed to parse JSON") from error
    if not isinstance(found, dict):
        raise InvalidParameter("DeliveryPolicy: failed to parse JSON")
    http = _section(found, "http") if of_topic else found
    if not all(isinstance(of.get(name), dict | None) for of in (found, http) for name in _SECTIONS):
        raise InvalidParameter("DeliveryPolicy: failed to parse JSON")
    _check_retry(_section(http, "defaultHealthyRetryPolicy" if of_topic else "healthyRetryPolicy"))
    request = _section(http, "defaultRequestPolicy" if of_topic else "requestPolicy")
    content_type = str(request.get("headerContentType", "text/plain"))
    if content_type.partition(";")[0].strip() not in _CONTENT_TYPES:
        raise InvalidParameter(f"DeliveryPolicy: Unsupported HTTP content type {content_type}")


def _check_retry(given: Mapping[str, object]) -> None:
    found = dict(_DEFAULT_RETRY) | dict(given)
    for name, value in found.items():
        if name == "backoffFunction":
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidParameter(f"DeliveryPolicy: {name} must be a non-negative integer")
    retries = _retries(found)
    if found["backoffFunction"] not in _FUNCTIONS:
        raise InvalidParameter("DeliveryPolicy: backoffFunction must be one of " + ", ".join(_FUNCTIONS))
    if retries.retries > _MAX_RETRIES:
        raise InvalidParameter(f"DeliveryPolicy: numRetries must be less than or equal to {_MAX_RETRIES}")
    if not 1 <= retries.least_delay <= retries.greatest_delay <= _MAX_DELAY_SECONDS:
        raise InvalidParameter("DeliveryPolicy: minDelayTarget must be between 1 and maxDelayTarget")
    if retries.immediate + retries.with_least + retries.with_greatest > retries.retries:
        raise InvalidParameter("DeliveryPolicy: the phases must not have more retries than numRetries")
