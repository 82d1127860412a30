"""Paths of the registry's API: which resource a path names, decoded exactly once."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes


class Route(Enum):
    """A kind of resource; the value is registry:2's name of its handler, as metrics show it."""

    BASE = "base"
    CATALOG = "catalog"
    TAGS = "tags"
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOADS = "blob_upload"
    UPLOAD = "blob_upload_chunk"
    REFERRERS = "referrers"
    TOKEN = "token"  # noqa: S105 # a word in metrics


TOKEN_PATH: Final = "/v2/_homeport/token"  # noqa: S105 # a path; no repository's name begins with an underscore

METHODS: Final = {
    Route.BASE: ("GET", "HEAD"),
    Route.CATALOG: ("GET",),
    Route.TAGS: ("GET",),
    Route.MANIFEST: ("DELETE", "GET", "HEAD", "PUT"),
    Route.BLOB: ("DELETE", "GET", "HEAD"),
    Route.UPLOADS: ("POST",),
    Route.UPLOAD: ("DELETE", "GET", "HEAD", "PATCH", "PUT"),
    Route.REFERRERS: ("GET",),
    Route.TOKEN: ("GET", "HEAD"),
}


@dataclass(frozen=True, slots=True)
class Match:
    """What a path names: a repository's name and a reference, digest or upload id, none of them checked yet."""

    route: Route
    name: str = ""
    rest: str = ""


# A repository may itself be called `a/manifests` or `b/blobs/uploads`: the last such word in a path is the keyword.
_PATTERNS: Final = (
    (re.compile(r"/v2/(.+)/(manifests)/([^/]+)/?", re.DOTALL).fullmatch, Route.MANIFEST),
    (re.compile(r"/v2/(.+)/blobs/(uploads)/?", re.DOTALL).fullmatch, Route.UPLOADS),
    (re.compile(r"/v2/(.+)/blobs/(uploads)/([^/]+)", re.DOTALL).fullmatch, Route.UPLOAD),
    (re.compile(r"/v2/(.+)/(blobs)/([^/]+)/?", re.DOTALL).fullmatch, Route.BLOB),
    (re.compile(r"/v2/(.+)/(tags)/list/?", re.DOTALL).fullmatch, Route.TAGS),
    (re.compile(r"/v2/(.+)/(referrers)/([^/]+)/?", re.DOTALL).fullmatch, Route.REFERRERS),
)


def match_path(raw_path: str) -> Match | None:
    """The resource that a path names, as sent; None if it names none."""
    path = _decoded(raw_path) if "%" in raw_path else raw_path
    if path in {"/v2/", "/v2"}:
        return Match(Route.BASE)
    if path in {"/v2/_catalog", "/v2/_catalog/"}:
        return Match(Route.CATALOG)
    if path == TOKEN_PATH:
        return Match(Route.TOKEN)
    for fullmatch, route in _PATTERNS:
        found = fullmatch(path)
        if found is not None:
            groups = found.groups()
            return Match(route, groups[0], groups[2] if len(groups) > 2 else "")  # noqa: PLR2004 # name, keyword, rest
    return None


def _decoded(raw_path: str) -> str:
    return unquote_to_bytes(raw_path.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def query_values(raw_query: str) -> dict[str, list[str]]:
    """A query's parameters, decoded; unknown ones are for whoever knows them, malformed ones read as far as they go."""
    found: dict[str, list[str]] = {}
    for pair in raw_query.split("&"):
        name, _, value = pair.partition("=")
        if name:
            found.setdefault(_query_text(name), []).append(_query_text(value))
    return found


def _query_text(text: str) -> str:
    return _decoded(text.replace("+", " ")) if "%" in text or "+" in text else text
