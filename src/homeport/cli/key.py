"""`homeport key`: who may sign requests to the AWS endpoint in mode `signed`."""

import asyncio
import re

import click

from homeport.aws.auth.offline import NoSuchKeyError, new_root_key, with_keys
from homeport.cli.context import with_settings
from homeport.cli.group import Group
from homeport.kernel.clock import SystemClock, to_datetime
from homeport.kernel.config import Settings
from homeport.kernel.ids import SystemIds
from homeport.kernel.storage.layout import DataDirectory

_ACCOUNT = re.compile(r"\d{12}")


def _account(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if _ACCOUNT.fullmatch(value) is None:
        raise click.BadParameter("an account is twelve digits")
    return value


account_option = click.option(
    "--account", default="000000000000", show_default=True, callback=_account, help="Account, twelve digits."
)


@click.group(cls=Group)
def key() -> None:
    """Make, list and remove access keys of the AWS endpoint (they count when aws.auth is `signed`)."""


@key.command()
@account_option
@with_settings
def create(settings: Settings, account: str) -> None:
    """Make a key for an account's root; its secret is shown this once."""
    clock = SystemClock()
    made = new_root_key(SystemIds(), clock, account)
    asyncio.run(with_keys(DataDirectory(settings.data_dir), clock, lambda keys, tx: keys.put(tx, made)))
    click.echo(f"export AWS_ACCESS_KEY_ID={made.id}")
    click.echo(f"export AWS_SECRET_ACCESS_KEY={made.secret}")


@key.command(name="list")
@account_option
@with_settings
def list_keys(settings: Settings, account: str) -> None:
    """List an account's keys, users' too: id, whom it stands for, when it was made."""
    found = asyncio.run(
        with_keys(DataDirectory(settings.data_dir), SystemClock(), lambda keys, tx: keys.lasting(tx, account))
    )
    for each in found:
        made = to_datetime(each.created).isoformat(timespec="seconds")
        click.echo(f"{each.id}  {each.principal_arn}  {made}{'' if each.active else '  inactive'}")


@key.command()
@click.argument("key_id")
@with_settings
def remove(settings: Settings, key_id: str) -> None:
    """Remove a key, whoever it stands for."""
    gone = asyncio.run(
        with_keys(DataDirectory(settings.data_dir), SystemClock(), lambda keys, tx: keys.remove(tx, key_id))
    )
    if not gone:
        raise NoSuchKeyError(key_id)
    click.echo(f"removed {key_id}")
