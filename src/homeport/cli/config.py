"""`homeport config`: what is set, and where each value came from."""

import sys
from collections.abc import Callable

import click

from homeport.cli.context import with_options
from homeport.cli.group import Group
from homeport.cli.terminal import print_styled
from homeport.kernel.config import SETTINGS, Loaded, Setting
from homeport.kernel.config.kinds import Shown

_DEFAULT = "default"


@click.group(cls=Group)
def config() -> None:
    """Look at the settings."""


@config.command()
@click.option(
    "--format", "form", type=click.Choice(["table", "yaml", "json"]), default="table", show_default=True, help="Form."
)
@with_options()
def show(loaded: Loaded, form: str) -> None:
    """Show every setting with its value, and where that value came from.

    The YAML form is a configuration file that says the same again, except for secrets, which are never shown.
    """
    forms: dict[str, Callable[[Loaded], str]] = {"table": _as_table, "yaml": _as_yaml, "json": _as_json}
    print_styled(forms[form](loaded), sys.stdout)


def value_of(loaded: Loaded, row: Setting[object]) -> Shown:
    """A setting's value as a file would write it; secrets as asterisks."""
    return row.kind.show(getattr(loaded.settings, row.attribute))


def _as_json(loaded: Loaded) -> str:
    import orjson

    rows = {
        row.key: {"value": value_of(loaded, row), "from": loaded.origins.get(row.key, _DEFAULT)} for row in SETTINGS
    }
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()


def _as_yaml(loaded: Loaded) -> str:
    """One line a setting: dotted keys, values in flow style, the source as a comment."""
    import orjson

    # JSON is YAML, and quotes what YAML would otherwise take for something else.
    return "\n".join(
        f"{_comment(row)}{row.key}: {orjson.dumps(value_of(loaded, row)).decode()}"
        f"  # {loaded.origins.get(row.key, _DEFAULT)}"
        for row in SETTINGS
    )


def _comment(row: Setting[object]) -> str:
    return "# " if row.kind.name == "secret" else ""


def _as_table(loaded: Loaded) -> str:
    rows = [(row.key, _told(loaded, row), loaded.origins.get(row.key, _DEFAULT)) for row in SETTINGS]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(
        f"{click.style(key.ljust(widths[0]), bold=origin != _DEFAULT)}  {value.ljust(widths[1])}  "
        f"{click.style(origin, dim=origin == _DEFAULT)}"
        for key, value, origin in rows
    )


def _told(loaded: Loaded, row: Setting[object]) -> str:
    """The value; where nobody set one and it follows from something else, how the table of settings puts that."""
    return _cell(value_of(loaded, row)) or ("" if row.key in loaded.origins else row.default)


def _cell(value: Shown) -> str:
    import orjson

    match value:
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(map(str, value))
        case _:
            return orjson.dumps(value).decode() if value or value is False or value == 0 else ""
