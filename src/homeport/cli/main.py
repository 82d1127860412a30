"""The `homeport` program: which commands there are, imported when they are asked for."""

import importlib

import click

from homeport import VERSION
from homeport.cli.errors import DiskRefused, NotPermitted, show_error
from homeport.cli.group import Group
from homeport.kernel.errors import OperatorError
from homeport.kernel.storage.errors import StorageError

COMMANDS = {
    "up": "homeport.cli.up:up",
    "status": "homeport.cli.status:status",
    "config": "homeport.cli.config:config",
    "user": "homeport.cli.user:user",
    "ca": "homeport.cli.ca:ca",
    "registry": "homeport.cli.registry:registry",
    "key": "homeport.cli.key:key",
    "deliveries": "homeport.cli.deliveries:deliveries",
    "env": "homeport.cli.env:env",
    "aws": "homeport.cli.env:aws",
    "gc": "homeport.cli.gc:gc",
    "backup": "homeport.cli.backup:backup",
    "restore": "homeport.cli.backup:restore",
    "doctor": "homeport.cli.doctor:doctor",
    "k8s": "homeport.cli.k8s:k8s",
    "serve": "homeport.cli.serve:serve",
    "version": "homeport.cli.version:version",
}
"""Command to the module and attribute that hold it."""


class Program(Group):
    """A group whose commands cost nothing until they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order that a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name, or say which name comes nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            nearest = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
            raise click.UsageError(f"No such command '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an operator's problem ends it with exit status 1 and without a traceback."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            show_error(error)
            ctx.exit(1)
        except StorageError as error:
            show_error(DiskRefused(error))
            ctx.exit(1)
        except PermissionError as error:
            show_error(NotPermitted(error))
            ctx.exit(1)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(VERSION, prog_name="homeport", message="%(prog)s %(version)s")
def homeport() -> None:
    """A private container registry and a local AWS cloud, in one process."""


def main() -> None:
    """Run the program with the process's own arguments."""
    homeport(prog_name="homeport")
