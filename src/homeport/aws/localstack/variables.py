"""LocalStack's environment variables: which of Homeport's settings each means, and which of them mean nothing here."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_PREFIX: Final = "LOCALSTACK_"
_KEEP_PREFIX: Final = frozenset({"LOCALSTACK_HOST", "LOCALSTACK_HOSTNAME"})
_LEVELS: Final = {"trace": "debug", "debug": "debug", "info": "info", "warning": "warning", "warn": "warning"}

Translate = Callable[[str], str | None]
"""The setting's text for the variable's; None for a text that says nothing."""


def _same(text: str) -> str | None:
    return text or None


def _inverted(text: str) -> str | None:
    lower = text.lower()
    return "false" if lower in _TRUE else "true" if lower in _FALSE else None


def _truth(text: str) -> str | None:
    lower = text.lower()
    return "true" if lower in _TRUE else "false" if lower in _FALSE else None


def _level(text: str) -> str | None:
    return _LEVELS.get(text.lower(), "error" if text.lower() in {"error", "critical"} else None)


def _debug(text: str) -> str | None:
    return "debug" if text.lower() in _TRUE else None


def _listen(text: str) -> str | None:
    """`0.0.0.0:4566,:443`; a host without a port has LocalStack's."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return ",".join(part if ":" in part else f"{part}:4566" for part in parts) or None


def _services(text: str) -> str | None:
    """`sqs,s3:4572`; services had ports of their own once."""
    return ",".join(part.partition(":")[0].strip() for part in text.split(",")) or None


def _host(text: str) -> str | None:
    return (text if ":" in text else f"{text}:4566") if text else None


SETTINGS_OF: Final[Mapping[str, tuple[str, Translate]]] = {
    "LS_LOG": ("log.level", _level),
    "DEBUG": ("log.level", _debug),
    "GATEWAY_LISTEN": ("listen.aws", _listen),
    "HOSTNAME_EXTERNAL": ("aws.host", _host),
    "LOCALSTACK_HOST": ("aws.host", _host),
    "SERVICES": ("aws.services", _services),
    "EXTRA_CORS_ALLOWED_ORIGINS": ("aws.cors_origins", _same),
    "EXTRA_CORS_ALLOWED_HEADERS": ("aws.cors_headers", _same),
    "EXTRA_CORS_EXPOSE_HEADERS": ("aws.cors_exposed", _same),
    "DISABLE_CORS_CHECKS": ("aws.cors_checks", _inverted),
    "DISABLE_CORS_HEADERS": ("aws.cors_answers", _inverted),
    "CUSTOM_SSL_CERT_PATH": ("tls.certificate", _same),
    "SQS_ENDPOINT_STRATEGY": ("aws.sqs_queue_urls", _same),
    "SQS_DELAY_PURGE_RETRY": ("aws.sqs_pauses", _truth),
    "SQS_DELAY_RECENTLY_DELETED": ("aws.sqs_pauses", _truth),
}
"""Variable, setting, and how the one's text becomes the other's; where two mean the same, the later one wins."""

_OF_LAMBDA: Final = (
    "LAMBDA_DOCKER_DNS",
    "LAMBDA_DOCKER_FLAGS",
    "LAMBDA_DOCKER_NETWORK",
    "LAMBDA_EXECUTOR",
    "LAMBDA_IGNORE_ARCHITECTURE",
    "LAMBDA_KEEPALIVE_MS",
    "LAMBDA_REMOVE_CONTAINERS",
    "LAMBDA_RETRY_BASE_DELAY_SECONDS",
    "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT",
    "LAMBDA_RUNTIME_EXECUTOR",
    "LAMBDA_RUNTIME_IMAGE_MAPPING",
    "LAMBDA_SYNCHRONOUS_CREATE",
    "HOSTNAME_FROM_LAMBDA",
    "MAIN_DOCKER_NETWORK",
)

WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "PERSISTENCE": "everything is kept always, at the moment it is acknowledged",
    "SNAPSHOT_SAVE_STRATEGY": "there are no snapshots to save: everything is on disk when it is acknowledged",
    "SNAPSHOT_LOAD_STRATEGY": "there are no snapshots to load",
    "SNAPSHOT_FLUSH_INTERVAL": "nothing waits to be flushed",
    "EAGER_SERVICE_LOADING": "a service starts in a moment when it is first needed, and at once if it holds data",
    "STRICT_SERVICE_LOADING": "a service that is not in SERVICES is always refused",
    "USE_SSL": "HTTP and HTTPS are spoken on the same port, and URLs have the scheme of the request",
    "SKIP_SSL_CERT_DOWNLOAD": "no certificate is ever downloaded",
    "ALLOW_NONSTANDARD_REGIONS": "every region exists",
    "PARITY_AWS_ACCESS_KEY_ID": "keys are what Homeport issued, an account's number, or nobody's",
    "S3_SKIP_SIGNATURE_VALIDATION": "aws.auth says whether signatures are verified",
    "S3_SKIP_KMS_KEY_VALIDATION": "KMS keys are real",
    "SQS_ENABLE_MESSAGE_RETENTION_PERIOD": "messages always expire",
    "SQS_DISABLE_CLOUDWATCH_METRICS": "/metrics shows the queues",
    "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL": "/metrics shows the queues",
    "SQS_DISABLE_MAX_NUMBER_OF_MESSAGE_LIMIT": "a receive has ten messages at the most, as AWS's",
    "SNS_CERT_URL_HOST": "the certificate lies where the subscriber reaches Homeport",
    "SNS_SES_SENDER_ADDRESS": "mail is kept, not sent: see /_aws/sns/email-messages",
    "DYNAMODB_ERROR_PROBABILITY": "errors are not invented",
    "DYNAMODB_READ_ERROR_PROBABILITY": "errors are not invented",
    "DYNAMODB_WRITE_ERROR_PROBABILITY": "errors are not invented",
    "DYNAMODB_REMOVE_EXPIRED_ITEMS": "expired items are always removed",
    "DYNAMODB_SHARE_DB": "accounts and regions are always apart",
    "DYNAMODB_IN_MEMORY": "tables are always on disk",
    **dict.fromkeys(_OF_LAMBDA, "there is no Lambda here"),
    "ENFORCE_IAM": "IAM's policies are kept, not enforced; aws.auth says whether signatures count",
    "IAM_SOFT_MODE": "IAM's policies are kept, not enforced",
    "EDGE_PORT": "GATEWAY_LISTEN and listen.aws say where to listen",
    "EDGE_BIND_HOST": "GATEWAY_LISTEN and listen.aws say where to listen",
}
"""Variables that change nothing here, and why."""


def _bare(name: str) -> str:
    return name if name in _KEEP_PREFIX else name.removeprefix(_PREFIX)


def translate(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with Homeport's own variables added for LocalStack's; those that are set already stay."""
    return {**{own: text for own, text, _ in _meant(environment)}, **environment}


def spoken_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Which of LocalStack's variables stands behind each of Homeport's that `translate` adds."""
    return {own: variable for own, _, variable in _meant(environment) if own not in environment}


def _meant(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Homeport's variable, its text, and the variable of LocalStack's that means it; the last one of each counts."""
    for name, (key, convert) in SETTINGS_OF.items():
        for variable in (f"{_PREFIX}{name}", name):
            text = convert(environment[variable].strip()) if variable in environment else None
            if text is not None:
                yield _own_name(key), text, variable
                if name == "CUSTOM_SSL_CERT_PATH":
                    yield _own_name("tls.key"), text, variable


def _own_name(key: str) -> str:
    return f"HOMEPORT_{key.replace('.', '_').upper()}"


def without_effect(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Which of LocalStack's variables are set and change nothing, and why."""
    return {name: WITHOUT_EFFECT[_bare(name)] for name in sorted(environment) if _bare(name) in WITHOUT_EFFECT}
