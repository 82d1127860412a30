"""`homeport backup` and `homeport restore`: a data directory to a stream and back."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from homeport.cli.context import with_options
from homeport.kernel.config import Loaded
from homeport.kernel.errors import OperatorError


class BackupFileError(OperatorError):
    """The archive's file cannot be opened."""


_with_places = with_options("data_dir", "registry.root")


@click.command()
@click.argument("file", default="-")
@_with_places
def backup(loaded: Loaded, file: str) -> None:
    """Write everything in the data directory to FILE (- is standard output); the server may run meanwhile.

    The archive holds passwords' hashes and keys: keep it private.
    """
    from homeport.kernel.storage.archive import write_archive

    settings = loaded.settings
    with _written(file) as out:
        count = write_archive(settings.data_dir, settings.registry_root, out)
        out.flush()
    click.echo(f"{count} files", err=True)


@click.command()
@click.argument("file", default="-")
@click.option("--replace", is_flag=True, help="Remove what Homeport has there, once the archive has proved whole.")
@_with_places
def restore(loaded: Loaded, file: str, *, replace: bool) -> None:
    """Fill an empty data directory from FILE (- is standard input), checked by digest before any of it counts."""
    from homeport.kernel.storage.archive import read_archive

    settings = loaded.settings
    with _opened(file, "rb") as source:
        count = read_archive(settings.data_dir, settings.registry_root, source, replace=replace)
    click.echo(f"{count} files", err=True)


@contextlib.contextmanager
def _written(file: str) -> Iterator[IO[bytes]]:
    """A file that appears whole in the place of an older one, or not at all; pipes and devices as they are."""
    target = Path(os.path.realpath(file))
    if file == "-" or (target.exists() and not target.is_file()):
        with _opened(file, "wb") as out:
            yield out
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _opened(str(temporary), "wb", told=file) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _opened(file: str, mode: str, *, told: str = "") -> IO[bytes]:
    if file == "-":
        stream = sys.stdin if mode == "rb" else sys.stdout
        if stream.isatty():
            raise click.UsageError("an archive is not for a terminal: name a FILE, or use a pipe.")
        return open(stream.fileno(), mode, closefd=False)  # closed by who asked
    try:
        # The umask is for files without secrets.
        return open(file, mode, opener=lambda path, flags: os.open(path, flags, 0o600))  # Path has no opener
    except OSError as error:
        raise BackupFileError(f"{told or file}: {error.strerror}") from error
