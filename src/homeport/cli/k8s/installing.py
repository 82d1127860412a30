"""`homeport k8s install`, `upgrade` and `uninstall`."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from homeport.cli.k8s.copies import private_file
from homeport.cli.k8s.options import Target, say, with_target
from homeport.cli.terminal import print_styled
from homeport.deploy.cluster.accounts import Accounts, Login
from homeport.deploy.cluster.adoption import Claim, adopt, check, parse_claim
from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.copies import Half, back_up
from homeport.deploy.cluster.plan import Plan, carry_out, plan
from homeport.deploy.cluster.pods import NotRunningError, running_pod
from homeport.deploy.cluster.removal import retain_volumes
from homeport.deploy.cluster.removal import uninstall as remove
from homeport.deploy.cluster.stored import store_values
from homeport.deploy.cluster.waiting import wait_until_ready
from homeport.deploy.documents import Object, kind_of, namespace_of
from homeport.deploy.render import render
from homeport.deploy.values import Values, load_values
from homeport.deploy.values.fields import as_document
from homeport.kernel.ids import SystemIds

_dry_run = click.option("--dry-run", is_flag=True, help="Let the API server try everything, change nothing.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_timeout = click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds to wait.")


@click.command()
@_dry_run
@_yes
@_timeout
@click.option("--adopt", "adopted", metavar="NAMESPACE/CLAIM", help="Go on with the volume of a registry:2.")
@click.option("--retain", is_flag=True, help="Have the volumes survive their claims.")
@with_target
def install(target: Target, timeout: float, adopted: str | None, *, dry_run: bool, yes: bool, retain: bool) -> None:
    """Install on the cluster, or bring an installation to these values.

    Tries everything first, says what will change, applies it, waits, and shows the passwords that it made, once.
    """
    claim = parse_claim(adopted) if adopted else None

    async def work(api: Api, values: Values) -> None:
        if claim is not None:
            await check(api, claim)
            values = load_values(None, [f"registry.existingClaim={claim.name}"], as_document(values))
        await _Installation(api, values, timeout).run(claim, dry_run=dry_run, yes=yes, retain=retain)

    target.run(work)


@click.command()
@_dry_run
@_yes
@_timeout
@click.option(
    "--backup-to", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Directory for the backup."
)
@click.option("--no-backup", is_flag=True, help="Upgrade without a backup.")
@with_target
def upgrade(target: Target, timeout: float, backup_to: Path, *, dry_run: bool, yes: bool, no_backup: bool) -> None:
    """Bring an installation to this version of Homeport, after a backup of its data."""

    async def work(api: Api, values: Values) -> None:
        if not (dry_run or no_backup):
            await _back_up_everything(api, values, backup_to)
        await _Installation(api, values, timeout).run(None, dry_run=dry_run, yes=yes, retain=False)

    target.run(work)


@click.command()
@_yes
@click.option("--delete-data", is_flag=True, help="Remove volumes, users, authority and namespace as well.")
@with_target
def uninstall(target: Target, *, yes: bool, delete_data: bool) -> None:
    """Remove the installation; its data, users, authority and namespace stay unless told otherwise."""
    if not yes:
        what = "the installation AND ITS DATA" if delete_data else "the installation"
        click.confirm(f"Remove {what} from namespace {target.namespace}?", abort=True, err=True)

    async def work(api: Api, values: Values) -> list[str]:
        return await remove(api, values, say, delete_data=delete_data)

    kept = target.run(work)
    for name in kept:
        say(f"kept {name}")
    if kept:
        say("to remove that too: homeport k8s uninstall --delete-data")


class _Installation:
    """One run of `install` or `upgrade`."""

    def __init__(self, api: Api, values: Values, timeout_seconds: float) -> None:
        self._api = api
        self._values = values
        self._timeout = timeout_seconds
        self._objects: Sequence[Object] = render(values)

    async def run(self, claim: Claim | None, *, dry_run: bool, yes: bool, retain: bool) -> None:
        api, values, objects = self._api, self._values, self._objects
        made = await plan(api, values, objects)
        _show(made)
        if dry_run:
            return
        if not yes and (made.created or made.changed or made.removed or claim):
            click.confirm(f"Apply this to {api.access.server}?", abort=True, err=True)
        await self._before()
        if claim is not None:
            await adopt(api, values, claim, say)
        logins = await Accounts(api, values).ensure(SystemIds()) if values.registry.enabled else []
        # Told at once: whatever fails from here on, the next run finds the users there and has nothing to tell.
        _show_logins(logins)
        await carry_out(api, objects, made, say)
        await store_values(api, values)
        await wait_until_ready(api, objects, say, timeout_seconds=self._timeout)
        if retain:
            await self._retain()
        _show_end(values)

    async def _before(self) -> None:
        """The namespace, which what comes next needs."""
        for each in self._objects:
            if kind_of(each) == "Namespace":
                await self._api.apply(each, dry_run=False)

    async def _retain(self) -> None:
        path = f"/api/v1/namespaces/{self._values.namespace.name}/persistentvolumeclaims"
        claims = [each for each in await self._api.items(path) if namespace_of(each) == self._values.namespace.name]
        await retain_volumes(self._api, claims, say)


async def _back_up_everything(api: Api, values: Values, folder: Path) -> None:
    for half in get_args(Half):
        if not (values.registry.enabled if half == "registry" else values.aws.enabled):
            continue
        try:
            await running_pod(api, values, half)
        except NotRunningError:
            say(f"{half} does not run: no backup of it")
            continue
        path = folder / f"homeport-{half}-{datetime.now(tz=UTC):%Y%m%d-%H%M%S}.tar"
        with private_file(path) as file:
            said = await back_up(api, values, half, file.write)
        say(f"backed up {half} to {path}: {said}")


def _show(made: Plan) -> None:
    for word, names in (("create", made.created), ("change", made.changed)):
        for name in names:
            say(f"will {word} {name}")
    for _, name in made.removed:
        say(f"will remove {name}")
    if made.same:
        say(f"{len(made.same)} objects stay as they are")


def _show_logins(logins: Sequence[Login]) -> None:
    for login in logins:
        shown = click.style(f"{login.name} / {login.password}", fg="green", bold=True)
        print_styled(f"login {shown}   shown only this once", sys.stdout)


def _show_end(values: Values) -> None:
    say("installed. What is left to do:")
    for line in (
        "homeport k8s dns pihole --url http://pi.hole    # or: dns hosts, dns dnsmasq, dns coredns",
        "homeport k8s trust --install                    # this machine; --print for the others",
        "homeport k8s node script > node.sh              # every node: ssh NODE 'sudo sh -s' < node.sh",
        "homeport k8s doctor --user admin --password-stdin",
        f"docker login {values.registry_host}",
    ):
        say(f"  {line}")
