"""`--untagged`, which `homeport gc` and `homeport k8s gc` share."""

from pathlib import Path

import click

from homeport.kernel.config.kinds import DURATION

NEVER = "never"


def _read_age(_context: click.Context, _option: click.Parameter, text: str) -> float | None:
    """Seconds; None for never."""
    if text == NEVER:
        return None
    try:
        return DURATION.read(text, Path())
    except ValueError:
        raise click.BadParameter(f"{text!r} is not {DURATION.expected}, or {NEVER}") from None


untagged_option = click.option(
    "--untagged",
    callback=_read_age,
    default=NEVER,
    show_default=True,
    metavar="AGE",
    help="Delete manifests too that have no tag and that nobody has pushed or pulled for so long, as in 7d.",
)
