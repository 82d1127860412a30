"""What `homeport up` says once it listens."""

import re
from pathlib import Path
from typing import Literal

import pytest

from homeport.app import Started
from homeport.cli.banner import Typed, banner_lines, told_by_flag, typed_here
from homeport.kernel.config import load

PLAIN = "http://127.0.0.1:5000"


def banner(
    *urls: str, user: str | None = "homeport", password: str | None = None, fingerprint: str | None = None
) -> str:
    started = Started(
        version="1.2.3",
        data_dir=Path("/data"),
        addresses=[*(("registry", url) for url in urls), ("debug", "http://127.0.0.1:5001")],
        tls=any(url.startswith("https:") for url in urls),
        user=user,
        generated_password=password,
        ca_fingerprint=fingerprint,
        seconds=0.214,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(banner_lines(started, Typed())))


def test_it_says_where_everything_is() -> None:
    told = banner(PLAIN)

    assert told.startswith("Homeport 1.2.3 is ready in 0.21 s\n")
    for label, text in (("registry", PLAIN), ("debug", "http://127.0.0.1:5001"), ("data", "/data")):
        assert re.search(rf"^  {label} +{re.escape(text)}$", told, re.MULTILINE)


def test_a_generated_password_is_shown_and_said_to_be_shown_once() -> None:
    told = banner(PLAIN, password="s3cret")

    assert re.search(r"^  login +homeport / s3cret   shown only this once$", told, re.MULTILINE)


def test_a_password_that_the_operator_gave_is_not_spoken_of() -> None:
    assert re.search(r"^  login +alice, with the password that you know$", banner(PLAIN, user="alice"), re.MULTILINE)


def test_plain_http_needs_a_flag_in_the_commands_to_type() -> None:
    told = banner(PLAIN)

    assert "    podman login --tls-verify=false -u homeport 127.0.0.1:5000\n" in told
    assert "    podman tag IMAGE 127.0.0.1:5000/IMAGE\n" in told
    assert "    podman push --tls-verify=false 127.0.0.1:5000/IMAGE\n" in told


def test_tls_needs_no_flag_but_trust() -> None:
    told = banner("https://registry.lan:5000", fingerprint="AB:CD")

    assert "--tls-verify" not in told
    assert "    podman push registry.lan:5000/IMAGE\n" in told
    assert re.search(r"^  CA +AB:CD$", told, re.MULTILINE)
    assert "    homeport ca trust --for podman --registry registry.lan:5000 | sh\n    podman login" in told


def test_commands_name_the_first_address_that_a_client_can_reach() -> None:
    assert "podman login --tls-verify=false -u homeport [::1]:5000" in banner(
        "http+unix:///run/h.sock", "http://[::1]:5000"
    )
    assert "podman" not in banner("http+unix:///run/h.sock")


def test_without_users_there_is_no_login() -> None:
    told = banner(PLAIN, user=None)

    assert "  login " not in told
    assert "podman login --tls-verify=false 127.0.0.1:5000" in told


def test_who_removed_every_user_is_told_how_to_add_one() -> None:
    started = Started("1", Path("/d"), [("registry", PLAIN)], False, None, None, None, 0.1, asks_password=True)

    assert "  login     nobody can yet: homeport user add NAME" in banner_lines(started, Typed())


def test_commands_can_be_typed_as_they_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(
        "1", tmp_path / "my data", [("aws", "http://127.0.0.1:4566")], False, None, None, None, 0.1, aws_auth="open"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [".venv/bin/homeport", "up"])

    from_checkout = banner_lines(started, typed_here(started, by_flag=True))
    (tmp_path / "homeport").touch(mode=0o755)
    installed = banner_lines(started, typed_here(started, by_flag=False))

    assert any(f"$(.venv/bin/homeport env --data-dir '{tmp_path}/my data')" in line for line in from_checkout)
    assert any("$(homeport env)" in line for line in installed)


@pytest.mark.parametrize(
    ("installed", "told"), [([], "podman"), (["docker"], "docker"), (["docker", "podman"], "podman")]
)
def test_the_client_that_is_installed_is_the_one_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: list[str], told: str
) -> None:
    for name in installed:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert typed_here(Started("1", tmp_path, [], False, None, None, None, 0.1), by_flag=False).client == told


def test_docker_takes_plain_http_on_loopback_as_it_is() -> None:
    started = Started("1", Path("/d"), [("registry", PLAIN)], False, "anna", None, None, 0.1)

    told = banner_lines(started, Typed(client="docker"))

    assert any("docker login -u anna 127.0.0.1:5000" in line for line in told)
    assert any("docker push 127.0.0.1:5000/IMAGE" in line for line in told)


@pytest.mark.parametrize(
    ("flags", "config", "told"),
    [
        ({"data_dir": "/data"}, None, True),
        ({}, "mine.yaml", True),
        ({}, "home/homeport/config.yaml", False),
        ({}, None, False),
    ],
)
def test_commands_name_the_directory_where_only_this_command_line_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, flags: dict[str, str], config: str | None, told: bool
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "homeport").mkdir(parents=True)
    file = None if config is None else tmp_path / config
    if file is not None:
        file.write_text("data_dir: here\n")

    assert told_by_flag(load(file, {"HOME": str(tmp_path)}, flags)) is told


def test_it_says_whom_the_aws_endpoint_believes() -> None:
    def line(auth: Literal["open", "signed"]) -> str:
        started = Started("1", Path("/d"), [], False, None, None, None, 0.1, aws_auth=auth)  # no TLS
        return next(line for line in banner_lines(started, Typed()) if "AWS keys" in line)

    assert "open: any will do" in line("open")
    assert "signed: only those of `homeport key create`" in line("signed")
