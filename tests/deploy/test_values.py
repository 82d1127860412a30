import dataclasses
from pathlib import Path

import pytest

from homeport.deploy.chart import chart_files
from homeport.deploy.values import Values, ValuesError, load_values
from homeport.deploy.values.fields import as_document


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("domain: home.arpa\nregistry:\n  resources: {limits: {memory: 1Gi}}\n")

    values = load_values(file)

    assert values.registry_host == "registry.home.arpa"
    assert values.registry.resources.limits.memory == "1Gi"
    assert values.registry.resources.limits.cpu == "500m"
    assert values.registry.resources.requests == Values().registry.resources.requests
    assert dataclasses.replace(values, domain="homelab.local", registry=Values().registry) == Values()


def test_a_setting_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("ingress: {mode: http}\n")

    assert load_values(file, ["ingress.mode=none", "image.tag=v1"]).ingress.mode == "none"


def test_the_three_hosts_come_from_the_domain_or_are_given() -> None:
    values = load_values(None, ["domain=home.arpa", "hosts.aws=aws.example.org"])

    assert (values.registry_host, values.ui_host, values.aws_host) == (
        "registry.home.arpa",
        "registry-ui.home.arpa",
        "aws.example.org",
    )


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("registry.sise=1Gi", "no value registry.sise", "did you mean registry.size?"),
        ("ingress.mode=both", "ingress.mode is 'both'", "tcp, http, ingress, none"),
        ("registry.size=30", "which has not the form", None),
        ("networkPolicy=1", "networkPolicy is 1", "true, false"),
        ("domain=local", "domain is 'local'", None),
        ("domain", "there is no `=`", None),
        ("domain.x=1", "domain is", None),
        ("registry=1", "registry holds further keys", None),
        ("tolerations={}", "tolerations is no list", None),
        ("nodeSelector=[]", "nodeSelector is no map", None),
        ("issuer.kind=ClusterIssuer", "issuer.name is ''", "need one"),
        ("issuer.name=x", "issuer.kind is private-ca", "has no name"),
        ("coredns=true", "coredns needs lbAddress", None),
        ("image.tag=1.5", "image.tag is 1.5", "quotes"),
        ("domain=a: b: c", "not YAML", None),
    ],
)
def test_a_wrong_value_is_named(setting: str, message: str, hint: str | None) -> None:
    with pytest.raises(ValuesError) as caught:
        load_values(None, [setting])

    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_a_deployment_of_nothing_is_refused() -> None:
    with pytest.raises(ValuesError, match="nothing is left"):
        load_values(None, ["registry.enabled=false", "aws.enabled=false"])


@pytest.mark.parametrize("content", ["- a\n", "a: [\n", "\xff"])
def test_a_file_that_holds_no_values_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_bytes(content.encode("latin-1"))

    with pytest.raises(ValuesError):
        load_values(file)
    with pytest.raises(ValuesError, match="cannot read"):
        load_values(tmp_path / "missing.yaml")


def test_every_value_has_an_effect() -> None:
    """A value that no template names would be a promise without a keeper; lbAddress is also the DNS commands'."""
    text = "".join(text for name, text in chart_files().items() if name.startswith("templates/"))
    unused = [path for path in _paths(as_document(Values()), "") if f".Values.{path}" not in text]

    assert unused == []


def _paths(document: object, prefix: str) -> list[str]:
    if isinstance(document, dict) and document:
        return [path for key, below in document.items() for path in _paths(below, f"{prefix}{key}.")]
    return [prefix.rstrip(".")]
