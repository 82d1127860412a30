"""`homeport version`: which Homeport this is, and what it runs on."""

import platform

import click

from homeport import VERSION


@click.command()
def version() -> None:
    """Print the version of Homeport and of Python."""
    click.echo(f"homeport {VERSION} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
