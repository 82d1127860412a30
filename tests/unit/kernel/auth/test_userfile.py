"""The password file on disk."""

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from homeport.kernel.auth.htpasswd import HtpasswdError
from homeport.kernel.auth.passwords import matches
from homeport.kernel.auth.userfile import (
    PasswordRefused,
    UserExists,
    UserFileUnreadable,
    UserUnknown,
    add_user,
    change_password,
    ensure_htpasswd,
    read_users,
    remove_user,
)
from homeport.kernel.ids import FakeIds

HTPASSWD = shutil.which("htpasswd")
needs_apache = pytest.mark.skipif(HTPASSWD is None, reason="htpasswd of apache2-utils is not installed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "auth" / "htpasswd"


def test_the_first_user_makes_the_file_for_its_owner_alone(path: Path) -> None:
    add_user(path, "anna", "secret", cost=4)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert matches("secret", read_users(path).hashes["anna"], 4)


def test_users_are_added_changed_and_removed(path: Path) -> None:
    add_user(path, "anna", "one", cost=4)
    add_user(path, "bob", "two", cost=4)
    change_password(path, "anna", "three", cost=5)
    remove_user(path, "bob")

    users = read_users(path)
    assert list(users.hashes) == ["anna"]
    assert matches("three", users.hashes["anna"], 5)
    assert [entry.name for entry in path.parent.iterdir()] == ["htpasswd"]


def test_a_change_keeps_the_mode_that_the_operator_gave(path: Path) -> None:
    add_user(path, "anna", "one", cost=4)
    path.chmod(0o640)

    add_user(path, "bob", "two", cost=4)

    assert path.stat().st_mode & 0o777 == 0o640


def test_who_is_there_is_not_added_and_who_is_not_is_neither_changed_nor_removed(path: Path) -> None:
    add_user(path, "anna", "one", cost=4)
    before = path.read_bytes()

    with pytest.raises(UserExists):
        add_user(path, "anna", "two", cost=4)
    with pytest.raises(UserUnknown):
        change_password(path, "bob", "two", cost=4)
    with pytest.raises(UserUnknown):
        remove_user(path, "bob")
    assert path.read_bytes() == before


def test_a_user_with_another_sort_of_hash_can_be_given_a_password_and_be_removed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("anna:$apr1$x$y\nbob:{SHA}x\n")

    add_user(path, "anna", "one", cost=4)
    remove_user(path, "bob")

    assert list(read_users(path).hashes) == ["anna"]
    assert "apr1" not in path.read_text()


@pytest.mark.parametrize("password", ["", "a\0b", "\0"])
def test_a_password_that_could_not_log_in_is_refused(path: Path, password: str) -> None:
    with pytest.raises(PasswordRefused):
        add_user(path, "anna", password, cost=4)

    assert not path.exists()


def test_a_file_with_a_bad_line_is_not_changed(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no colon\n")

    with pytest.raises(HtpasswdError):
        add_user(path, "anna", "one", cost=4)

    assert path.read_text() == "no colon\n"


def test_a_missing_file_is_the_operator_s_problem(path: Path) -> None:
    with pytest.raises(UserFileUnreadable):
        read_users(path)
    with pytest.raises(UserFileUnreadable):
        read_users(path.parent.parent)


def test_users_that_are_added_at_the_same_time_are_all_there(path: Path) -> None:
    names = [f"user-{number}" for number in range(12)]
    threads = [threading.Thread(target=add_user, args=(path, name, "secret"), kwargs={"cost": 4}) for name in names]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(read_users(path).hashes) == sorted(names)


def test_the_first_start_makes_a_user_and_shows_the_password_once(path: Path) -> None:
    generated = ensure_htpasswd(path, FakeIds(), cost=4)

    assert generated == "password-1"
    assert matches(generated, read_users(path).hashes["homeport"], 4)
    assert ensure_htpasswd(path, FakeIds(), cost=4) is None


def test_the_first_start_takes_a_given_name_and_password(path: Path) -> None:
    assert ensure_htpasswd(path, FakeIds(), user="anna", password="mine", cost=4) is None

    assert matches("mine", read_users(path).hashes["anna"], 4)


@needs_apache
def test_apache_verifies_what_we_write(path: Path) -> None:
    add_user(path, "anna", "sécret pass", cost=5)

    def verify(password: str) -> int:
        return subprocess.run(["htpasswd", "-vb", path, "anna", password], capture_output=True, check=False).returncode

    assert verify("sécret pass") == 0
    assert verify("wrong") != 0


@needs_apache
def test_we_verify_what_apache_writes(path: Path) -> None:
    path.parent.mkdir()
    subprocess.run(["htpasswd", "-cbB", "-C", "5", path, "anna", "secret"], capture_output=True, check=True)
    subprocess.run(["htpasswd", "-bm", path, "bob", "secret"], capture_output=True, check=True)

    users = read_users(path)

    assert list(users.hashes) == ["anna"]
    assert "'bob'" in users.warnings[0]
    assert matches("secret", users.hashes["anna"], 5)
