"""Whether the server is well: what its parts say, and what the operator says."""

from collections.abc import Callable, Mapping

Check = Callable[[], str | None]
"""None while all is well, else what is not, in one line."""

_MANUAL = "manual_http_status"


class Health:
    """All checks of one server; each is cheap, and reports what somebody else has found out."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._readiness: dict[str, Check] = {}
        self._notes: dict[str, Check] = {}
        self.down_by_hand = False

    def add(self, name: str, check: Check) -> None:
        """Add a check; while it fails the server is unhealthy."""
        self._checks[name] = check

    def add_readiness(self, name: str, check: Check) -> None:
        """Add a check of whether the server is ready for traffic yet, or still."""
        self._readiness[name] = check

    def add_note(self, name: str, check: Check) -> None:
        """Add something that an operator should look at, while the server serves as it should."""
        self._notes[name] = check

    def notes(self) -> Mapping[str, str]:
        """What an operator should look at, by name."""
        return {name: note for name, check in self._notes.items() if (note := check()) is not None}

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by the name of the check."""
        found = {name: problem for name, check in self._checks.items() if (problem := check()) is not None}
        if self.down_by_hand:
            found[_MANUAL] = "taken down by hand"
        return found

    def not_ready(self) -> Mapping[str, str]:
        """What keeps the server from taking traffic: everything that is wrong, and what has not happened yet."""
        waiting = {name: problem for name, check in self._readiness.items() if (problem := check()) is not None}
        return {**waiting, **self.problems()}
