"""Options that stand for settings, made from the settings table, and the settings that a command gets from them."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from homeport.aws.localstack.variables import spoken_of, translate
from homeport.kernel.config import SETTINGS, Loaded, Setting, Settings, find_config_file, load

P = ParamSpec("P")
R = TypeVar("R")

_PREFIX = "setting_"
_ROWS = {row.key: row for row in SETTINGS if row.flag}


def with_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[..., R]:
    """Give a command `--config` and `--data-dir`, and the settings as its first argument.

    Stands below `@click.command()`; the environment counts too. A wrong setting raises ConfigError.
    """

    @functools.wraps(command)
    def with_values(loaded: Loaded, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return command(loaded.settings, *args, **kwargs)

    return with_options("data_dir")(with_values)


def with_options(*keys: str) -> Callable[[Callable[Concatenate[Loaded, P], R]], Callable[..., R]]:
    """Give a command `--config` and the flags of these settings (of all when none are named), and what was loaded."""
    rows = [_ROWS[key] for key in keys] or list(_ROWS.values())

    def decorate(command: Callable[Concatenate[Loaded, P], R]) -> Callable[..., R]:
        @functools.wraps(command)
        def load_first(config_file: Path | None, *args: P.args, **kwargs: P.kwargs) -> R:
            given = {row.key: kwargs.pop(_parameter(row)) for row in rows}
            flags = {key: str(text) for key, text in given.items() if text is not None}
            file = config_file or find_config_file(os.environ)
            loaded = load(file, translate(os.environ), flags, spoken_of=spoken_of(os.environ))
            return command(loaded, *args, **kwargs)

        decorated: Callable[..., R] = load_first
        for row in reversed(rows):
            decorated = _option(row)(decorated)
        return _config_option(decorated)

    return decorate


_config_option = click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Configuration file (YAML).  [default: ~/.config/homeport/config.yaml or /etc/homeport/config.yaml]",
)


def _parameter(row: Setting[object]) -> str:
    return _PREFIX + row.attribute


def _option(row: Setting[object]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    default = f"  [default: {row.default}]" if row.default else ""
    return click.option(row.flag, _parameter(row), metavar=_metavar(row.kind.name), help=row.help + default)


def _metavar(kind: str) -> str:
    """Words to choose from as they are typed, everything else in capitals."""
    return kind.replace(" ", "") if "|" in kind else kind.upper()
