"""`homeport k8s doctor`: sixteen checks of a deployment, each with its cure."""

import os

import click

from homeport.cli.findings import print_json, print_summary, printer
from homeport.cli.k8s.options import Target, with_target
from homeport.cli.passwords import password_from_stdin
from homeport.deploy.cluster.api import Api
from homeport.deploy.doctor.cluster_list import CHECKS
from homeport.deploy.doctor.findings import Finding, exit_status, run_checks
from homeport.deploy.doctor.scene import Scene
from homeport.deploy.trust import NoCertificateError, fetch_authority, traefik_address
from homeport.deploy.values import Values

_PLACES = ("laptop", "cluster", "nodes")


@click.command()
@click.option("--from", "places", type=click.Choice(_PLACES), multiple=True, help="Look only from there.")
@click.option("--check", "numbers", type=click.IntRange(1, len(CHECKS)), multiple=True, help="Only this check.")
@click.option("--user", metavar="NAME", help="Log in, push and pull as this user.")
@click.option("--password-stdin", is_flag=True, help="Read the password of --user from the first line of stdin.")
@click.option("--slow", is_flag=True, help="Also upload for 70 seconds.")
@click.option("--https-port", type=int, default=443, show_default=True, help="Port of Traefik's HTTPS.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_target
def doctor(
    target: Target,
    places: tuple[str, ...],
    numbers: tuple[int, ...],
    user: str | None,
    https_port: int,
    *,
    password_stdin: bool,
    slow: bool,
    as_json: bool,
) -> None:
    """Check the deployment from here, from inside the cluster and on its nodes; exit status 1 when something fails."""
    if bool(user) != password_stdin:
        raise click.UsageError("--user and --password-stdin go together.")
    login = (user, password_from_stdin()) if user else None

    async def work(api: Api, values: Values) -> list[Finding]:
        scene = Scene(
            api,
            values,
            await traefik_address(api, values),
            await _authority(api, values),
            https_port=https_port,
            login=login,
            slow=slow,
            environment=os.environ,
        )
        chosen = [
            each for each in CHECKS if each.place in (places or _PLACES) and each.number in (numbers or range(99))
        ]
        return await run_checks(chosen, scene, printer(as_json=as_json))

    findings = target.run(work)
    if as_json:
        print_json(findings)
    else:
        print_summary(findings)
    raise SystemExit(exit_status(findings))


async def _authority(api: Api, values: Values) -> str:
    """The CA; without one the checks of TLS say what is missing."""
    try:
        return await fetch_authority(api, values)
    except NoCertificateError:
        return ""
