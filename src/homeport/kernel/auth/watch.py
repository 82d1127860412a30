"""The password file while the server runs: read again when it changed, kept as it was when it makes no sense."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from homeport.kernel.auth.htpasswd import Htpasswd
from homeport.kernel.auth.userfile import UserFileUnreadable, read_users
from homeport.kernel.errors import OperatorError

_Signature = tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class UserFileNotice:
    """What reading the password file gave; with a `problem` the users of before stay."""

    users: int
    warnings: tuple[str, ...] = ()
    problem: str | None = None


Notify = Callable[[UserFileNotice], None]


class WatchedUsers:
    """The last good content of a password file.

    Args:
        notify: told whenever the file was read, or could not be; a lasting problem is told once.

    Raises:
        HtpasswdError, UserFileUnreadable: the first reading, whose problems are the operator's.
    """

    def __init__(self, path: Path, notify: Notify) -> None:
        self._path = path
        self._notify = notify
        self._problem: str | None = None
        # asked before the reading: a change in between is then seen as one at the next look
        self._signature = _signature(path)
        self.users: Htpasswd = read_users(path)
        notify(UserFileNotice(len(self.users.hashes), self.users.warnings))

    def look(self) -> bool:
        """Read the file again if it changed; whether `users` is new. Costs one system call when it did not."""
        signature = _signature(self._path)
        if signature == self._signature:
            return False
        try:
            self.users = read_users(self._path)
        except OperatorError as error:
            # what could not be opened may be readable the next time without having changed
            self._signature = None if isinstance(error, UserFileUnreadable) else signature
            self._tell(error.message)
            return False
        self._signature = signature
        self._problem = None
        self._notify(UserFileNotice(len(self.users.hashes), self.users.warnings))
        return True

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._notify(UserFileNotice(len(self.users.hashes), problem=problem))


def _signature(path: Path) -> _Signature:
    """What changes with every write; None when there is no file to ask."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
