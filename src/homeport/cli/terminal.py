"""How output looks: coloured on a terminal that wants colour, plain everywhere else."""

import os
from typing import TextIO

import click


def wants_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal that nobody asked to be plain (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_styled(text: str, stream: TextIO) -> None:
    """Print text that holds `click.style` codes; they are taken out where colour is not wanted."""
    click.echo(text, file=stream, color=wants_colour(stream))
