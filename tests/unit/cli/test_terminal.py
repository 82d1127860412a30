"""Colour where a terminal shows it, and nowhere else."""

import os
import pty
import subprocess
import sys

from homeport.cli.terminal import wants_colour


def error_on_a_terminal(**variables: str) -> bytes:
    """What an operator's error looks like on a terminal of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "TERM": "xterm", "HOMEPORT_NOTHING": "1", **variables}
    terminal, screen = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as read_side:
        subprocess.run(
            [sys.executable, "-m", "homeport", "config", "show"],
            env=environment,
            stderr=screen,
            check=False,
            timeout=60,
        )
        os.close(screen)
        return read_side.read(4096)


def test_an_error_on_a_terminal_is_coloured() -> None:
    assert error_on_a_terminal().startswith(b"\x1b[31m\x1b[1merror\x1b[0m [unknown-setting]: HOMEPORT_NOTHING ")


def test_whoever_asks_for_no_colour_gets_none() -> None:
    """https://no-color.org: any value that is not empty counts."""
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert error_on_a_terminal(**variables).startswith(b"error [unknown-setting]: HOMEPORT_NOTHING ")


def test_a_pipe_gets_no_colour() -> None:
    read_side, write_side = os.pipe()
    os.close(read_side)
    with os.fdopen(write_side, "w") as pipe:
        assert not wants_colour(pipe)
