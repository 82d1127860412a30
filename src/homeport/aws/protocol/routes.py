"""Which operation of a REST service a method, path and query string mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from homeport.aws.errors import AwsError
from homeport.aws.protocol.model import OperationModel, WireModel

_ELSEWHERE: Final = frozenset({"ListDirectoryBuckets"})
"""Operations of S3's other endpoint, for directory buckets, whose place another operation has here."""

_LABEL = re.compile(r"\{([A-Za-z0-9_]+)(\+?)\}")

Query = Mapping[str, list[str]]


class PathUndecodable(AwsError):
    """The path's or query's percent-encoding gives no UTF-8."""

    code = "InvalidURI"

    def __init__(self) -> None:
        super().__init__("Couldn't parse the specified URI.")


@dataclass(frozen=True, slots=True)
class _Route:
    """One operation's place: path, query keys that must be there, headers that must be there."""

    operation: OperationModel
    pattern: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much it demands: the most demanding route that fits is the right one."""
        literal = len(_LABEL.sub("", self.operation.uri.partition("?")[0]))
        return literal, len(self.query), len(self.required_query) + len(self.required_headers)


class Matched(NamedTuple):
    """An operation and the labels of its path, decoded."""

    operation: OperationModel
    labels: Mapping[str, str]


def decode(text: str) -> str:
    """A percent-encoded text.

    Raises:
        PathUndecodable: the bytes are no UTF-8.
    """
    try:
        return unquote_to_bytes(text).decode("utf-8") if "%" in text else text.encode("utf-8", "strict").decode()
    except UnicodeError:
        raise PathUndecodable from None


def read_query(raw: str) -> dict[str, list[str]]:
    """A query string's parameters; one without `=` has the empty value.

    Raises:
        PathUndecodable: the bytes are no UTF-8.
    """
    query: dict[str, list[str]] = {}
    for part in raw.split("&") if raw else ():
        name, _, value = part.partition("=")
        if part:
            query.setdefault(decode(name.replace("+", " ")), []).append(decode(value.replace("+", " ")))
    return query


class Routes:
    """All places of one service."""

    def __init__(self, model: WireModel) -> None:
        routes = [_route(op, model) for name, op in model.operations.items() if name not in _ELSEWHERE]
        # Of two operations with the same place (PutBucketLifecycle and its successor) the later name is today's.
        routes.sort(key=lambda route: (route.weight, route.operation.name), reverse=True)
        self._by_method: dict[str, list[_Route]] = {}
        for route in routes:
            self._by_method.setdefault(route.operation.method, []).append(route)
        self._plain_by_method = {
            method: [route for route in found if not route.query and not route.required_query]
            for method, found in self._by_method.items()
        }
        self._telling = frozenset(
            name for route in routes for name in (*(name for name, _ in route.query), *route.required_query)
        )
        self.sub_resources: Final = frozenset(name for route in routes for name, _ in route.query)
        """Every query key that tells operations apart."""

    def find(self, method: str, path: str, query: Query, headers: Mapping[str, str]) -> Matched | None:
        """The operation that is meant; `path` is still percent-encoded."""
        by_method = self._plain_by_method if self._telling.isdisjoint(query) else self._by_method
        for route in by_method.get(method, ()):
            if (route.query or route.required_query) and not _query_fits(route, query):
                continue
            if route.required_headers and not all(name in headers for name in route.required_headers):
                continue
            match = route.pattern.fullmatch(path)
            if match is not None:
                labels: dict[str, str] = match.groupdict()
                if "%" in path or not path.isascii():
                    labels = {name: decode(text) for name, text in labels.items()}
                return Matched(route.operation, labels)
        return None


def _query_fits(route: _Route, query: Query) -> bool:
    for name, value in route.query:
        if name not in query or (value and value not in query[name]):
            return False
    return all(name in query for name in route.required_query)


def _route(operation: OperationModel, model: WireModel) -> _Route:
    path, _, literal = operation.uri.partition("?")
    query = tuple((name, value) for name, _, value in (part.partition("=") for part in literal.split("&") if part))
    members = operation.input["members"]
    required = set(operation.input.get("required", ()))
    located = {m: members[m] for m in required if m in members}
    return _Route(
        operation=operation,
        pattern=re.compile(_path_pattern(path), re.DOTALL),
        query=query,
        required_query=frozenset(
            r["locationName"] for m, r in located.items() if r.get("location") == "querystring" and _tells_apart(r)
        ),
        required_headers=frozenset(
            r["locationName"]
            for r in located.values()
            if r.get("location") == "header" and model.service == "s3" and r["locationName"] == "x-amz-copy-source"
        ),
    )


_TELLING = frozenset({"uploadId", "partNumber", "id", "annotationName"})


def _tells_apart(reference: Mapping[str, str]) -> bool:
    """Whether a required parameter belongs to the operation's place: without it another operation is meant."""
    return reference["locationName"] in _TELLING


def _path_pattern(path: str) -> str:
    pieces = []
    end = 0
    for label in _LABEL.finditer(path):
        pieces += [re.escape(path[end : label.start()]), f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})"]
        end = label.end()
    pieces.append(re.escape(path[end:]))
    return "".join(pieces) + "/?" * (not path.endswith("+}") and path != "/")
