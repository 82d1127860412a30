"""How an operator's problem is told: reference, message and hint, on standard error."""

import re
import sys

import click

from homeport.cli.terminal import print_styled
from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.errors import StorageError

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class DiskRefused(OperatorError):
    """The disk said no, or the system on its behalf."""

    def __init__(self, error: StorageError) -> None:
        super().__init__(
            str(error), hint="the user who runs Homeport has to be allowed to write there, and the disk needs room"
        )


class NotPermitted(OperatorError):
    """Somebody else's data directory, as when a service runs as a user of its own."""

    def __init__(self, error: PermissionError) -> None:
        super().__init__(
            f"{error.filename}: {error.strerror}",
            hint="type this as the user who runs Homeport, as with `sudo -u homeport`; or name another --data-dir",
        )


def reference_of(error: OperatorError) -> str:
    """The word to search the documentation for: the class's name, `UnknownSettingError` as `unknown-setting`."""
    return _WORD_STARTS.sub("-", type(error).__name__.removesuffix("Error")).lower()


def show_error(error: OperatorError) -> None:
    """Print it as a person needs it; no traceback."""
    lines = [f"{click.style('error', fg='red', bold=True)} [{reference_of(error)}]: {error.message}"]
    if error.hint:
        lines.append(f" {click.style('hint', fg='cyan')}: {error.hint}")
    print_styled("\n".join(lines), sys.stderr)
