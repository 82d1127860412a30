"""`homeport k8s render` and `chart`: files for those who apply them by other means."""

from collections.abc import Mapping
from pathlib import Path

import click

from homeport.cli.k8s.options import say, with_values_only
from homeport.deploy.chart import chart_files
from homeport.deploy.render import for_k3s, for_kustomize, render_files, to_yaml
from homeport.deploy.render import render as objects_of
from homeport.deploy.values import load_values
from homeport.kernel.errors import OperatorError


class WriteError(OperatorError):
    """A file cannot be written."""


@click.command()
@click.option("--k3s", is_flag=True, help="One file for /var/lib/rancher/k3s/server/manifests.")
@click.option("--kustomize", is_flag=True, help="A Kustomize base; needs -o.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Directory to write files to.")
@with_values_only
def render(file: Path | None, settings: tuple[str, ...], output: Path | None, *, k3s: bool, kustomize: bool) -> None:
    """Print the manifests: the same values give the same text, always."""
    values = load_values(file, settings)
    if output is None:
        if kustomize:
            raise click.UsageError("--kustomize needs -o DIR.")
        click.echo(for_k3s(values) if k3s else to_yaml(objects_of(values)), nl=False)
    elif k3s:
        _write(output, {"homeport.yaml": for_k3s(values)})
    elif kustomize:
        _write(output, for_kustomize(values))
    else:
        _write(output, {f"{name}.yaml": to_yaml(objects) for name, objects in render_files(values).items()})


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Directory to write the chart to.")
def chart(output: Path) -> None:
    """Write the Helm chart, which makes the same objects as `render`."""
    _write(output / "homeport", chart_files())


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            say(f"wrote {path}")
    except OSError as error:
        raise WriteError(f"{error.filename}: {error.strerror}") from error
