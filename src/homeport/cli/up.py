"""`homeport up`: the server in the foreground, from command line to exit status."""

import click

from homeport.cli.context import with_options
from homeport.cli.passwords import password_from_stdin
from homeport.kernel.config import Loaded


@click.command()
@click.option("--password-stdin", is_flag=True, help="Read the password of --user from the first line of stdin.")
@with_options()
def up(loaded: Loaded, *, password_stdin: bool) -> None:
    """Start Homeport in the foreground; Ctrl-C stops it, a second Ctrl-C at once.

    Without a user, the first start makes one with a generated password and shows it once.
    """
    settings = loaded.settings
    if password_stdin and not settings.user:
        raise click.UsageError("--password-stdin needs --user NAME.")
    password = password_from_stdin() if password_stdin else settings.password.reveal()
    raise SystemExit(_serve(loaded, password))


def _serve(loaded: Loaded, password: str) -> int:
    # The server's own modules come in only now: a wrong flag is answered without them.
    from homeport.app import UpOptions, serve
    from homeport.cli.banner import banner_printer, told_by_flag

    banner = banner_printer(by_flag=told_by_flag(loaded))
    user = loaded.settings.user or None
    return serve(loaded.settings, UpOptions(user=user, password=password or None, banner=banner))
