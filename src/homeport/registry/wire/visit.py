"""One request on its way through the registry's wire: what its handlers are given."""

from dataclasses import dataclass

from homeport.kernel.http.message import Request
from homeport.registry.model.names import RepositoryName, parse_repository
from homeport.registry.operations.context import Call, Registry
from homeport.registry.wire.addresses import Addresses
from homeport.registry.wire.routes import Match, query_values


@dataclass(slots=True)
class Visit:
    """A request, what its path names, and who sent it."""

    registry: Registry
    addresses: Addresses
    request: Request
    match: Match
    call: Call

    @property
    def name(self) -> RepositoryName:
        """The repository.

        Raises:
            NameInvalid: the path's name breaks the grammar.
        """
        return parse_repository(self.match.name)

    def query(self) -> dict[str, list[str]]:
        """The query's parameters."""
        return query_values(self.request.raw_query) if self.request.raw_query else {}

    def location(self, path: str) -> tuple[str, str]:
        """A Location header for a path of the API."""
        return ("Location", self.addresses.of(self.request, path))


def first(query: dict[str, list[str]], name: str) -> str | None:
    """The first value of a parameter; None if it is not there."""
    values = query.get(name)
    return values[0] if values else None
