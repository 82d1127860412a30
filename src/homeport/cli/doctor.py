"""`homeport doctor`: whether the Homeport on this machine works, and what cures it where it does not."""

import asyncio
import os

import click

from homeport.cli.context import with_settings
from homeport.cli.passwords import password_from_stdin
from homeport.kernel.config import Settings


@click.command()
@click.option("--user", metavar="NAME", help="Log in, push and pull as this user.")
@click.option("--password-stdin", is_flag=True, help="Read the password of --user from the first line of stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def doctor(settings: Settings, user: str | None, *, password_stdin: bool, as_json: bool) -> None:
    """Check the Homeport on this machine; exit status 1 when something is wrong.

    For one on Kubernetes: homeport k8s doctor.
    """
    from homeport.cli.findings import print_json, print_summary, printer
    from homeport.deploy.doctor.findings import exit_status, run_checks
    from homeport.deploy.doctor.laptop import CHECKS, Laptop

    if bool(user) != password_stdin:
        raise click.UsageError("--user and --password-stdin go together.")
    login = (user, password_from_stdin()) if user else None
    findings = asyncio.run(run_checks(CHECKS, Laptop(settings, os.environ, login), printer(as_json=as_json)))
    if as_json:
        print_json(findings)
    else:
        print_summary(findings)
    raise SystemExit(exit_status(findings))
