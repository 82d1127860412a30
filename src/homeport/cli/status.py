"""`homeport status`: whether a server runs on a data directory, and how it is."""

import click

from homeport.cli.context import with_settings
from homeport.cli.running import Running, find_running
from homeport.kernel.config import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@with_settings
def status(settings: Settings, *, as_json: bool) -> None:
    """Ask the running server how it is; exit status 1 when none runs."""
    running = find_running(settings.data_dir)
    click.echo(_json(running) if as_json else _text(running))
    if not running.healthy:
        raise SystemExit(1)


def _json(running: Running) -> bytes:
    import orjson

    return orjson.dumps(running.as_json(), option=orjson.OPT_INDENT_2)


def _text(running: Running) -> str:
    note = running.note
    health = "running" if running.healthy else "running, but not healthy"
    if not running.healthy and not running.told:
        health += ": `/debug/health` says why"
    width = max((len(name) for name, _ in note.addresses), default=0)
    lines = [f"Homeport {note.version} is {health} (process {note.pid}, data in {running.data_dir})"]
    lines += [f"  {name.ljust(width)}  {url}" for name, url in note.addresses]
    return "\n".join([*lines, *(f"  {name}: {told}" for name, told in running.told.items())])
