"""Scripts that run when the server boots, starts, is ready and shuts down: `boot.d` and its siblings.

As LocalStack has it: directories are walked in sorted order, a failing script is told in the log and the next one
runs. A `.sh` has to be executable; a `.py` runs in a process of its own; a `.tf`, which LocalStack gives to Terraform,
is told as an error.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from homeport.kernel.log import Log

Stage = Literal["BOOT", "START", "READY", "SHUTDOWN"]
STAGES: Final[tuple[Stage, ...]] = ("BOOT", "START", "READY", "SHUTDOWN")
State = Literal["UNKNOWN", "RUNNING", "SUCCESSFUL", "ERROR"]

_OLD_DIRECTORY: Final = Path("/docker-entrypoint-initaws.d")
_TERRAFORM: Final = ".tf"
_SUFFIXES: Final = frozenset({".sh", ".py", _TERRAFORM})


@dataclass(slots=True)
class Script:
    """One of them, and how it went."""

    stage: Stage
    path: Path
    state: State = "UNKNOWN"

    def told(self) -> dict[str, str]:
        """As `/_localstack/init` has it."""
        return {"stage": self.stage, "name": self.path.name, "state": self.state}


class InitHooks:
    """Every script of a directory, and what has become of each.

    Args:
        directory: holds `boot.d` and its siblings; need not exist.

    Attributes:
        environment: what scripts see where the server's own variables say nothing.
        endpoint: AWS_ENDPOINT_URL of scripts, whatever the server's own is: they are for this server.
    """

    def __init__(self, directory: Path, log: Log, *, old_directory: Path = _OLD_DIRECTORY) -> None:
        self._log = log
        self.environment: Mapping[str, str] = {}
        self.endpoint = ""
        self.scripts: list[Script] = []
        self.completed: dict[Stage, bool] = dict.fromkeys(STAGES, False)
        for stage in STAGES:
            self.scripts += [Script(stage, path) for path in _found(directory / f"{stage.lower()}.d")]
        self.scripts += [Script("READY", path) for path in _found(old_directory)]
        self._running: asyncio.subprocess.Process | None = None

    async def run(self, stage: Stage) -> None:
        """Run a stage's scripts one after the other; returns when the last one has ended."""
        for script in self.scripts:
            if script.stage == stage:
                script.state = "RUNNING"
                script.state = "SUCCESSFUL" if await self._run(script) else "ERROR"
        self.completed[stage] = True

    def told(self, stage: Stage | None = None) -> dict[str, object]:
        """All stages, or one, as `/_localstack/init` has them."""
        scripts = [script.told() for script in self.scripts if stage in {None, script.stage}]
        return {"completed": self.completed if stage is None else self.completed[stage], "scripts": scripts}

    async def _run(self, script: Script) -> bool:
        if script.path.suffix == _TERRAFORM:
            reason = "Homeport does not start Terraform; let a .sh script do it"
            self._log.error("init script is not run", script=str(script.path), stage=script.stage, reason=reason)
            return False
        command = [sys.executable, str(script.path)] if script.path.suffix == ".py" else [str(script.path)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                env=self._variables(),
                cwd=script.path.parent,
            )
        except OSError as error:
            self._log.error("init script cannot be run", script=str(script.path), reason=error.strerror)
            return False
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            raise
        if status:
            self._log.error("init script failed", script=str(script.path), stage=script.stage, status=status)
        else:
            self._log.info("init script done", script=str(script.path), stage=script.stage)
        return status == 0

    def _variables(self) -> Mapping[str, str]:
        given = {**self.environment, **os.environ}
        return {**given, "AWS_ENDPOINT_URL": self.endpoint} if self.endpoint else given


def _found(directory: Path) -> Sequence[Path]:
    """Scripts below a directory: each directory's files in order, then those of its own directories."""
    found: list[Path] = []
    for folder, folders, files in os.walk(directory):
        folders.sort()
        found += [Path(folder, name) for name in sorted(files) if Path(name).suffix in _SUFFIXES]
    return found
