"""Writes what is made from the deployment's templates: the K3s file, the Kustomize base, the chart and golden files.

With --check it only says whether they are as they should be.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from homeport.deploy.chart import chart_files
from homeport.deploy.render import for_k3s, for_kustomize, render, to_yaml
from homeport.deploy.values import Values, load_values
from homeport.deploy.values.fields import fields_of, is_section
from homeport.deploy.values.table import ABOUT

_NOTE = "# Written by tools/write_deploy_files.py; do not edit."
ROOT = Path(__file__).resolve().parent.parent

GOLDEN: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "http": ("ingress.mode=http",),
    "ingress": ("ingress.mode=ingress", "ingress.className=nginx"),
    "services-only": ("ingress.mode=none", "networkPolicy=false"),
    "own-domain": (
        "domain=lab.example.org",
        "issuer.kind=ClusterIssuer",
        "issuer.name=letsencrypt-dns",
        "hosts.registry=images.example.org",
    ),
    "everything": (
        "lbAddress=192.168.4.202",
        "coredns=true",
        "aws.loadBalancer=true",
        "aws.services='s3,sqs,dynamodb'",
        "aws.lambda.executor=kubernetes",
        "metrics.serviceMonitor=true",
        "metrics.dashboard=true",
        "registry.anonymousPull=true",
        "registry.existingClaim=old-registry",
        "registry.maxSize=25Gi",
        "imagePullSecrets=[{name: mirror}]",
        "nodeSelector={disktype: ssd}",
        "tolerations=[{key: storage, operator: Exists}]",
    ),
    "registry-only": ("aws.enabled=false", "registry.existingSecret=users"),
}
"""Golden renderings by name, with the values that differ from the defaults."""


def values_page() -> str:
    """The page of all values."""
    lines = [
        "# Values of the K3s deployment",
        "",
        "<!-- Written by tools/write_deploy_files.py from src/homeport/deploy/values/table.py; do not edit. -->",
        "",
        "In a file for `homeport k8s ... -f values.yaml`, or one by one: `--set registry.size=100Gi`. Dots are levels.",
        "",
        "| value | default | meaning |",
        "|---|---|---|",
        *_rows(Values(), ""),
    ]
    return "\n".join(lines) + "\n"


def _rows(section: object, prefix: str) -> Iterator[str]:
    for key, (declared, kind) in fields_of(type(section)).items():
        held = getattr(section, declared.name)
        if is_section(kind):
            yield from _rows(held, f"{prefix}{key}.")
        else:
            about = str(declared.metadata[ABOUT]).replace("|", "\\|")
            plain = list(held) if isinstance(held, tuple) else held
            shown = yaml.safe_dump(plain).strip().removesuffix("...").strip()
            yield f"| `{prefix}{key}` | `{shown}` | {about} |"


def wanted() -> dict[Path, str]:
    """Every file with what it should hold."""
    usual = Values()
    files = {ROOT / "deploy" / "k3s.yaml": for_k3s(usual)}
    files |= {ROOT / "deploy" / "kustomize" / name: text for name, text in for_kustomize(usual).items()}
    files |= {ROOT / "deploy" / "chart" / "homeport" / name: text for name, text in chart_files().items()}
    files[ROOT / "docs" / "reference" / "k3s-values.md"] = values_page()
    for name, settings in GOLDEN.items():
        made = "\n".join(
            ["# Written by tools/write_deploy_files.py; do not edit.", *(f"# --set {s}" for s in settings)]
        )
        golden = to_yaml(render(load_values(None, settings)))
        files[ROOT / "tests" / "deploy" / "golden" / f"{name}.yaml"] = f"{made}\n{golden}"
    return files


def main() -> int:
    """Write the files, or compare them; the exit status."""
    differing = [path for path, text in wanted().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in differing:
            print(f"{path.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted()[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
