"""`homeport up` on a machine that is not as a first start would like it: who can log in, and who is told."""

import re
import socket
from pathlib import Path

from tests.servers import HomeportProcess
from tests.unit.cli.conftest import Homeport

from homeport.kernel.auth.userfile import add_user, remove_user

_ELSEWHERE = ("--listen-debug", "", "--listen-aws", "")


def test_a_first_start_that_fails_makes_no_user_whose_password_nobody_saw(homeport: Homeport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        failed = homeport("up", "--listen-registry", f"127.0.0.1:{other.getsockname()[1]}", *_ELSEWHERE)

    assert failed.returncode == 1
    assert "error [address-unavailable]" in failed.stderr
    assert not (homeport.data / "auth" / "htpasswd").exists()


def test_where_another_address_is_given_is_told(homeport: Homeport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = homeport("up", "--listen-registry", f"127.0.0.1:{other.getsockname()[1]}", *_ELSEWHERE)
    elsewhere = homeport("up", "--listen-registry", "203.0.113.9:5000", *_ELSEWHERE)

    assert "give another address, or none, to listen.registry (--listen-registry)" in taken.stderr
    assert "no interface of this machine has it" in elsewhere.stderr


def test_a_user_whom_a_later_start_names_is_not_made_and_it_says_so(tmp_path: Path) -> None:
    server = HomeportProcess.on(tmp_path / "data", user="anna").start()
    server.stop()
    server.arguments = ("--user", "bert")
    server.start()
    server.stop()

    assert "bert, with the password that you know" not in server.log_tail()
    assert "login     anna, with the password that you know" in server.log_tail()
    assert "homeport user add bert" in server.log_tail()


def test_without_any_user_left_the_start_says_how_to_add_one(tmp_path: Path) -> None:
    file = tmp_path / "data" / "auth" / "htpasswd"
    add_user(file, "anna", "secret", cost=4)
    remove_user(file, "anna")
    server = HomeportProcess.on(tmp_path / "data").start()
    server.stop()

    assert re.search(r"login +nobody can yet: \S+ user add NAME --data-dir ", server.log_tail())


def test_a_database_that_cannot_be_opened_is_told_with_the_system_s_reason(homeport: Homeport) -> None:
    database = homeport.data / "db" / "registry.sqlite"
    database.mkdir(parents=True)

    failed = homeport("up", "--listen-registry", "127.0.0.1:0", *_ELSEWHERE)

    assert failed.returncode == 1
    assert f"error [disk-refused]: {database}: Is a directory\n hint: " in failed.stderr
    assert "Traceback" not in failed.stderr
