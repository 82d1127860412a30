"""Writes `docs/reference/settings.md` from the settings table; with `--check` only says whether it is up to date."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from homeport.kernel.config import SETTINGS, Setting

PAGE = Path(__file__).parent.parent / "docs/reference/settings.md"

_TITLES = {
    "": "General",
    "log": "Log",
    "listen": "Listeners",
    "http": "HTTP",
    "tls": "TLS",
    "registry": "Registry",
    "aws": "AWS",
    "sqs": "SQS",
    "sns": "SNS",
    "s3": "S3",
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "page": "Start page",
}

_INTRODUCTION = """\
# Settings

<!-- Written by tools/write_settings_page.py from src/homeport/kernel/config/table.py; do not edit. -->

Every setting has one key in the configuration file and, unless its line says otherwise, one environment variable and
one flag of `homeport up`. A flag wins over a variable, a variable over the file, the file over the default.
`homeport config show` prints every value and where it came from; an unknown name is an error.

**The file** is YAML. `homeport up --config FILE` or `HOMEPORT_CONFIG` name it; otherwise the first of
`$XDG_CONFIG_HOME/homeport/config.yaml` (`~/.config/homeport/config.yaml`) and `/etc/homeport/config.yaml` counts.
Dots are levels: `listen: {registry: ":5000"}` and `listen.registry: ":5000"` say the same.
Relative paths start at the file's folder there, and at the working directory in variables and flags.

**Kinds.** A *duration* is `250ms`, `30s`, `10m`, `12h`, `7d`, `2w` or a number of seconds; a *size* is `256MiB`, `10GB`
or a number of bytes (`K`, `M`, `G` and `T` are powers of 1024). *Addresses*, *networks* and *lists* are separated by
commas, or a list in the file. An address is `127.0.0.1:5000`, `[::1]:5000` (in quotes in the file), `:5000` for every
interface, or `unix:/path`.

**Where data lies** when nobody says so: the directory that systemd made for the service (`StateDirectory=`), else
`/var/lib/homeport` for a systemd service that runs as root, else `~/Library/Application Support/homeport` on macOS,
else `$XDG_DATA_HOME/homeport` (`~/.local/share/homeport`).
"""

_RULES = """
### Access rules

```yaml
registry:
  groups:
    ops: [alice, bob]
  access:
    - {repositories: ["**"], groups: [ops], actions: [pull, push, delete]}
    - {repositories: ["team/*"], users: [carol], actions: [pull, push]}
    - {repositories: ["public/**"], users: [anonymous], actions: [pull]}
```

Something is allowed if one rule allows it; without rules every user may do everything. `*` in a pattern stands for text
inside one component of a repository's name, `**` for any number of components. Among the users, `*` is everybody who
has logged in, `anonymous` is everybody, and `!name` keeps one out whom `*` or a group would let in.
"""


def main() -> int:
    """Write or check the page; 1 when it is out of date."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    print(f"{PAGE.name} is out of date: run `make docs`", file=sys.stderr)
    return 1


def page() -> str:
    """The whole page."""
    sections = ["\n".join(_section(name, list(rows))) for name, rows in groupby(SETTINGS, _section_of)]
    return "\n".join([_INTRODUCTION, *sections]) + _RULES


def _section_of(row: Setting[object]) -> str:
    return row.key.rpartition(".")[0]


def _section(name: str, rows: list[Setting[object]]) -> Iterator[str]:
    yield f"## {_TITLES[name]}\n"
    yield "| key | kind | default | meaning | variable, flag |"
    yield "|---|---|---|---|---|"
    for row in rows:
        kind = row.kind.name.replace("|", "\\|")
        default = f"`{row.default}`" if row.default else ""
        names = ", ".join(f"`{name}`" for name in (row.env, row.flag) if name) or "file only"
        yield f"| `{row.key}` | {kind} | {default} | {row.help} | {names} |"
    yield ""


if __name__ == "__main__":
    sys.exit(main())
