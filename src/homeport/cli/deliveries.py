"""`homeport deliveries`: events between AWS services that could not be delivered and wait for somebody to look."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from homeport.aws import outbox
from homeport.aws.set_aside import NoSuchDeliveryError, with_outbox
from homeport.cli.context import with_settings
from homeport.cli.group import Group
from homeport.kernel.clock import SystemClock, to_datetime
from homeport.kernel.config import Settings
from homeport.kernel.storage.database import Tx
from homeport.kernel.storage.layout import DataDirectory

T = TypeVar("T")


@click.group(cls=Group)
def deliveries() -> None:
    """List events between AWS services that were set aside after failing for ten minutes; try them again."""


@deliveries.command(name="list")
@with_settings
def list_set_aside(settings: Settings) -> None:
    """List them: number, since when, from and to whom, and the last error."""
    for each in _write(settings, outbox.all_set_aside):
        since = to_datetime(each.since).isoformat(timespec="seconds")
        click.echo(f"{each.number}  {since}  {each.lane}  {each.error}")


@deliveries.command()
@click.argument("number", type=int)
@with_settings
def show(settings: Settings, number: int) -> None:
    """Print one whole, as JSON."""
    content = _write(settings, lambda tx: outbox.content_set_aside(tx, number))
    if content is None:
        raise NoSuchDeliveryError(number)
    click.echo(content)


@deliveries.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
@with_settings
def retry(settings: Settings, numbers: Sequence[int], *, every: bool) -> None:
    """Put some back behind what waits for the same target; a running server tries them within half a minute."""
    if every == bool(numbers):
        raise click.UsageError("name the deliveries by their numbers, or say --all")
    now = SystemClock().now()

    def put_back(tx: Tx) -> int:
        chosen = [each.number for each in outbox.all_set_aside(tx)] if every else numbers
        for number in chosen:
            if not outbox.retry(tx, number, now):
                raise NoSuchDeliveryError(number)
        return len(chosen)

    click.echo(f"{_write(settings, put_back)} will be tried again")


@deliveries.command()
@click.argument("number", type=int)
@with_settings
def remove(settings: Settings, number: int) -> None:
    """Delete one for good."""
    if not _write(settings, lambda tx: outbox.discard(tx, number)):
        raise NoSuchDeliveryError(number)
    click.echo(f"removed {number}")


def _write(settings: Settings, work: Callable[[Tx], T]) -> T:
    return asyncio.run(with_outbox(DataDirectory(settings.data_dir), SystemClock(), work))
