"""What the target of a request line means to a server that is nobody's proxy (RFC 9112, section 3.2)."""

import re
from typing import Final

_AUTHORITY_END: Final = re.compile(r"[/?#]")


def origin_form(target: str) -> tuple[str, str]:
    """The host, or nothing, and the path and query of a target that does not begin with a slash.

    A proxy's client sends scheme and host before the path; what has none (`*`, or a host and port to connect to) stays.
    """
    _, absolute, rest = target.partition("://")
    if not absolute:
        return "", target
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    return authority.rpartition("@")[2], path if path.startswith("/") else f"/{path}"
