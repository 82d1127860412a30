"""`homeport user`, typed as a person or a script types it."""

import os
import pty
import subprocess
from pathlib import Path
from typing import IO

import pytest
from tests.unit.cli.conftest import Homeport

from homeport.kernel.auth.passwords import matches
from homeport.kernel.auth.userfile import read_users


def password_is(homeport: Homeport, name: str, password: str) -> bool:
    return matches(password, read_users(homeport.data / "auth" / "htpasswd").hashes[name], 4)


def test_a_script_adds_a_user_and_the_password_is_shown_nowhere(homeport: Homeport) -> None:
    done = homeport("user", "add", "anna", "--password-stdin", "--cost", "4", stdin="secret\n")

    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "added anna\n")
    assert password_is(homeport, "anna", "secret")


def test_a_generated_password_is_all_there_is_on_standard_output(homeport: Homeport) -> None:
    done = homeport("user", "add", "anna", "--generate", "--cost", "4")

    assert len(done.stdout.strip()) == 20
    assert password_is(homeport, "anna", done.stdout.strip())


def test_users_are_listed_changed_and_removed(homeport: Homeport) -> None:
    for name in ("bob", "anna"):
        homeport("user", "add", name, "--password-stdin", "--cost=4", stdin="secret")
    assert homeport("user", "list").stdout == "anna\nbob\n"

    assert homeport("user", "passwd", "anna", "--password-stdin", "--cost=4", stdin="new").returncode == 0
    assert password_is(homeport, "anna", "new")
    assert homeport("user", "remove", "anna").returncode == 0
    assert homeport("user", "list").stdout == "bob\n"


def test_another_file_may_be_named(homeport: Homeport, tmp_path: Path) -> None:
    other = tmp_path / "registry.htpasswd"

    homeport("user", "add", "anna", "--generate", "--cost=4", "--registry-htpasswd", other)

    assert list(read_users(other).hashes) == ["anna"]
    assert not homeport.data.exists()


def test_lines_that_count_for_nothing_are_told(homeport: Homeport) -> None:
    file = homeport.data / "auth" / "htpasswd"
    file.parent.mkdir(parents=True)
    file.write_text("anna:{SHA}abc\n")

    listed = homeport("user", "list")

    assert listed.stdout == ""
    assert "line 1: the password of 'anna' is not hashed with bcrypt" in listed.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (["add", "anna"], "", "no terminal to ask for the password"),
        (["add", "anna", "--password-stdin"], "", "no password on standard input"),
        (["add", "anna", "--password-stdin"], "\n", "no password on standard input"),
        (["add", "anna", "--password-stdin"], "a\0b\n", "NUL"),
        (["add", "a:b", "--generate"], "", "colon"),
        (["passwd", "anna", "--generate"], "", "htpasswd: No such file or directory"),
        (["list"], "", "`homeport user add NAME` makes it"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    homeport: Homeport, arguments: list[str], stdin: str, told: str
) -> None:
    done = homeport("user", *arguments, stdin=stdin)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_two_sources_of_a_password_exclude_each_other(homeport: Homeport) -> None:
    assert homeport("user", "add", "anna", "--generate", "--password-stdin").returncode == 2


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(homeport: Homeport) -> None:
    master, terminal = pty.openpty()
    command = [*homeport.command, "user", "add", "anna", "--cost=4"]
    with subprocess.Popen(
        command, env=homeport.environment, stdin=terminal, stderr=subprocess.PIPE, start_new_session=True
    ) as program:
        assert program.stderr is not None
        for prompt in (b"Password: ", b"Repeat for confirmation: "):
            read_until(program.stderr, prompt)
            os.write(master, b"secret\n")
        shown = program.stderr.read()
        assert program.wait(60) == 0
    os.close(master)
    os.close(terminal)

    assert b"secret" not in shown
    assert password_is(homeport, "anna", "secret")


def read_until(stream: IO[bytes], end: bytes) -> None:
    """Read byte by byte, since the program waits for its answer behind the prompt."""
    seen = b""
    while not seen.endswith(end):
        byte = stream.read(1)
        assert byte, seen
        seen += byte
