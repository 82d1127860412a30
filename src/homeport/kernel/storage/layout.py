"""Every path in the data directory, and the version of this layout.

```
<data_dir>/                  0700 where it is Homeport's own: passwords, keys and everybody's data
├── homeport.lock            locked while a server runs; holds its pid (lock.py)
├── format                   version of this layout, one number
├── run/homeport.json        the running server: pid, addresses, start
├── db/<name>.sqlite         one database per half: registry (an index of files), aws (database.py)
├── registry/                content in distribution's own layout (registry/store)
├── auth/                    htpasswd
├── ca/                      Homeport's own certificate authority: its key, what it signed
└── backups/                 copies of databases, made before a newer Homeport changed them
```
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from homeport.kernel.clock import Clock
from homeport.kernel.errors import OperatorError
from homeport.kernel.files import replace_file
from homeport.kernel.storage.lock import LOCK_FILE
from homeport.kernel.storage.migrations import back_up

LayoutStep = Callable[["DataDirectory"], None]
"""Turns a directory of one version into the next; may be run again after a crash."""

STEPS: Sequence[LayoutStep] = ()
"""The step at index n leads from version n + 1 to n + 2; the last one leads to this program's version."""


class DataDirectoryUnusable(OperatorError):
    """The directory cannot be made or written."""

    def __init__(self, root: Path, error: OSError) -> None:
        super().__init__(
            f"the data directory {root} cannot be used: {error.strerror}",
            hint="choose another one (--data-dir, HOMEPORT_DATA_DIR), or give it to the user who runs Homeport",
        )


class DataDirectoryTooNew(OperatorError):
    """A later Homeport has changed the layout."""

    def __init__(self, root: Path, found: int, known: int) -> None:
        super().__init__(
            f"the data directory {root} belongs to a newer Homeport (format {found}, this one knows {known})",
            hint="run that version or a later one; or use another directory with --data-dir DIR",
        )


class FormatUnreadable(OperatorError):
    """The version file holds no number."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not hold a format version",
            hint="is this directory Homeport's? If so, write the number 1 into that file",
        )


class DataDirectory:
    """Where everything lies."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def lock(self) -> Path:
        """Locked while a server runs."""
        return self.root / LOCK_FILE

    @property
    def format(self) -> Path:
        """The version of the layout."""
        return self.root / "format"

    @property
    def run(self) -> Path:
        """What `homeport status` reads: JSON with pid, addresses and start of the running server."""
        return self.root / "run" / "homeport.json"

    def database(self, name: str) -> Path:
        """The database file of one half."""
        return self.root / "db" / f"{name}.sqlite"

    @property
    def registry(self) -> Path:
        """Root of the registry's content, unless the settings name another."""
        return self.root / "registry"

    @property
    def auth(self) -> Path:
        """Password files."""
        return self.root / "auth"

    @property
    def ca(self) -> Path:
        """Homeport's own certificate authority."""
        return self.root / "ca"

    @property
    def backups(self) -> Path:
        """Copies of databases."""
        return self.root / "backups"

    def create(self) -> None:
        """Make the directory and its rooms where missing, for the owner alone.

        A directory that is there is closed to others if it is ours and holds nothing but Homeport's: a volume of
        Kubernetes' belongs to root, and `--data-dir /srv` must not take /srv from everybody. Its rooms are closed.

        Raises:
            DataDirectoryUnusable: not permitted, read-only, or something else has the name.
        """
        rooms = (self.run.parent, self.database("_").parent, self.registry, self.auth, self.ca, self.backups)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_uid == os.geteuid() and (self.format.exists() or not any(self.root.iterdir())):
                self.root.chmod(0o700)
            for directory in rooms:
                directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DataDirectoryUnusable(self.root, error) from error

    def bring_up(self, *, clock: Clock, steps: Sequence[LayoutStep] = STEPS) -> None:
        """Check the layout's version; call it with the directory locked.

        A new directory gets this program's version. In an older one every database is copied to `backups`, then each
        missing step runs and is noted.

        Raises:
            DataDirectoryTooNew: nothing was changed.
            FormatUnreadable: the same.
            DataDirectoryUnusable: the version cannot be read or written.
        """
        known = len(steps) + 1
        try:
            found = self._read_format()
            if found is None:
                self._write_format(known)
            elif found > known:
                raise DataDirectoryTooNew(self.root, found, known)
            elif found < known:
                self._climb(found, steps, clock)
        except OSError as error:
            raise DataDirectoryUnusable(self.root, error) from error

    def _climb(self, found: int, steps: Sequence[LayoutStep], clock: Clock) -> None:
        for database in sorted(self.database("_").parent.glob("*.sqlite")):
            back_up(database, self.backups, label=f"format-{found}", clock=clock)
        for version, step in enumerate(steps[found - 1 :], start=found + 1):
            step(self)
            self._write_format(version)

    def _read_format(self) -> int | None:
        try:
            text = self.format.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise FormatUnreadable(self.format)
        return int(text)

    def _write_format(self, version: int) -> None:
        replace_file(self.format, f"{version}\n".encode())
