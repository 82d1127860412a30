"""Init scripts: found in order, run one after the other, told about."""

from pathlib import Path

import pytest
from tests.aws_server import LogLines

from homeport.aws.localstack.hooks import InitHooks
from homeport.kernel.clock import FakeClock
from homeport.kernel.log import Log
from homeport.kernel.log_human import HumanLines


@pytest.fixture
def lines() -> LogLines:
    return LogLines()


@pytest.fixture
def init(tmp_path: Path) -> Path:
    return tmp_path / "init"


def script(path: Path, text: str, *, executable: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755 if executable else 0o644)


def hooks_of(init: Path, lines: LogLines) -> InitHooks:
    return InitHooks(init, Log(lines, HumanLines(colour=False), FakeClock()), old_directory=init / "none")


async def test_scripts_of_a_stage_run_in_sorted_order_directories_last(init: Path, lines: LogLines) -> None:
    out = init.parent / "out"
    for name in ("b.sh", "a.sh", "later/c.sh"):
        script(init / "ready.d" / name, f"#!/bin/sh\necho {name} >> {out}\n")
    script(init / "boot.d" / "other.sh", f"#!/bin/sh\necho boot >> {out}\n")
    script(init / "ready.d" / "notes.txt", "no script")

    hooks = hooks_of(init, lines)
    await hooks.run("READY")

    assert out.read_text().splitlines() == ["a.sh", "b.sh", "later/c.sh"]
    assert hooks.told()["completed"] == {"BOOT": False, "START": False, "READY": True, "SHUTDOWN": False}
    assert hooks.told("READY") == {
        "completed": True,
        "scripts": [{"stage": "READY", "name": name, "state": "SUCCESSFUL"} for name in ("a.sh", "b.sh", "c.sh")],
    }


async def test_a_terraform_file_is_told_as_an_error_in_log_and_state(init: Path, lines: LogLines) -> None:
    script(init / "ready.d" / "main.tf", "")

    hooks = hooks_of(init, lines)
    await hooks.run("READY")

    assert hooks.told("READY")["scripts"] == [{"stage": "READY", "name": "main.tf", "state": "ERROR"}]
    [line] = lines.lines
    assert "init script is not run" in line
    assert "main.tf" in line
    assert "Homeport does not start Terraform; let a .sh script do it" in line


async def test_a_failing_script_is_told_and_the_next_one_runs(init: Path, lines: LogLines) -> None:
    script(init / "ready.d" / "1.sh", "#!/bin/sh\nexit 3\n")
    script(init / "ready.d" / "2.sh", "not executable", executable=False)
    script(init / "ready.d" / "3.sh", "#!/bin/sh\nexit 0\n")

    hooks = hooks_of(init, lines)
    await hooks.run("READY")

    assert [found.state for found in hooks.scripts] == ["ERROR", "ERROR", "SUCCESSFUL"]
    assert any("init script failed" in line and "1.sh" in line for line in lines.lines)


async def test_scripts_see_where_the_server_is_and_python_ones_run_too(init: Path, lines: LogLines) -> None:
    out = init.parent / "out"
    script(
        init / "ready.d" / "a.py",
        f"import os, pathlib\npathlib.Path({str(out)!r}).write_text(os.environ['AWS_ENDPOINT_URL'])\n",
        executable=False,
    )
    hooks = hooks_of(init, lines)
    hooks.environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    await hooks.run("READY")

    assert out.read_text() == "http://127.0.0.1:4566"


async def test_without_a_directory_every_stage_is_done_at_once(init: Path, lines: LogLines) -> None:
    hooks = hooks_of(init, lines)

    await hooks.run("BOOT")

    assert hooks.told("BOOT") == {"completed": True, "scripts": []}


async def test_a_script_asks_this_server_whatever_the_shell_was_told(
    init: Path, lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = init.parent / "out"
    script(init / "ready.d" / "a.sh", f"#!/bin/sh\necho $AWS_ENDPOINT_URL $AWS_DEFAULT_REGION $AWS_PAGER > {out}\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    hooks = hooks_of(init, lines)
    hooks.endpoint, hooks.environment = "http://127.0.0.1:2", {"AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "cat"}
    await hooks.run("READY")

    assert out.read_text().split() == ["http://127.0.0.1:2", "eu-central-1", "cat"]
