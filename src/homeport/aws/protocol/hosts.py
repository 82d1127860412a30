"""What a Host header means: a service, a region, a bucket, or nothing; under any domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_SERVICES = {"sqs": "sqs", "queue": "sqs", "sns": "sns", "dynamodb": "dynamodb", "lambda": "lambda", "kms": "kms"}
_SERVICES |= {"sts": "sts", "iam": "iam"}
_WEBSITE = "s3-website"


@dataclass(frozen=True, slots=True)
class HostClaim:
    """What a host says.

    Attributes:
        service: empty if the host names none.
        region: empty likewise.
        bucket: of a virtual-hosted S3 request.
        website: whether the bucket's website is meant.
    """

    service: str = ""
    region: str = ""
    bucket: str = ""
    website: bool = False


_NOTHING = HostClaim()


def strip_port(host: str) -> str:
    """A Host header's name, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def looks_like_region(label: str) -> bool:
    """Whether a host's label may be a region's name: three parts or more, the last one a number."""
    parts = label.split("-")
    return len(parts) >= 3 and parts[-1].isdecimal() and all(part.isalnum() for part in parts)  # noqa: PLR2004 # us-east-1


@lru_cache(maxsize=1024)
def read_host(host: str) -> HostClaim:
    """What a Host header says: `bucket.s3.eu-west-1.any.domain:4566`, `sqs.us-east-1.localhost.localstack.cloud`."""
    labels = strip_port(host).split(".")
    if len(labels) < 2:  # noqa: PLR2004 # a domain
        return _NOTHING
    for index in range(len(labels) - 2, -1, -1):
        claim = _s3(labels, index)
        if claim is not None:
            return claim
    return _other(labels)


def read_host_under(host: str, domains: Sequence[str]) -> HostClaim:
    """Like `read_host`, where every other name below one of our own domains is a bucket: `bucket.aws.example.org`."""
    claim = read_host(host)
    if not domains or claim != _NOTHING:
        return claim
    name = strip_port(host)
    for domain in domains:
        if name.endswith(f".{domain.lower()}"):
            return HostClaim("s3", bucket=name[: -len(domain) - 1])
    return _NOTHING


def _s3(labels: list[str], index: int) -> HostClaim | None:
    label, following = labels[index], labels[index + 1]
    bucket = ".".join(labels[:index])
    region = following if looks_like_region(following) else ""
    if label in {"s3", "s3-accelerate"}:
        if following == "dualstack" and index + 2 < len(labels) and looks_like_region(labels[index + 2]):
            region = labels[index + 2]
        return HostClaim("s3", region, bucket)
    if label == _WEBSITE:
        return HostClaim("s3", region, bucket, website=True)
    if label.startswith(f"{_WEBSITE}-") and looks_like_region(label[len(_WEBSITE) + 1 :]):
        return HostClaim("s3", label[len(_WEBSITE) + 1 :], bucket, website=True)
    if label.startswith("s3-") and looks_like_region(label[3:]):
        return HostClaim("s3", label[3:], bucket)
    return None


def _other(labels: list[str]) -> HostClaim:
    if labels[0] == "streams" and labels[1] == "dynamodb":
        return HostClaim("dynamodbstreams", labels[2] if len(labels) > 2 and looks_like_region(labels[2]) else "")  # noqa: PLR2004
    if labels[0] in _SERVICES:
        return HostClaim(_SERVICES[labels[0]], labels[1] if looks_like_region(labels[1]) else "")
    if looks_like_region(labels[0]) and labels[1] in {"queue", "sqs"}:
        return HostClaim("sqs", labels[0])
    return _NOTHING
