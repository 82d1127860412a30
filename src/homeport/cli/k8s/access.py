"""`homeport k8s trust`, `node` and `pull-secret`: what machines and pods need to reach the registry."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import click

from homeport.cli.group import Group
from homeport.cli.k8s.options import Target, say, with_target
from homeport.deploy.cluster.accounts import Accounts
from homeport.deploy.cluster.api import Api
from homeport.deploy.nodes import Pull, RegistriesError, node_script, registries_yaml
from homeport.deploy.trust import fetch_authority, offer_authority
from homeport.deploy.values import Values
from homeport.kernel.errors import OperatorError
from homeport.kernel.tls.trust import RECIPES, recipe_for

_USUAL = {"darwin": ("macos", "docker-desktop"), "win32": ("windows",)}


class TrustError(OperatorError):
    """This machine could not be told to trust the CA."""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the CA (PEM) to this file.")
@click.option("--for", "targets", type=click.Choice(list(RECIPES)), multiple=True, help="Which client.")
@click.option("--install", is_flag=True, help="Run the commands on this machine; asks for your password by sudo.")
@click.option("--print", "print_only", is_flag=True, help="Print the commands.  [default]")
@click.option("--into", metavar="NAMESPACE", help="Write the CA into a ConfigMap homeport-ca of a namespace, for pods.")
@with_target
def trust(
    target: Target,
    out: Path | None,
    targets: tuple[str, ...],
    into: str | None,
    *,
    install: bool,
    print_only: bool,
) -> None:
    """Fetch the deployment's CA, and make this machine trust it or print the commands for others."""
    if install and print_only:
        raise click.UsageError("--install and --print exclude each other.")

    async def work(api: Api, values: Values) -> tuple[str, str]:
        authority = await fetch_authority(api, values)
        if authority and into:
            await offer_authority(api, values, into, authority)
            say(f"wrote ConfigMap {into}/homeport-ca")
        return authority, values.registry_host

    authority, host = target.run(work)
    if not authority:
        say("the certificate's issuer is a public one: there is nothing to trust")
        return
    path = out or Path("homeport-ca.crt")
    if out is not None or not install:
        path.write_text(authority, encoding="ascii")
        say(f"wrote {path}")
    chosen = targets or _usual()
    if install:
        _install(chosen, host, authority)
    else:
        _print(chosen, host, path)


def _usual() -> tuple[str, ...]:
    if sys.platform in _USUAL:
        return _USUAL[sys.platform]
    return ("fedora" if Path("/etc/pki/ca-trust").is_dir() else "debian", "docker", "podman")


def _print(chosen: tuple[str, ...], host: str, path: Path) -> None:
    for each in chosen:
        recipe = recipe_for(each, registry=host, ca_file=str(path))
        click.echo(f"# For {recipe.title}:\n{recipe.commands}\n# {recipe.note}\n")
    others = ", ".join(each for each in RECIPES if each not in chosen)
    click.echo(f"# Also --for {others}")


def _install(chosen: tuple[str, ...], host: str, authority: str) -> None:
    with tempfile.TemporaryDirectory(prefix="homeport-") as folder:
        path = Path(folder) / "homeport-ca.crt"
        path.write_text(authority, encoding="ascii")
        for each in chosen:
            recipe = recipe_for(each, registry=host, ca_file=str(path))
            say(f"{recipe.title}:\n{recipe.commands}")
            done = subprocess.run(["/bin/sh", "-c", recipe.commands], check=False)  # what was just shown
            if done.returncode:
                raise TrustError(f"{recipe.title}: the commands ended with {done.returncode}")


@click.group(cls=Group)
def node() -> None:
    """Let K3s' nodes pull from the registry."""


_existing = click.option(
    "--existing", type=click.File("r"), help="The node's present registries.yaml, whose other entries are kept."
)


@node.command(name="registries.yaml")
@_existing
@with_target
def registries(target: Target, existing: IO[str] | None) -> None:
    """Print /etc/rancher/k3s/registries.yaml; it holds the pull account's password."""
    click.echo(registries_yaml(target.run(_pull), _text(existing)), nl=False)


@node.command()
@_existing
@click.option("--test-image", default="", help="Pull this image in the end.")
@with_target
def script(target: Target, existing: IO[str] | None, test_image: str) -> None:
    """Print a script for root on a node: it backs up, writes, restarts K3s and tests.

    ssh NODE 'sudo sh -s' < SCRIPT. It holds the pull account's password.
    """
    click.echo(node_script(target.run(_pull), _text(existing), test_image), nl=False)


def _text(file: IO[str] | None) -> str:
    if file is None:
        return ""
    try:
        return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistriesError("the existing registries.yaml cannot be read") from error


async def _pull(api: Api, values: Values) -> Pull:
    authority = await fetch_authority(api, values)
    if values.registry.anonymous_pull:
        return Pull(values.registry_host, None, "", authority)
    login = await Accounts(api, values).pull_account()
    return Pull(values.registry_host, login.name, login.password, authority)


@click.command(name="pull-secret")
@click.argument("namespaces", nargs=-1, required=True)
@with_target
def pull_secret(target: Target, namespaces: tuple[str, ...]) -> None:
    """Write the pull account into Secrets of NAMESPACES, for pods: imagePullSecrets: [{name: registry-pull}]."""

    async def work(api: Api, values: Values) -> None:
        accounts = Accounts(api, values)
        login = await accounts.pull_account()
        for namespace in namespaces:
            await accounts.write_pull_secret(namespace, login)
            say(f"wrote Secret {namespace}/registry-pull")

    target.run(work)
