"""The `homeport` program as commands are tested with it: a process of its own, with a home and a data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


class Homeport:
    """Runs the program; what it keeps lies in `data`."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.command = [sys.executable, "-m", "homeport"]
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "HOMEPORT_DATA_DIR": str(self.data),
        }

    def __call__(self, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def homeport(tmp_path: Path) -> Homeport:
    """The program, with an empty data directory."""
    return Homeport(tmp_path)
