"""`homeport env` and `homeport aws`: AWS's own tools, pointed at the server that runs here."""

import asyncio
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping

import click

from homeport.aws.auth.offline import with_keys
from homeport.aws.call import DEFAULT_REGION
from homeport.cli.context import with_settings
from homeport.cli.key import account_option
from homeport.cli.running import find_running
from homeport.kernel.clock import SystemClock
from homeport.kernel.config import Settings
from homeport.kernel.errors import OperatorError
from homeport.kernel.runfile import RunFile
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.tls.places import AuthorityFiles

_REGION = re.compile(r"[a-z0-9-]+")


def _region(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if _REGION.fullmatch(value) is None:
        raise click.BadParameter("a region is a name such as eu-central-1")
    return value


_region_option = click.option("--region", default=DEFAULT_REGION, show_default=True, callback=_region, help="Region.")
_QUOTES: Mapping[str, Callable[[str], str]] = {
    "sh": shlex.quote,
    "fish": shlex.quote,
    "powershell": lambda text: text.replace("'", "''"),
    "dotenv": str,
}
_FORMS = {
    "sh": "export {name}={value}",
    "fish": "set -gx {name} {value}",
    "powershell": "$Env:{name} = '{value}'",
    "dotenv": "{name}={value}",
}


class NoAwsListenerError(OperatorError):
    """The running server has no AWS endpoint."""

    def __init__(self) -> None:
        super().__init__("the running Homeport has no AWS endpoint", hint="start it with --listen-aws 127.0.0.1:4566")


class NoKeyError(OperatorError):
    """Nobody could sign."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"account {account} has no access key, and aws.auth is `signed`",
            hint=f"make one with `homeport key create --account {account}`",
        )


class NoAwsCliError(OperatorError):
    """The AWS CLI is not installed."""

    def __init__(self) -> None:
        super().__init__("the AWS CLI (`aws`) is not installed", hint="pip install awscli, or see your distribution")


def variables(settings: Settings, account: str, region: str) -> Mapping[str, str]:
    """What the environment of AWS's tools has to hold.

    Raises:
        OperatorError: no server runs, it has no AWS endpoint, or nobody could sign.
    """
    note = find_running(settings.data_dir).note
    key_id, secret = account, "homeport"
    if note.aws_auth == "signed":
        key_id, secret = _root_key(settings, account)
    return {
        **_reaching(settings, note),
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def _reaching(settings: Settings, note: RunFile) -> Mapping[str, str]:
    """The endpoint, and the authority to trust where it speaks TLS alone, with a certificate of Homeport's own."""
    url = _endpoint(note)
    authority = AuthorityFiles(DataDirectory(settings.data_dir).ca).certificate
    if not url.startswith("https:") or settings.tls_certificate is not None or not authority.exists():
        return {"AWS_ENDPOINT_URL": url}
    return {"AWS_ENDPOINT_URL": url, "AWS_CA_BUNDLE": str(authority.absolute())}


def _endpoint(note: RunFile) -> str:
    """The first address that the tools can reach: they know no Unix sockets."""
    for name, url in note.addresses:
        if name == "aws" and not url.startswith("http+unix:"):
            return url
    raise NoAwsListenerError


def _root_key(settings: Settings, account: str) -> tuple[str, str]:
    data = DataDirectory(settings.data_dir)
    found = asyncio.run(with_keys(data, SystemClock(), lambda keys, tx: keys.lasting(tx, account)))
    for key in found:
        if key.active and key.principal_arn.endswith(":root"):
            return key.id, key.secret
    raise NoKeyError(account)


@click.command()
@account_option
@_region_option
@click.option("--shell", type=click.Choice(list(_FORMS)), default="sh", show_default=True, help="Whose language.")
@with_settings
def env(settings: Settings, account: str, region: str, shell: str) -> None:
    """Print what a shell has to export: eval "$(homeport env)"."""
    for name, value in variables(settings, account, region).items():
        click.echo(_FORMS[shell].format(name=name, value=_QUOTES[shell](value)))


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_settings
def aws(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Run the AWS CLI against the server that runs here: homeport aws s3 ls.

    Account and region are those of AWS_ACCESS_KEY_ID and AWS_DEFAULT_REGION where these are set; where signatures are
    verified, a key that is set signs.
    """
    program = shutil.which("aws")
    if program is None:
        raise NoAwsCliError
    given = _from_environment(settings, os.environ)
    # Version 1 asks Amazon for SQS whatever the variable says, and version 2 before 2.13 knows no such variable.
    command = ["aws", "--endpoint-url", given["AWS_ENDPOINT_URL"], *arguments]
    os.execve(program, command, {**os.environ, **given})  # noqa: S606 # no shell


def _from_environment(settings: Settings, given: Mapping[str, str]) -> Mapping[str, str]:
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    note = find_running(settings.data_dir).note
    if note.aws_auth == "signed" and {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= given.keys():
        return {**_reaching(settings, note), "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    account = given.get("AWS_ACCESS_KEY_ID", "")
    known = account if len(account) == 12 and account.isdecimal() else "000000000000"  # noqa: PLR2004 # an account's digits
    return variables(settings, known, region)
