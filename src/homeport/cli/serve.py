"""`homeport serve`: one half or both, on every interface; what a container runs."""

import dataclasses

import click

from homeport.cli.context import with_options
from homeport.kernel.config import Loaded, Settings
from homeport.kernel.http.address import Address, TcpAddress

_PORTS = {"registry": 5000, "aws": 4566, "debug": 5001}
HALVES = ("registry", "aws", "all")


@click.command()
@click.argument("half", type=click.Choice(HALVES))
@with_options()
def serve(loaded: Loaded, half: str) -> None:
    """Serve one HALF of Homeport, or all of it, in the foreground, as in a container.

    Like `homeport up`, but it listens on every interface where no address is set.
    """
    # The server's own modules come in only now: a wrong flag is answered without them.
    from homeport.app import UpOptions
    from homeport.app import serve as run
    from homeport.cli.banner import banner_printer, told_by_flag

    settings = settings_for(half, loaded)
    password = settings.password.reveal() or None
    banner = banner_printer(by_flag=told_by_flag(loaded))
    raise SystemExit(run(settings, UpOptions(user=settings.user or None, password=password, banner=banner)))


def settings_for(half: str, loaded: Loaded) -> Settings:
    """The settings with the other half's listener off, and ours on every interface unless somebody said where."""
    settings = loaded.settings
    given = {"registry": settings.listen_registry, "aws": settings.listen_aws, "debug": settings.listen_debug}
    listeners: dict[str, tuple[Address, ...]] = {}
    for name, port in _PORTS.items():
        if name not in {half, "debug"} and half != "all":
            listeners[name] = ()
        else:
            listeners[name] = given[name] if f"listen.{name}" in loaded.origins else (TcpAddress("", port),)
    return dataclasses.replace(
        settings, listen_registry=listeners["registry"], listen_aws=listeners["aws"], listen_debug=listeners["debug"]
    )
