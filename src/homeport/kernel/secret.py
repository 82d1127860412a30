"""Text that is never shown by accident."""

import hmac

HIDDEN = "********"
"""What stands in a secret's place wherever one would be shown."""


class Secret:
    """Text that is never shown: `repr`, `str` and every listing give asterisks, only `reveal` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(other._text.encode(), self._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return HIDDEN if self._text else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be pickled or copied: pass the object itself")
