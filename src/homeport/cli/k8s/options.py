"""Options that the commands of `homeport k8s` share: values, and which cluster."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from homeport.deploy.cluster.api import Api
from homeport.deploy.cluster.kubeconfig import find_files, load_access
from homeport.deploy.cluster.stored import values_for
from homeport.deploy.values import Values

P = ParamSpec("P")
R = TypeVar("R")

_values_file = click.option(
    "-f",
    "--values",
    "values_file",
    type=click.Path(path_type=Path),
    help="File of values (YAML).  [default: as installed]",
)
_set = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One value; may be given again.")
_namespace = click.option("-n", "--namespace", default=Values().namespace.name, show_default=True, help="Namespace.")
_kubeconfig = click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="Kubeconfig.  [default: $KUBECONFIG, ~/.kube/config or /etc/rancher/k3s/k3s.yaml]",
)
_context = click.option("--context", default="", help="Context of the kubeconfig.  [default: the current one]")


@dataclass(frozen=True, slots=True)
class Target:
    """Which installation on which cluster."""

    file: Path | None
    settings: Sequence[str]
    namespace: str
    kubeconfig: Path | None
    context: str

    def run(self, work: Callable[[Api, Values], Awaitable[R]]) -> R:
        """Do something with the cluster and the installation's values."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Api, Values], Awaitable[R]]) -> R:
        access = load_access(find_files(os.environ, self.kubeconfig), self.context)
        async with Api(access) as api:
            values = await values_for(api, self.namespace, self.file, self.settings)
            return await work(api, values)


def with_target(command: Callable[Concatenate[Target, P], R]) -> Callable[..., R]:
    """Give a command the options of values and cluster, and its target as the first argument."""

    @functools.wraps(command)
    def with_one(
        values_file: Path | None,
        settings: tuple[str, ...],
        namespace: str,
        kubeconfig: Path | None,
        context: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        return command(Target(values_file, settings, namespace, kubeconfig, context), *args, **kwargs)

    decorated: Callable[..., R] = with_one
    for option in (_context, _kubeconfig, _namespace, _set, _values_file):
        decorated = option(decorated)
    return decorated


def with_values_only(command: Callable[Concatenate[Path | None, tuple[str, ...], P], R]) -> Callable[..., R]:
    """Give a command that needs no cluster its file and settings."""

    @functools.wraps(command)
    def with_both(values_file: Path | None, settings: tuple[str, ...], *args: P.args, **kwargs: P.kwargs) -> R:
        return command(values_file, settings, *args, **kwargs)

    decorated: Callable[..., R] = with_both
    for option in (_set, _values_file):
        decorated = option(decorated)
    return decorated


def say(line: str) -> None:
    """Progress, on standard error."""
    click.echo(line, err=True)
