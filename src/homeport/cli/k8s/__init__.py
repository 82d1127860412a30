"""`homeport k8s`: a deployment on K3s, from its manifests to its doctor; subcommands are imported when asked for."""

import importlib

import click

from homeport.cli.group import Group

_COMMANDS = {
    "render": "files:render",
    "chart": "files:chart",
    "install": "installing:install",
    "upgrade": "installing:upgrade",
    "uninstall": "installing:uninstall",
    "doctor": "checking:doctor",
    "trust": "access:trust",
    "node": "access:node",
    "pull-secret": "access:pull_secret",
    "user": "users:user",
    "dns": "names:dns",
    "gc": "copies:gc",
    "backup": "copies:backup",
    "restore": "copies:restore",
    "probe": "inside:probe",
    "take-over": "inside:take_over",
}


class _Group(Group):
    """Commands that cost nothing until they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's signature
        """In the order in which they are needed."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # click's signature
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Group)
def k8s() -> None:
    """Deploy Homeport on K3s, and keep it well."""
