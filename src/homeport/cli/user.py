"""`homeport user`: who may log in to the registry; a running server sees the change within a second."""

import sys

import click

from homeport.cli.context import with_options
from homeport.cli.group import Group
from homeport.cli.passwords import PasswordMissingError, password_from_stdin
from homeport.cli.terminal import print_styled
from homeport.kernel.auth import userfile
from homeport.kernel.auth.htpasswd import check_user_name
from homeport.kernel.auth.passwords import DEFAULT_COST, MAX_COST, MIN_COST
from homeport.kernel.config import Loaded
from homeport.kernel.ids import SystemIds

_with_users = with_options("data_dir", "registry.htpasswd")
_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password's line from standard input.")
_generate = click.option("--generate", is_flag=True, help="Make a password and print it.")
_cost = click.option(
    "--cost",
    type=click.IntRange(MIN_COST, MAX_COST),
    default=DEFAULT_COST,
    show_default=True,
    help="bcrypt's cost; each one more doubles the time of a login's first check.",
)


@click.group(cls=Group)
def user() -> None:
    """Add, change, remove and list the registry's users."""


@user.command()
@click.argument("name")
@_password_stdin
@_generate
@_cost
@_with_users
def add(loaded: Loaded, name: str, *, password_stdin: bool, generate: bool, cost: int) -> None:
    """Add a user; asks for the password on a terminal."""
    check_user_name(name)
    password = password_of(from_stdin=password_stdin, generate=generate)
    userfile.add_user(loaded.settings.registry_htpasswd, name, password, cost=cost)
    _say(f"added {name}", password if generate else None)


@user.command()
@click.argument("name")
@_password_stdin
@_generate
@_cost
@_with_users
def passwd(loaded: Loaded, name: str, *, password_stdin: bool, generate: bool, cost: int) -> None:
    """Give a user another password; asks for it on a terminal."""
    password = password_of(from_stdin=password_stdin, generate=generate)
    userfile.change_password(loaded.settings.registry_htpasswd, name, password, cost=cost)
    _say(f"changed the password of {name}", password if generate else None)


@user.command()
@click.argument("name")
@_with_users
def remove(loaded: Loaded, name: str) -> None:
    """Remove a user."""
    userfile.remove_user(loaded.settings.registry_htpasswd, name)
    _say(f"removed {name}", None)


@user.command(name="list")
@_with_users
def list_users(loaded: Loaded) -> None:
    """List the users, one a line; lines of the file that count for nothing are told on standard error."""
    users = userfile.read_users(loaded.settings.registry_htpasswd)
    for name in sorted(users.hashes):
        click.echo(name)
    for warning in users.warnings:
        print_styled(f"{click.style('warning', fg='yellow')}: {warning}", sys.stderr)


def password_of(*, from_stdin: bool, generate: bool) -> str:
    """A password from where the options say, or asked for on the terminal."""
    if from_stdin and generate:
        raise click.UsageError("--password-stdin and --generate exclude each other.")
    if generate:
        return SystemIds().password()
    if from_stdin:
        return password_from_stdin()
    if not sys.stdin.isatty():
        raise PasswordMissingError(
            "there is no terminal to ask for the password on", hint="use --password-stdin or --generate"
        )
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return prompted


def _say(done: str, password: str | None) -> None:
    """What was done goes to standard error, so that a generated password is all there is on standard output."""
    click.echo(done, err=True)
    if password is not None:
        click.echo(password)
