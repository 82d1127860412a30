"""`homeport k8s user`: who may log in to the registry on the cluster."""

import click

from homeport.cli.group import Group
from homeport.cli.k8s.options import Target, say, with_target
from homeport.cli.user import password_of
from homeport.deploy.cluster.accounts import Accounts
from homeport.deploy.cluster.api import Api
from homeport.deploy.values import Values
from homeport.kernel.auth.htpasswd import check_user_name

_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password's line from standard input.")
_generate = click.option("--generate", is_flag=True, help="Make a password and print it.")
_SOON = "the pods see it within a minute, without a restart"


@click.group(cls=Group)
def user() -> None:
    """Add, change, remove and list the registry's users on the cluster."""


@user.command()
@click.argument("name")
@_password_stdin
@_generate
@with_target
def add(target: Target, name: str, *, password_stdin: bool, generate: bool) -> None:
    """Add a user; asks for the password on a terminal."""
    check_user_name(name)
    password = password_of(from_stdin=password_stdin, generate=generate)

    async def work(api: Api, values: Values) -> None:
        await Accounts(api, values).add(name, password)

    target.run(work)
    say(f"added {name}; {_SOON}")
    if generate:
        click.echo(password)


@user.command()
@click.argument("name")
@_password_stdin
@_generate
@with_target
def passwd(target: Target, name: str, *, password_stdin: bool, generate: bool) -> None:
    """Give a user another password; that of the pull account goes into its pull secret too."""
    password = password_of(from_stdin=password_stdin, generate=generate)

    async def work(api: Api, values: Values) -> None:
        await Accounts(api, values).change_password(name, password)
        if name == values.registry.pull_user:
            say("the nodes have the old one until the node script runs again")

    target.run(work)
    say(f"changed the password of {name}; {_SOON}")
    if generate:
        click.echo(password)


@user.command()
@click.argument("name")
@with_target
def remove(target: Target, name: str) -> None:
    """Remove a user."""

    async def work(api: Api, values: Values) -> None:
        await Accounts(api, values).remove(name)

    target.run(work)
    say(f"removed {name}; {_SOON}")


@user.command(name="list")
@with_target
def list_users(target: Target) -> None:
    """List the users, one a line."""

    async def work(api: Api, values: Values) -> list[str]:
        return await Accounts(api, values).names()

    for name in target.run(work):
        click.echo(name)
