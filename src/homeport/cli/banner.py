"""What `homeport up` prints once it listens: where, the login, and what to type next."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click

from homeport.app import Started
from homeport.cli.terminal import print_styled
from homeport.kernel.config import Loaded, find_config_file

_LABEL_WIDTH = 9


@dataclass(frozen=True, slots=True)
class Typed:
    """How a person types further commands for this server.

    Attributes:
        program: name or path of `homeport`.
        flags: what each command needs to find the server.
        client: `podman`, or `docker` where only that is installed.
    """

    program: str = "homeport"
    flags: str = ""
    client: Literal["podman", "docker"] = "podman"

    def __call__(self, command: str) -> str:
        """The line to type for a command such as `env`."""
        return f"{self.program} {command}{self.flags}"


def told_by_flag(loaded: Loaded) -> bool:
    """Whether this command line alone said where the data lies: by --data-dir, or by a file that --config names."""
    origin = loaded.origins.get("data_dir", "")
    in_file = loaded.file is not None and origin.startswith(f"{loaded.file}:")
    return origin.startswith("--") or (in_file and loaded.file != find_config_file(os.environ))


def typed_here(started: Started, *, by_flag: bool) -> Typed:
    """The program as it was called, where the shell does not find it by its name.

    Args:
        started: whose commands they are.
        by_flag: whether other commands must hear where the data lies, too; `told_by_flag` says so.
    """
    called = Path(sys.argv[0])
    named = called.name != "homeport" or shutil.which("homeport") is not None
    return Typed(
        "homeport" if named else str(called),
        f" --data-dir {shlex.quote(str(started.data_dir))}" if by_flag else "",
        "docker" if shutil.which("docker") and not shutil.which("podman") else "podman",
    )


def banner_printer(*, by_flag: bool = False) -> Callable[[Started], None]:
    """What prints the start message on standard output; `by_flag` as in `typed_here`."""

    def print_banner(started: Started) -> None:
        print_styled("\n".join(banner_lines(started, typed_here(started, by_flag=by_flag))), sys.stdout)
        # Whoever reads through a pipe waits for these lines before it goes on.
        sys.stdout.flush()

    return print_banner


def banner_lines(started: Started, typed: Typed) -> list[str]:
    """The start message, line by line, with colour codes."""
    title = click.style(f"Homeport {started.version}", bold=True)
    return [
        f"{title} is ready in {started.seconds:.2f} s",
        "",
        *(_labelled(name, click.style(url, fg="cyan")) for name, url in started.addresses),
        _labelled("data", str(started.data_dir)),
        *_login(started, typed),
        *_aws_auth(started, typed),
        *_next_commands(started, typed),
        "",
        click.style("Ctrl-C stops it.", dim=True),
    ]


def _labelled(label: str, text: str) -> str:
    return f"  {label.ljust(_LABEL_WIDTH)} {text}"


def _login(started: Started, typed: Typed) -> Iterator[str]:
    if started.generated_password:
        shown = click.style(f"{started.user} / {started.generated_password}", fg="green", bold=True)
        yield _labelled("login", f"{shown}   shown only this once")
    elif started.user:
        yield _labelled("login", f"{started.user}, with the password that you know")
    elif started.asks_password:
        yield _labelled("login", f"nobody can yet: {typed('user add NAME')}")
    if started.ca_fingerprint:
        yield _labelled("CA", f"{started.ca_fingerprint}")


def _aws_auth(started: Started, typed: Typed) -> Iterator[str]:
    match started.aws_auth:
        case "open":
            yield _labelled("AWS keys", "open: any will do (aws.auth)")
        case "signed":
            yield _labelled("AWS keys", f"signed: only those of `{typed('key create')}` and IAM (aws.auth)")


def _next_commands(started: Started, typed: Typed) -> Iterator[str]:
    registry = next((url for name, url in started.addresses if name == "registry" and not _is_unix(url)), None)
    commands = [*_pushing(registry, started, typed)] if registry else []
    if any(name == "aws" and not _is_unix(url) for name, url in started.addresses):
        commands.append(f'eval "$({typed("env")})"   # for the AWS CLI and SDKs in this shell')
    if commands:
        yield ""
        yield "  Next:"
        yield from ("    " + click.style(command, fg="yellow") for command in commands)


def _pushing(registry: str, started: Started, typed: Typed) -> Iterator[str]:
    host, client = urlsplit(registry).netloc, typed.client
    secure = registry.startswith("https://")
    # Podman asks for TLS everywhere unless told otherwise; docker takes plain HTTP on 127.0.0.0/8 as it is.
    plain = "" if secure or client == "docker" else " --tls-verify=false"
    user = f" -u {started.user}" if started.user else ""
    if started.ca_fingerprint and secure:
        yield f"{typed(f'ca trust --for {client} --registry {host}')} | sh"
    yield f"{client} login{plain}{user} {host}"
    yield f"{client} tag IMAGE {host}/IMAGE"
    yield f"{client} push{plain} {host}/IMAGE"


def _is_unix(url: str) -> bool:
    return url.startswith("http+unix:")
