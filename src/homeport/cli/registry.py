"""`homeport registry`: the command line of registry:2, for those who come with its config.yml and its scripts."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from homeport import VERSION
from homeport.cli.group import Group
from homeport.kernel.errors import OperatorError

if TYPE_CHECKING:
    from homeport.app import Started
    from homeport.registry.distribution.configuration import DistributionConfig

_DEFAULT_USER = "docker"

_GO_TRUE = frozenset({"1", "t", "true"})
_GO_FALSE = frozenset({"0", "f", "false"})

_config = click.argument("config", required=False)


class _GoFlags(click.Command):
    """Flags as Go's cobra takes them: `--dry-run=true` is `--dry-run`, and `=false` is nothing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the flags as click knows them, and go on."""
        plain: list[str] = []
        for argument in args:
            flag, equals, value = argument.partition("=")
            if not (equals and flag.startswith("-") and value.lower() in _GO_TRUE | _GO_FALSE):
                plain.append(argument)
            elif value.lower() in _GO_TRUE:
                plain.append(flag)
        return super().parse_args(ctx, plain)


@click.group(cls=Group)
@click.version_option(VERSION, "--version", "-v", message=f"registry homeport {VERSION}")
def registry() -> None:
    """Run on a registry:2 configuration (config.yml and REGISTRY_* variables)."""


@registry.command()
@_config
def serve(config: str | None) -> None:
    """Store and distribute images as a registry:2 with this CONFIG would.

    CONFIG may also come from REGISTRY_CONFIGURATION_PATH.
    """
    loaded = _load(config)
    _tell(loaded)
    # The server's own modules come in only now: a wrong configuration is answered without them.
    from homeport.app import UpOptions
    from homeport.app import serve as run

    missing = not loaded.settings.registry_htpasswd.exists()
    options = UpOptions(user=_DEFAULT_USER if missing else None, password=None, banner=_show_new_user)
    raise SystemExit(run(loaded.settings, options))


def _tell(loaded: "DistributionConfig") -> None:
    """What of the configuration has no effect, in the server's log."""
    if not loaded.notices:
        return
    from homeport.kernel.clock import SystemClock
    from homeport.kernel.log import stderr_log

    settings = loaded.settings
    log = stderr_log(clock=SystemClock(), line_format=settings.log_format, level=settings.log_level)
    for notice in loaded.notices:
        log.warning("configuration without effect", subject=notice.subject, reason=notice.message)
    log.flush()


def _show_new_user(started: "Started") -> None:
    """registry:2 too makes a missing password file, and tells the password once."""
    if started.generated_password is not None:
        click.echo(
            f"warning: htpasswd is missing, provisioned with user {started.user} and password"
            f" {started.generated_password}",
            err=True,
        )


@registry.command("garbage-collect", cls=_GoFlags)
@click.option("-d", "--dry-run", is_flag=True, help="Do everything except remove the blobs.")
@click.option("-m", "--delete-untagged", is_flag=True, help="Delete manifests that no tag refers to.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless something fails.")
@_config
def garbage_collect(config: str | None, *, dry_run: bool, delete_untagged: bool, quiet: bool) -> None:
    """Delete what no manifest refers to. The server of this CONFIG must not be running, except for a dry run.

    Nothing is deleted if anything that decides over it cannot be read.
    """
    loaded = _load(config)
    from homeport.registry.collect.run import Options, collect_garbage

    options = Options(dry_run=dry_run, delete_untagged=delete_untagged, quiet=quiet)
    try:
        collect_garbage(loaded.settings.registry_root, options, out=_print_line, log=_print_error)
        sys.stdout.flush()
    except OperatorError as error:
        sys.stdout.flush()
        _fail("failed to garbage collect", error)


def _load(config: str | None) -> "DistributionConfig":
    # YAML takes 15 ms to import: only those who have a file pay for it.
    from homeport.registry.distribution.configuration import find_configuration, load_configuration

    try:
        return load_configuration(find_configuration(config, os.environ), os.environ)
    except OperatorError as error:
        _fail("configuration error", error)


def _print_line(line: str) -> None:
    """Buffered, unlike click's own: a large registry has millions of lines."""
    sys.stdout.write(line + "\n")


def _print_error(line: str) -> None:
    sys.stderr.write(line + "\n")


def _fail(what: str, error: OperatorError) -> NoReturn:
    """The form that scripts around registry:2 look for, with exit status 1."""
    click.echo(f"{what}: {error.message}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
    raise SystemExit(1) from error
