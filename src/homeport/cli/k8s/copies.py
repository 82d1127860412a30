"""`homeport k8s gc`, `backup` and `restore`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, get_args

import click

from homeport.cli.k8s.options import Target, say, with_target
from homeport.cli.untagged import untagged_option
from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.copies import Half, back_up
from homeport.deploy.cluster.copies import restore as fill
from homeport.deploy.cluster.pods import running_pod
from homeport.deploy.cluster.streams import run_in_pod
from homeport.deploy.objects.config import CONFIG, REGISTRY_DEBUG_PORT
from homeport.deploy.objects.labels import REGISTRY
from homeport.deploy.values import Values
from homeport.kernel.errors import OperatorError

_READ_BYTES = 1 << 20
_half = click.argument("half", type=click.Choice(get_args(Half)))


@click.command()
@click.option("--preview", is_flag=True, help="Only say what would be deleted.")
@untagged_option
@with_target
def gc(target: Target, untagged: float | None, *, preview: bool) -> None:
    """Delete blobs that no manifest needs from the running registry; pulls go on."""

    async def work(api: Api, values: Values) -> str:
        pod = await running_pod(api, values, REGISTRY)
        command = ["homeport", "gc", "--server", f"http://127.0.0.1:{REGISTRY_DEBUG_PORT}"]
        command += ["--config", f"{CONFIG}/registry.yaml", *(["--preview"] if preview else [])]
        command += [] if untagged is None else ["--untagged", f"{untagged:f}"]
        return await run_in_pod(
            api, pod, command, lambda piece: click.echo(piece.decode(), nl=False), container=REGISTRY
        )

    say(target.run(work))


def _print(piece: bytes) -> None:
    click.echo(piece.decode("utf-8", "replace"), nl=False)


@click.command()
@_half
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_target
def backup(target: Target, half: Half, file: Path) -> None:
    """Write the data of one HALF to FILE, while it serves."""
    with private_file(file) as out:

        async def work(api: Api, values: Values) -> str:
            return await back_up(api, values, half, out.write)

        said = target.run(work)
    say(f"{file}: {said}")


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone; it is removed again when writing fails, since half an archive looks like one."""
    try:
        out = path.open("xb")
    except OSError as error:
        raise FileNotMadeError(f"{path}: {error.strerror}") from error
    try:
        with out:
            path.chmod(0o600)
            yield out
    except BaseException:
        path.unlink()
        raise


class FileNotMadeError(OperatorError):
    """A file that is there already, or in a place where none can be made."""


@click.command()
@_half
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Replace what the volume holds, as after the half has run on it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_target
def restore(target: Target, half: Half, file: Path, *, replace: bool, yes: bool) -> None:
    """Fill the volume of one HALF from FILE; the half stands still meanwhile."""
    if not yes:
        what = f"restore {file} IN PLACE OF ITS DATA" if replace else f"restore {file}"
        click.confirm(f"Stop {half} in namespace {target.namespace} and {what}?", abort=True, err=True)

    async def work(api: Api, values: Values) -> None:
        await fill(api, values, half, _pieces(file), say, replace=replace)

    target.run(work)


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(_READ_BYTES):
            yield piece
