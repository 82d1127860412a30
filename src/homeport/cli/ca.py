"""`homeport ca`: the own certificate authority, shown, exported, and made trusted by clients."""

import socket
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from homeport.cli.context import with_settings
from homeport.cli.group import Group
from homeport.cli.terminal import print_styled
from homeport.kernel.clock import SystemClock
from homeport.kernel.config import Settings
from homeport.kernel.errors import OperatorError
from homeport.kernel.http.address import TcpAddress
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.tls.places import AuthorityFiles
from homeport.kernel.tls.trust import RECIPES, Recipe, recipe_for

if TYPE_CHECKING:
    # `cryptography` comes in when a certificate is read, and not with the command's help
    from homeport.kernel.tls.authority import Authority
    from homeport.kernel.tls.certificates import CertificateFacts

_SYSTEM_STORES = {"darwin": ("docker-desktop", "podman", "macos"), "win32": ("windows",)}


class NoAuthorityError(OperatorError):
    """No own certificate authority was made yet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"there is no certificate authority in {directory} yet",
            hint="it is made when `homeport up` first speaks TLS without tls.certificate: on an address that others "
            "reach, with tls.mode=on, or at the first https:// request to the AWS endpoint",
        )


class ExportError(OperatorError):
    """The file to export to cannot be written."""


@click.group(cls=Group)
def ca() -> None:
    """Look at Homeport's own certificate authority, and make clients trust it."""


@ca.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def show(settings: Settings, *, as_json: bool) -> None:
    """Show the authority and the server certificate that it issued last."""
    authority = _open(settings)
    print_styled(_as_json(authority) if as_json else _as_text(authority), sys.stdout)


@ca.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead.")
@with_settings
def export(settings: Settings, out: Path | None) -> None:
    """Print the authority's certificate (PEM): what clients are told to trust. The key stays where it is."""
    pem = _open(settings).pem
    if out is None:
        click.echo(pem, nl=False)
        return
    try:
        out.write_text(pem, encoding="ascii")
    except OSError as error:
        raise ExportError(f"{out}: {error.strerror}") from error


@ca.command()
@click.option(
    "--for", "targets", type=click.Choice(list(RECIPES)), multiple=True, help="Which client; may be given again."
)
@click.option("--registry", metavar="HOST:PORT", help="The registry as image names have it.  [default: as configured]")
@click.option(
    "--ca-file",
    metavar="FILE",
    help="Where the certificate lies on the client's machine.  [default: where it lies on this one]",
)
@with_settings
def trust(settings: Settings, targets: tuple[str, ...], registry: str | None, ca_file: str | None) -> None:
    """Print the lines that make clients trust the authority; nothing is changed by this command.

    On another machine, bring the certificate there first: homeport ca export | ssh NODE 'cat > homeport-ca.crt',
    and name it with --ca-file homeport-ca.crt.
    """
    lies_at = ca_file or str(_open(settings).files.certificate)
    name = registry or registry_name(settings)
    chosen = targets or _usual_targets()
    recipes = [recipe_for(target, registry=name, ca_file=lies_at) for target in chosen]
    print_styled("\n\n".join(map(_recipe_text, recipes)), sys.stdout)
    if not targets:
        others = ", ".join(target for target in RECIPES if target not in chosen)
        print_styled(f"\n{click.style(f'# Also --for {others}', dim=True)}", sys.stdout)


def registry_name(settings: Settings) -> str:
    """HOST:PORT that other machines' image names would have for this registry, as far as the settings tell."""
    if settings.registry_public_url:
        return urlsplit(settings.registry_public_url).netloc
    address = next((each for each in settings.listen_registry if isinstance(each, TcpAddress)), None)
    if address is None:
        return "localhost"
    if address.everywhere:
        return str(TcpAddress(next(iter(settings.tls_names), socket.gethostname()), address.port))
    return str(address)


def _open(settings: Settings) -> "Authority":
    from homeport.kernel.tls.authority import open_authority

    files = AuthorityFiles(DataDirectory(settings.data_dir).ca)
    authority = open_authority(files, SystemClock())
    if authority is None:
        raise NoAuthorityError(files.directory)
    return authority


def _usual_targets() -> tuple[str, ...]:
    """Container clients and the system's store of the machine that this runs on."""
    if sys.platform in _SYSTEM_STORES:
        return _SYSTEM_STORES[sys.platform]
    return ("docker", "podman", "fedora" if Path("/etc/pki/ca-trust").is_dir() else "debian")


def _recipe_text(recipe: Recipe) -> str:
    wrapped = textwrap.fill(recipe.note, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    note = "\n".join(click.style(line, dim=True) for line in wrapped.splitlines())
    return f"{click.style(f'# For {recipe.title}:', bold=True)}\n{recipe.commands}\n{note}"


def _as_text(authority: "Authority") -> str:
    facts, leaf = authority.facts, authority.leaf_facts
    rows = [
        ("authority", facts.subject),
        ("SHA-256", facts.fingerprint),
        ("valid", _validity(facts)),
        ("certificate", str(authority.files.certificate)),
        ("key", str(authority.files.key)),
    ]
    if leaf is None:
        rows.append(("server", "no certificate issued yet"))
    else:
        rows += [
            ("server", ", ".join(leaf.names)),
            ("SHA-256", leaf.fingerprint),
            ("valid", _validity(leaf)),
            ("file", str(authority.files.leaf)),
        ]
    return "\n".join(f"{click.style(label.ljust(11), bold=True)}  {text}" for label, text in rows)


def _validity(facts: "CertificateFacts") -> str:
    return f"{facts.not_before:%Y-%m-%d} to {facts.not_after:%Y-%m-%d}"


def _as_json(authority: "Authority") -> str:
    import orjson

    leaf = authority.leaf_facts
    shown = {
        "authority": _fields(authority.facts) | {"file": str(authority.files.certificate)},
        "server": None if leaf is None else _fields(leaf) | {"file": str(authority.files.leaf)},
        "key_file": str(authority.files.key),
    }
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def _fields(facts: "CertificateFacts") -> dict[str, object]:
    return {
        "subject": facts.subject,
        "sha256": facts.fingerprint,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "names": facts.names,
    }
