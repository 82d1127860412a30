"""The `homeport` program itself, run as a person runs it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from homeport import VERSION
from homeport.kernel.config import SETTINGS

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `homeport` with a home directory of its own; keywords are environment variables."""
    home = tmp_path / "home"
    home.mkdir()

    def run_homeport(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
        program = [sys.executable, "-m", "homeport", *arguments]
        return subprocess.run(
            program, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=60
        )

    return run_homeport


def test_the_installed_command_is_the_module() -> None:
    command = Path(sys.executable).with_name("homeport")

    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout == f"homeport {VERSION}\n"


def test_version_says_what_it_runs_on(run: Run) -> None:
    told = run("version")

    assert told.returncode == 0
    assert told.stdout.startswith(f"homeport {VERSION} (Python {platform.python_version()}, ")


def test_config_show_has_every_setting_with_its_source(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("listen:\n  registry: ':5000'\n", "utf-8")

    told = run("config", "show", "--config", str(file), "--log-level", "debug", HOMEPORT_HTTP_DRAIN="90")

    assert told.returncode == 0
    rows = {line.split()[0]: line.split()[1:] for line in told.stdout.splitlines()}
    assert list(rows) == [row.key for row in SETTINGS]
    assert rows["listen.registry"] == [":5000", f"{file}:2"]
    assert rows["http.drain"] == ["90s", "HOMEPORT_HTTP_DRAIN"]
    assert rows["log.level"] == ["debug", "--log-level"]
    assert rows["registry.min_free"] == ["256MiB", "default"]


def test_config_show_tells_a_default_that_follows_from_something_else(run: Run) -> None:
    rows = {line.split()[0]: line.split()[1:] for line in run("config", "show").stdout.splitlines()}

    assert rows["http.max_connections"] == ["1024,", "AWS", "8192", "default"]


def test_config_show_as_json_is_for_programs(run: Run) -> None:
    told = run("config", "show", "--format", "json", HOMEPORT_TLS_NAMES="reg.lan,10.0.0.5")

    rows = json.loads(told.stdout)
    assert rows["tls.names"] == {"value": ["reg.lan", "10.0.0.5"], "from": "HOMEPORT_TLS_NAMES"}
    assert rows["registry.delete"] == {"value": True, "from": "default"}


def test_config_show_as_yaml_is_a_file_that_says_the_same_again(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "listen.registry: ['[::1]:5000', 'unix:/run/h.sock']\ntls: {mode: off, names: [reg.lan]}\n"
        "registry:\n  groups: {ops: [a, b]}\n"
        "  access: [{repositories: ['**'], groups: [ops], actions: [pull, push]}]\n",
        "utf-8",
    )
    first = run("config", "show", "--format", "json", "--config", str(file))
    file.write_text(run("config", "show", "--format", "yaml", "--config", str(file)).stdout, "utf-8")

    second = run("config", "show", "--format", "json", "--config", str(file))

    assert first.returncode == second.returncode == 0
    values = [{key: row["value"] for key, row in json.loads(told.stdout).items()} for told in (first, second)]
    assert values[0] == values[1]
    assert yaml.safe_load(file.read_text("utf-8"))["tls.mode"] == "off"


@pytest.mark.parametrize("form", ["table", "yaml", "json"])
def test_a_password_is_never_shown(run: Run, form: str) -> None:
    told = run("config", "show", "--format", form, HOMEPORT_PASSWORD="hunter2")

    assert "********" in told.stdout
    assert "hunter2" not in told.stdout + told.stderr


def test_the_users_own_file_is_found(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "home/.config/homeport/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("log.level: error\n", "utf-8")

    assert f"error  {file}:1" in " ".join(run("config", "show").stdout.split()).replace(" ", "  ")


def test_an_unknown_variable_is_an_error_with_reference_message_and_hint(run: Run) -> None:
    told = run("config", "show", HOMEPORT_LISTEN_REGISTY=":5000")

    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr == (
        "error [unknown-setting]: HOMEPORT_LISTEN_REGISTY is not a setting (from the environment)\n"
        " hint: did you mean HOMEPORT_LISTEN_REGISTRY?\n"
    )


def test_a_variable_of_localstack_s_is_spoken_of_by_its_own_name(run: Run) -> None:
    told = run("config", "show", GATEWAY_LISTEN=":4599", SQS_ENDPOINT_STRATEGY="path")
    wrong = run("config", "show", GATEWAY_LISTEN="here:there")

    rows = {line.split()[0]: line.split()[1:] for line in told.stdout.splitlines()}
    assert rows["listen.aws"] == [":4599", "GATEWAY_LISTEN"]
    assert rows["aws.sqs_queue_urls"] == ["path", "SQS_ENDPOINT_STRATEGY"]
    assert "(from GATEWAY_LISTEN)" in wrong.stderr


def test_an_unknown_key_stops_up_before_it_starts(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("listne: {registry: ':5000'}\n", "utf-8")

    told = run("up", "--config", str(file))

    assert told.returncode == 1
    assert "listne.registry is not a setting" in told.stderr
    assert "did you mean listen.registry?" in told.stderr
    assert not (tmp_path / "home/.local").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stauts"], "Did you mean 'status'?"),
        (["up", "--listen-regsitry", ":5000"], "--listen-registry"),
        (["up", "--password-stdin"], "--password-stdin needs --user NAME."),
        (["config", "show", "--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage_is_exit_status_2_with_the_right_word(run: Run, arguments: list[str], told: str) -> None:
    result = run(*arguments)

    assert result.returncode == 2
    assert told in result.stderr


def test_an_empty_password_is_refused(run: Run) -> None:
    told = run("up", "--user", "alice", "--password-stdin", stdin="\n")

    assert told.returncode == 1
    assert "error [password-missing]: there is no password on standard input" in told.stderr


@pytest.mark.parametrize("group", [[], ["user"], ["k8s"], ["deliveries"]])
def test_help_cuts_no_sentence(run: Run, group: list[str]) -> None:
    _, _, commands = run(*group, "--help").stdout.partition("\nCommands:\n")

    assert commands
    assert "..." not in commands


def test_help_names_every_command(run: Run) -> None:
    told = run("--help")

    assert told.returncode == 0
    for command in ("up", "status", "config", "user", "ca", "registry", "key", "deliveries", "env", "aws", "version"):
        assert f"\n  {command} " in told.stdout
