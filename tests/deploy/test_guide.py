"""The guide: every command in it is one that there is, with options that it has."""

import re
import shlex
from collections.abc import Iterator, Sequence

import click
import pytest
from tools.write_deploy_files import ROOT

from homeport.cli.main import homeport

GUIDE = (ROOT / "docs" / "guide" / "k3s.md").read_text()


def commands() -> Iterator[str]:
    """Lines of console blocks that begin with our program, and such commands in the text and in tables."""
    for block in re.findall(r"```console\n(.*?)```", GUIDE, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ homeport "):
                yield line.removeprefix("$ ")
    for inline in re.findall(r"`(homeport [^`]+)`", GUIDE):
        if "..." not in inline:
            yield inline


@pytest.mark.parametrize("line", list(dict.fromkeys(commands())))
def test_a_command_in_the_guide_can_be_typed(line: str) -> None:
    words = shlex.split(re.split(r" [|<>] ", line)[0])[1:]

    command, rest = _resolve(homeport, words)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert [word for word in rest if word.startswith("-") and word not in known] == []


def _resolve(command: click.Command, words: Sequence[str]) -> tuple[click.Command, Sequence[str]]:
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    return command, words


def test_the_guide_has_commands_to_type() -> None:
    assert len(list(commands())) > 30
