"""How a doctor's findings look: as they come for people, all at once for programs."""

import sys
from collections.abc import Callable, Sequence

import click
import orjson

from homeport.cli.terminal import print_styled
from homeport.deploy.doctor.findings import Check, Finding, S

_MARKS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "failed": ("FAIL", "red"), "skipped": ("skip", "")}


def printer(*, as_json: bool) -> Callable[[Check[S], Sequence[Finding]], None]:
    """What prints a check's findings when it has run; nothing where JSON comes at the end."""
    return _nothing if as_json else _print


def print_json(findings: Sequence[Finding]) -> None:
    """Print all of them as one document."""
    failed = sum(each.outcome == "failed" for each in findings)
    document = {"healthy": not failed, "failed": failed, "findings": [each.as_json() for each in findings]}
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def print_summary(findings: Sequence[Finding]) -> None:
    """The last line."""
    counts = {outcome: sum(each.outcome == outcome for each in findings) for outcome in _MARKS}
    words = [f"{count} {outcome}" for outcome, count in counts.items() if count]
    print_styled(click.style(", ".join(words), fg="red" if counts["failed"] else "green", bold=True), sys.stdout)


def _nothing(_check: Check[S], _findings: Sequence[Finding]) -> None:
    """JSON is printed at the end."""


def _print(check: Check[S], findings: Sequence[Finding]) -> None:
    print_styled(click.style(f"{check.number:>2} {check.title}", bold=True), sys.stdout)
    for each in findings:
        word, colour = _MARKS[each.outcome]
        mark = click.style(word.ljust(4), fg=colour or None)
        print_styled(f"   {mark} {each.did}: {each.saw}", sys.stdout)
        if each.cure:
            print_styled(f"        {click.style('cure', fg='cyan')}: {each.cure}", sys.stdout)
