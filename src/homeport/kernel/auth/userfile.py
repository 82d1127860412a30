"""The password file on disk: read, changed under a lock, and made with its first user."""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from homeport.kernel.auth.htpasswd import Htpasswd, check_user_name, parse_htpasswd, with_user, without_user
from homeport.kernel.auth.passwords import DEFAULT_COST, hash_password
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import make_private_directory, replace_file
from homeport.kernel.ids import Ids

DEFAULT_USER = "homeport"


class UserFileUnreadable(OperatorError):
    """A password file that cannot be read or written."""

    def __init__(self, path: Path, error: OSError) -> None:
        missing = isinstance(error, FileNotFoundError)
        super().__init__(
            f"{path}: {error.strerror or error}",
            hint="the first `homeport up` or `homeport user add NAME` makes it; or name another with registry.htpasswd"
            if missing
            else "name another file with registry.htpasswd, or mend its permissions",
        )


class UserExists(OperatorError):
    """A user to be added who is there already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"user {name!r} exists", hint=f"to change the password: homeport user passwd {name}")


class UserUnknown(OperatorError):
    """A user to be changed or removed who is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no user {name!r}", hint="homeport user list shows who there is")


class PasswordRefused(OperatorError):
    """A password that could not be used to log in."""


def read_users(path: Path) -> Htpasswd:
    """The users of the file.

    Raises:
        HtpasswdError: a bad line.
        UserFileUnreadable: no such file, or not to be read.
    """
    return parse_htpasswd(_read(path), source=str(path))


def add_user(path: Path, name: str, password: str, *, cost: int = DEFAULT_COST) -> None:
    """Add a user; the file is made when it is missing.

    Raises:
        UserExists: use `change_password`.
        UserNameError, PasswordRefused: what could not log in.
    """
    check_user_name(name)
    password_hash = _hash(password, cost)

    def add(content: bytes, users: Htpasswd) -> bytes:
        if name in users.hashes:
            raise UserExists(name)
        return with_user(content, name, password_hash)

    _edit(path, add, create=True)


def change_password(path: Path, name: str, password: str, *, cost: int = DEFAULT_COST) -> None:
    """Give a user another password.

    Raises:
        UserUnknown: use `add_user`.
        PasswordRefused: what could not log in.
    """
    password_hash = _hash(password, cost)

    def change(content: bytes, users: Htpasswd) -> bytes:
        if name not in users.hashes:
            raise UserUnknown(name)
        return with_user(content, name, password_hash)

    _edit(path, change)


def remove_user(path: Path, name: str) -> None:
    """Take a user out.

    Raises:
        UserUnknown: not there.
    """

    def remove(content: bytes, _users: Htpasswd) -> bytes:
        # by line and not by usable hash: a user whose hash is no bcrypt must be removable too
        if (rest := without_user(content, name)) == content:
            raise UserUnknown(name)
        return rest

    _edit(path, remove)


def ensure_htpasswd(
    path: Path, ids: Ids, *, user: str = "", password: str = "", cost: int = DEFAULT_COST
) -> str | None:
    """Make a missing password file with one user, named and with a password as given.

    Without a password one is generated and returned, to be shown once; None in every other case.

    Raises:
        UserNameError, PasswordRefused: what could not log in.
    """
    if path.exists():
        return None
    chosen = password or ids.password()
    add_user(path, user or DEFAULT_USER, chosen, cost=cost)
    return None if password else chosen


def _hash(password: str, cost: int) -> str:
    if not password:
        raise PasswordRefused("an empty password is refused")
    if "\0" in password:
        raise PasswordRefused("a password cannot hold a NUL character")
    return hash_password(password, cost)


def _edit(path: Path, change: Callable[[bytes, Htpasswd], bytes], *, create: bool = False) -> None:
    """Replace the file by what `change` makes of it; a new file is the owner's alone, an old one keeps its mode."""
    directory = Path(os.path.realpath(path)).parent
    try:
        if create:
            make_private_directory(directory)
        with _locked(directory):
            is_new = create and not path.exists()
            content = b"" if is_new else _read(path)
            changed = change(content, parse_htpasswd(content, source=str(path)))
            replace_file(path, changed, mode=0o600 if is_new else stat.S_IMODE(path.stat().st_mode))
    except OSError as error:
        raise UserFileUnreadable(path, error) from error


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Two commands at once must not lose each other's user; the directory is locked, so that no lock file is left."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserFileUnreadable(path, error) from error
