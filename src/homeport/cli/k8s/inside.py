"""`homeport k8s probe` and `take-over`: what other commands run in pods; not for people."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import click
import orjson

from homeport.deploy.doctor.inside import look
from homeport.deploy.documents import Json
from homeport.deploy.objects.pods import USER


@click.command(hidden=True)
@click.option("--host", "hosts", multiple=True)
@click.option("--url", "urls", multiple=True)
@click.option("--ca-file", type=click.Path(path_type=Path))
@click.option("--port", type=int, default=443)
def probe(hosts: tuple[str, ...], urls: tuple[str, ...], ca_file: Path | None, port: int) -> None:
    """Say as JSON lines what this pod sees of the hosts and URLs."""

    def tell(finding: Mapping[str, Json]) -> None:
        click.echo(orjson.dumps(finding))

    asyncio.run(look(hosts, urls, ca_file, tell, port=port))


@click.command(name="take-over", hidden=True)
@click.argument("volume", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--uid", type=int, default=USER)
def take_over(volume: Path, uid: int) -> None:
    """Give every file of a volume to the image's user."""
    count = 0
    for folder, directories, files in os.walk(volume):
        for name in (".", *directories, *files):
            os.chown(os.path.normpath(Path(folder) / name), uid, uid, follow_symlinks=False)
            count += 1
    click.echo(f"{count} files and directories")
