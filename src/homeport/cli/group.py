"""A command that has commands of its own, as its help lists them."""

import click

_ANY_LENGTH = 1000


class Group(click.Group):
    """Tells the whole first sentence of each command, where click's own cuts it at the line's end."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands that are not hidden, in their order."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(_ANY_LENGTH)) for name, each in commands if each and not each.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
