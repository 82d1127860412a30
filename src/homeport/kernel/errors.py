"""What an operator is told when Homeport cannot go on: what happened, where, and what to do about it."""


class OperatorError(Exception):
    """A problem that the person at the command line can cure; printed without a traceback, exit status 1.

    Args:
        message: one sentence, no full stop, lower case at its start unless a name begins it.
        hint: what to do about it, one line; may hold a command to type.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
