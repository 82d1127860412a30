"""Conditional requests: which objects a GET, a copy, a put or a delete is willing to meet (RFC 9110, section 13)."""

from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from homeport.aws.services.s3.errors import (
    HeaderNotImplemented,
    NoSuchKey,
    NotModified,
    PreconditionFailed,
)
from homeport.aws.services.s3.model.version import Version
from homeport.kernel.clock import MILLIS_PER_SECOND, Millis

_WILDCARD: Final = "*"


def _tags(header: str) -> frozenset[str]:
    return frozenset(tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))


def _matches(header: str, etag: str) -> bool:
    return header.strip() == _WILDCARD or etag in _tags(header)


def _later(modified: Millis, than: Millis) -> bool:
    # HTTP's dates have no fractions of a second.
    return modified // MILLIS_PER_SECOND > than // MILLIS_PER_SECOND


@dataclass(frozen=True, slots=True)
class ReadConditions:
    """What a GET, HEAD or copy's source must fulfil.

    Attributes:
        copying: a copy says 412 where a GET says 304, and names its headers otherwise.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: Millis | None = None
    if_unmodified_since: Millis | None = None
    copying: bool = False

    def check(self, etag: str, modified: Millis, now: Millis) -> None:
        """Compare with the version that was found.

        Raises:
            PreconditionFailed, NotModified: a condition does not hold.
        """
        prefix = "x-amz-copy-source-" if self.copying else ""
        if self.if_match is not None:
            if not _matches(self.if_match, etag):
                raise PreconditionFailed(f"{prefix}If-Match")
        elif self.if_unmodified_since is not None and _later(modified, self.if_unmodified_since):
            raise PreconditionFailed(f"{prefix}If-Unmodified-Since")
        if self.if_none_match is not None:
            if _matches(self.if_none_match, etag):
                raise PreconditionFailed(f"{prefix}If-None-Match") if self.copying else NotModified
        elif self._unmodified(modified, now):
            raise PreconditionFailed(f"{prefix}If-Modified-Since") if self.copying else NotModified

    def _unmodified(self, modified: Millis, now: Millis) -> bool:
        since = self.if_modified_since
        # A date in the future is no condition (RFC 9110, section 13.1.3).
        return since is not None and since <= now and not _later(modified, since)


def range_holds(if_range: str, etag: str, modified: Millis) -> bool:
    """Whether a Range counts: it does if the header is empty, or names this very content (RFC 9110, section 13.1.5)."""
    if not if_range:
        return True
    if '"' in if_range:
        return if_range.strip() == f'"{etag}"'
    return if_range.strip() == formatdate(modified // MILLIS_PER_SECOND, usegmt=True)


def check_write(current: Version | None, key: str, if_match: str | None, if_none_match: str | None) -> None:
    """Compare the headers of a put, copy or completion with the object that is there now.

    `current`: the newest version; a delete marker counts as none.

    Raises:
        PreconditionFailed: there is an object where none should be, or another one.
        NoSuchKey: If-Match, and there is none.
        HeaderNotImplemented: conditions that S3 does not have for writes.
    """
    if if_none_match is not None and if_none_match.strip() != _WILDCARD:
        raise HeaderNotImplemented("If-None-Match")
    if if_match is not None and (if_match.strip() == _WILDCARD or if_none_match is not None):
        raise HeaderNotImplemented("If-Match")
    there = current if current is not None and not current.marker else None
    if if_none_match is not None and there is not None:
        raise PreconditionFailed("If-None-Match")
    if if_match is not None:
        if there is None:
            raise NoSuchKey(key)
        if there.etag not in _tags(if_match):
            raise PreconditionFailed("If-Match")


def check_delete(current: Version | None, key: str, if_match: str | None) -> None:
    """Compare a delete's If-Match with the object that is there now; `*` wants that there is one.

    Raises:
        PreconditionFailed: another one is there.
        NoSuchKey: none is there.
    """
    if if_match is None:
        return
    if current is None or current.marker:
        raise NoSuchKey(key)
    if not _matches(if_match, current.etag):
        raise PreconditionFailed("If-Match")
