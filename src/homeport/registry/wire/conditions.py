"""Conditional requests (RFC 9110, section 13) where the entity tag is the digest."""

from homeport.kernel.http.message import Request
from homeport.registry.model.digest import Digest


def not_modified(request: Request, digest: Digest) -> bool:
    """Whether If-None-Match names what would be sent: the answer is then 304."""
    tags = request.headers.get("If-None-Match")
    return tags is not None and _matches(tags, digest)


def if_range_holds(request: Request, digest: Digest) -> bool:
    """Whether a Range counts: an If-Range names another representation otherwise; dates never do, there are none."""
    tag = request.headers.get("If-Range")
    return tag is None or tag.strip() == f'"{digest}"'


def _matches(tags: str, digest: Digest) -> bool:
    """Weak comparison against a list of entity tags; distribution takes the bare digest as well, and so do we."""
    if tags.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/").strip('"') == digest for tag in tags.split(","))
