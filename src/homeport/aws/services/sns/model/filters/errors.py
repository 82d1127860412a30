"""What is wrong with a filter policy; the operation says which parameter it came in."""

from homeport.aws.services.sns.model.filters.json_text import Node

_MOST_SHOWN = 500


class FilterPolicyInvalid(ValueError):
    """A filter policy breaks a rule."""


class PolicyText:
    """The text that errors quote."""

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, reason: str, where: Node | int) -> FilterPolicyInvalid:
        """An error at a value, or at a column."""
        column = where if isinstance(where, int) else where.column
        shown = self.text
        if len(shown) > _MOST_SHOWN:
            shown = f'{shown[:_MOST_SHOWN]}"[truncated {len(shown) - _MOST_SHOWN} chars]'
        return FilterPolicyInvalid(f'{reason}\n at [Source: (String)"{shown}"; line: 1, column: {column}]')
