"""`homeport up`: the server in the foreground, from command line to exit status."""

import click

from homeport.cli.context import with_options
from homeport.cli.passwords import password_from_stdin
from homeport.kernel.config import Loaded, Settings


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
    raise SystemExit(_serve(settings, password, by_flag=loaded.origins.get("data_dir", "").startswith("--")))


def _serve(settings: Settings, password: str, *, by_flag: bool) -> int:
    # The server's own modules come in only now: a wrong flag is answered without them.
    from homeport.app import UpOptions, serve
    from homeport.cli.banner import banner_printer

    banner = banner_printer(by_flag=by_flag)
    return serve(settings, UpOptions(user=settings.user or None, password=password or None, banner=banner))
