"""What `homeport up` prints once it listens: where, the login, and what to type next."""

import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import click

from homeport.app import Started
from homeport.cli.terminal import print_styled

_LABEL_WIDTH = 9


def print_banner(started: Started) -> None:
    """Print the start message on standard output."""
    print_styled("\n".join(banner_lines(started)), sys.stdout)
    # Whoever reads through a pipe waits for these lines before it goes on.
    sys.stdout.flush()


def banner_lines(started: Started) -> list[str]:
    """The start message, line by line, with colour codes."""
    title = click.style(f"Homeport {started.version}", bold=True)
    return [
        f"{title} is ready in {started.seconds:.2f} s",
        "",
        *(_labelled(name, click.style(url, fg="cyan")) for name, url in started.addresses),
        _labelled("data", str(started.data_dir)),
        *_login(started),
        *_aws_auth(started),
        *_next_commands(started),
        "",
        click.style("Ctrl-C stops it.", dim=True),
    ]


def _labelled(label: str, text: str) -> str:
    return f"  {label.ljust(_LABEL_WIDTH)} {text}"


def _login(started: Started) -> Iterator[str]:
    if started.generated_password:
        shown = click.style(f"{started.user} / {started.generated_password}", fg="green", bold=True)
        yield _labelled("login", f"{shown}   shown only this once")
    elif started.user:
        yield _labelled("login", f"{started.user}, with the password that you know")
    if started.ca_fingerprint:
        yield _labelled("CA", f"{started.ca_fingerprint}   `homeport ca trust` makes clients trust it")


def _aws_auth(started: Started) -> Iterator[str]:
    match started.aws_auth:
        case "open":
            yield _labelled("AWS keys", "open: any will do (aws.auth)   `homeport env` sets them for a shell")
        case "signed":
            yield _labelled("AWS keys", "signed: only those of `homeport key create` and IAM (aws.auth)")


def _next_commands(started: Started) -> Iterator[str]:
    registry = next((url for name, url in started.addresses if name == "registry" and not _is_unix(url)), None)
    if registry is None:
        return
    host = urlsplit(registry).netloc
    # Podman asks for TLS everywhere unless told otherwise; docker takes plain HTTP on 127.0.0.0/8 as it is.
    plain = " --tls-verify=false" if registry.startswith("http://") else ""
    user = f" -u {started.user}" if started.user else ""
    yield ""
    yield "  Next, with podman:" if plain else "  Next:"
    for command in (
        f"podman login{plain}{user} {host}",
        f"podman tag IMAGE {host}/IMAGE",
        f"podman push{plain} {host}/IMAGE",
    ):
        yield "    " + click.style(command, fg="yellow")


def _is_unix(url: str) -> bool:
    return url.startswith("http+unix:")
