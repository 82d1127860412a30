"""`homeport k8s dns`: names for the cluster, in Pi-hole, hosts files, dnsmasq or CoreDNS."""

import asyncio
import getpass
import os
import ssl
import sys
from pathlib import Path

import click

from homeport.cli.group import Group
from homeport.cli.k8s.options import Target, say, with_target
from homeport.cli.passwords import password_from_stdin
from homeport.deploy.cluster.api import Api
from homeport.deploy.dns.pihole import Change, PiHole
from homeport.deploy.dns.printed import coredns_manifest, dnsmasq_lines, hosts_lines, pihole_v5_files, pihole_v6_lines
from homeport.deploy.dns.records import Records, records_for
from homeport.deploy.trust import traefik_address
from homeport.deploy.values import Values
from homeport.kernel.errors import OperatorError


class NoAddressError(OperatorError):
    """Nobody knows where Traefik answers."""


@click.group(cls=Group)
def dns() -> None:
    """Make the three names, and all names below the AWS host, lead to Traefik."""


async def _look(api: Api, values: Values) -> tuple[Values, Records]:
    address = await traefik_address(api, values)
    if not address:
        raise NoAddressError(
            "Traefik's Service has no address", hint="kubectl -n kube-system get service traefik; or --set lbAddress=IP"
        )
    return values, records_for(values, address)


@dns.command()
@click.option("--url", default="http://pi.hole", show_default=True, help="Where Pi-hole's web interface is.")
@click.option("--password-stdin", is_flag=True, help="Read the (app) password from standard input.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="CA of Pi-hole's own HTTPS.")
@click.option("--v5", is_flag=True, help="Print the files of Pi-hole 5.")
@click.option("--print", "print_only", is_flag=True, help="Print the lines to add by hand.")
@click.option("--remove", is_flag=True, help="Take the records out again.")
@with_target
def pihole(
    target: Target,
    url: str,
    ca_file: Path | None,
    *,
    password_stdin: bool,
    v5: bool,
    print_only: bool,
    remove: bool,
) -> None:
    """Write the records into Pi-hole 6 by its API; the password comes from PIHOLE_PASSWORD, stdin or a prompt."""
    _, records = target.run(_look)
    if v5 or print_only:
        click.echo(pihole_v5_files(records) if v5 else pihole_v6_lines(records))
        return
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    change = asyncio.run(_change(PiHole(url, _password(from_stdin=password_stdin), context=context), records, remove))
    for line in change.added:
        say(f"added {line}")
    for line in change.removed:
        say(f"removed {line}")
    say(f"{len(change.kept)} were there already")


async def _change(hole: PiHole, records: Records, remove: bool) -> Change:  # noqa: FBT001 # the flag as it was given
    async with hole:
        return await hole.remove(records) if remove else await hole.write(records)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return password_from_stdin()
    if "PIHOLE_PASSWORD" in os.environ:
        return os.environ["PIHOLE_PASSWORD"]
    return getpass.getpass("Pi-hole's password: ") if sys.stdin.isatty() else ""


@dns.command()
@with_target
def hosts(target: Target) -> None:
    """Print lines for /etc/hosts."""
    click.echo(hosts_lines(target.run(_look)[1]))


@dns.command()
@with_target
def dnsmasq(target: Target) -> None:
    """Print a file for /etc/dnsmasq.d."""
    click.echo(dnsmasq_lines(target.run(_look)[1]))


@dns.command()
@with_target
def coredns(target: Target) -> None:
    """Print the ConfigMap that K3s' CoreDNS reads, for pods of nodes that ask no Pi-hole."""
    values, records = target.run(_look)
    click.echo(coredns_manifest(values, records.address), nl=False)
