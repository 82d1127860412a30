"""`homeport gc`: ask a running registry to collect its garbage."""

import http.client
import sys
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import click
import orjson

from homeport.cli.context import with_settings
from homeport.cli.untagged import untagged_option
from homeport.kernel.config import Settings
from homeport.kernel.config.kinds import DURATION
from homeport.kernel.errors import OperatorError
from homeport.kernel.runfile import read_run_file
from homeport.kernel.storage.layout import DataDirectory

_PATH = "/registry/gc"
_PATIENCE_SECONDS = 7200.0
_PAUSE_SECONDS = 1.0
_OK = 200


class CollectionRefusedError(OperatorError):
    """The server did not collect."""


def _read_duration(_context: click.Context, _option: click.Parameter, text: str) -> float:
    try:
        return DURATION.read(text, Path())
    except ValueError:
        raise click.BadParameter(f"{text!r} is not {DURATION.expected}") from None


@click.command()
@click.option("--preview", is_flag=True, help="Only say what would be deleted.")
@untagged_option
@click.option("--server", metavar="URL", help="The debug listener.  [default: of the server on the data directory]")
@click.option(
    "--wait",
    callback=_read_duration,
    default="0s",
    show_default=True,
    metavar="DURATION",
    help="How long to try while the server cannot be reached.",
)
@with_settings
def gc(settings: Settings, server: str | None, untagged: float | None, wait: float, *, preview: bool) -> None:
    """Delete blobs that no manifest needs from the running registry; pulls go on, pushes wait a moment."""
    url = server or _debug_url(settings)
    query = {**({"preview": "true"} if preview else {}), **({} if untagged is None else {"untagged": f"{untagged:f}"})}
    told = _ask(url, f"?{urlencode(query)}", wait)
    for kind in ("manifests", "blobs"):
        deleted = told.get(kind)
        for name in deleted if isinstance(deleted, list) else ():
            click.echo(name)
    word = "would free" if preview else "freed"
    young = (
        f"; {told['young_bytes']} bytes came within the last hour and stay for now" if told.get("young_bytes") else ""
    )
    click.echo(
        f"{word} {told['freed_bytes']} bytes; {told['kept']} blobs and manifests are needed{young}", file=sys.stderr
    )


def _debug_url(settings: Settings) -> str:
    note = read_run_file(DataDirectory(settings.data_dir).run)
    for name, url in note.addresses if note else ():
        if name == "debug" and url.startswith("http://"):
            return url
    raise CollectionRefusedError(
        f"no Homeport with a debug listener runs on {settings.data_dir}",
        hint="give the server one with listen.debug, or name another machine's with --server URL",
    )


def _ask(url: str, query: str, wait_seconds: float) -> dict[str, object]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE_SECONDS)
    try:
        _connect(connection, wait_seconds)
        connection.request("POST", _PATH + query)
        answer = connection.getresponse()
        told: dict[str, object] = orjson.loads(answer.read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        raise CollectionRefusedError(f"{url} does not answer as Homeport does: {error}") from error
    finally:
        connection.close()
    if answer.status != _OK:
        raise CollectionRefusedError(f"{url}: {told.get('error', answer.status)}")
    return told


def _connect(connection: http.client.HTTPConnection, wait_seconds: float) -> None:
    """Connect; a new pod is let through by K3s' network policies only some seconds after it has started."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.connect()
        except OSError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
