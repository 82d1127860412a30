"""How a setting can be wrong, told so that its owner finds the line to change."""

from collections.abc import Iterable

from homeport.kernel.errors import OperatorError


class ConfigError(OperatorError):
    """A setting has a value that Homeport cannot use."""


class InvalidValueError(ConfigError):
    """A value that does not read as what its setting takes.

    Args:
        origin: where the value stands: `FILE:LINE`, `HOMEPORT_...` or `--flag`.
        expected: what the setting takes, with an example.
    """

    def __init__(self, key: str, origin: str, *, expected: str, got: str) -> None:
        super().__init__(f"{key}: expected {expected}, got {got} (from {origin})")
        self.key = key
        self.origin = origin


class UnknownSettingError(ConfigError):
    """A name that no setting has; the hint says which one comes nearest.

    Args:
        known: every name that would have been right in that place.
    """

    def __init__(self, name: str, origin: str, known: Iterable[str]) -> None:
        super().__init__(f"{name} is not a setting (from {origin})", hint=_nearest(name, list(known)))


class ConfigFileError(ConfigError):
    """A configuration file that cannot be read at all."""


class ConflictError(ConfigError):
    """Settings that are right one by one and wrong together."""


def _nearest(name: str, known: list[str]) -> str:
    # Only a mistake needs difflib; a good start does not pay for its import.
    from difflib import get_close_matches

    plain = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(name.lower(), plain, n=1)
    return f"did you mean {plain[matches[0]]}?" if matches else "`homeport config show` lists every setting"
