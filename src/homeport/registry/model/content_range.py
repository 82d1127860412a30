"""Content-Range of an upload's chunk, which the distribution spec writes in its own way."""

import re

from homeport.registry.errors import RangeInvalid
from homeport.registry.model.ranges import ByteRange

_written = re.compile(r"(?:bytes[ =])?\s*(\d{1,19})-(\d{1,19})(?:/(?:\d{1,19}|\*))?", re.ASCII).fullmatch


def parse_content_range(header: str) -> ByteRange:
    """The part of the blob that a chunk says it is.

    Spec: OCI distribution, "Pushing a blob in chunks": `<first>-<last>`, without a unit. HTTP's own form (RFC 9110,
    14.4: `bytes <first>-<last>/<size>`) is understood as well, because generic clients write it.

    Raises:
        RangeInvalid: neither, or the last byte comes before the first.
    """
    matched = _written(header.strip())
    if matched is None:
        raise RangeInvalid(detail=header[:200])
    found = ByteRange(int(matched[1]), int(matched[2]))
    if found.length < 1:
        raise RangeInvalid(detail=header[:200])
    return found
