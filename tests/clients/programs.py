"""Real clients, run with settings, logins and image stores of their own and without the machine's."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.tools import require

TIMEOUT_SECONDS = 120
STORE = ("--storage-driver", "vfs")
"""vfs needs neither mounts nor a kernel that lets one make them."""


class ProgramFailedError(Exception):
    """A client that did not succeed, with what it said."""


class Programs:
    """The clients, all of whose files lie under one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        configuration = self.home / ".config" / "containers"
        configuration.mkdir(parents=True)
        (configuration / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        (configuration / "registries.conf").write_text("unqualified-search-registries = []\n")
        (directory / "run").mkdir()
        self.environment = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(directory / "run"),
            "REGISTRY_AUTH_FILE": str(directory / "auth.json"),
            "CONTAINERS_REGISTRIES_CONF": str(configuration / "registries.conf"),
        }

    def run(self, program: str, *arguments: str, stdin: str = "") -> str:
        """Run a client to its end.

        Raises:
            ProgramFailedError: it said that it failed.
        """
        command = [require(program), *self._places(program), *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        if done.returncode != 0:
            raise ProgramFailedError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def login(self, program: str, netloc: str, user: str, password: str, *arguments: str) -> str:
        """`login` with the password on standard input."""
        return self.run(program, "login", *arguments, "--username", user, "--password-stdin", netloc, stdin=password)

    def _places(self, program: str) -> Sequence[str]:
        """Where podman and buildah keep images, apart from the machine's own."""
        if program not in {"podman", "buildah"}:
            return ()
        root, run = self.directory / "storage", self.directory / "storage-run"
        places = ["--root", str(root), "--runroot", str(run), *STORE]
        if program == "podman":
            tmp = self.directory / "podman-tmp"
            places += ["--cgroup-manager", "cgroupfs", "--events-backend", "none", "--tmpdir", str(tmp)]
        return places
