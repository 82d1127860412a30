"""The running server's note in its data directory: who it is and where it listens, for `homeport status` to read."""

import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from homeport.kernel.clock import Millis
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import replace_file


class RunFileInvalidError(OperatorError):
    """A note that no Homeport wrote, or only half of one."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not what a running Homeport writes", hint="stop that server and start it again")


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a server says of itself once it listens.

    Attributes:
        addresses: name of the listener and its URL (`http+unix://` and the path for a Unix socket), in order.
        aws_auth: whom its AWS endpoint believes, `open` or `signed`; empty where there is none.
    """

    pid: int
    version: str
    started: Millis
    addresses: tuple[tuple[str, str], ...]
    aws_auth: str = ""

    def save(self, path: Path) -> None:
        """Write the note; a reader sees the old one or the whole new one."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        addresses = [{"name": name, "url": url} for name, url in self.addresses]
        note = {"pid": self.pid, "version": self.version, "started": self.started, "addresses": addresses}
        replace_file(path, orjson.dumps({**note, "aws_auth": self.aws_auth}))


def read_run_file(path: Path) -> RunFile | None:
    """The note, or None when no server left one.

    Raises:
        RunFileInvalidError: it holds something else.
    """
    try:
        note = orjson.loads(path.read_bytes())
        addresses = tuple((str(entry["name"]), str(entry["url"])) for entry in note["addresses"])
        started, auth = Millis(int(note["started"])), str(note.get("aws_auth", ""))
        return RunFile(int(note["pid"]), str(note["version"]), started, addresses, auth)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise RunFileInvalidError(path) from error


def process_exists(pid: int) -> bool:
    """Whether a process of that number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
