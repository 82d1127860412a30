"""The Helm chart, rendered by Helm itself, against what `render` writes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from tests.deploy.test_render import CHOICES, HASH

from homeport.deploy.chart import chart_files
from homeport.deploy.documents import Object, describe
from homeport.deploy.render import render
from homeport.deploy.values import Values, ValuesError, load_values
from homeport.deploy.values.fields import as_document

helm_chart = pytest.importorskip("helm_python.chart", reason="helm-python-sdk has no wheel for this system")
helm_errors = pytest.importorskip("helm_python.errors")


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart on disk."""
    folder = tmp_path_factory.mktemp("chart") / "homeport"
    for name, text in chart_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def rendered_by_helm(chart: Path, values: Values) -> Mapping[str, Object]:
    with helm_chart.Chart.load(chart) as loaded:
        files = loaded.render(values=as_document(values), name="homeport", namespace="homeport")
    objects = [
        each
        for name, text in files.items()
        if name.endswith(".yaml")
        for each in yaml.load_all(text, Loader=yaml.CSafeLoader)
        if each is not None
    ]
    found = {describe(each): each for each in objects}
    assert len(found) == len(objects)
    return found


def one_choice_at_a_time() -> list[Sequence[str]]:
    """Each value away from its default, alone, and all of them together."""
    alone: list[Sequence[str]] = [[choice, "lbAddress=10.1.2.3"] for choices in CHOICES for choice in choices]
    together = [choices[-1] for choices in CHOICES if choices[-1] != "aws.enabled=false"]
    texts = [
        "domain=home.arpa",
        "hosts={registry: r.example.org, ui: u.example.org, aws: a.example.org}",
        "name=other",
        "aws.services='s3,sqs'",
        "namespace.name=elsewhere",
        "image={repository: example.org/h, tag: '1.10', pullPolicy: Always}",
        "registry.resources.limits.memory=1Gi",
        "gc={suspend: false, schedule: '1 2 * * *'}",
        "ingress={entryPoint: secure, plainEntryPoint: plain, className: nginx, traefikNamespace: traefik}",
    ]
    return [[], *alone, *([each] for each in texts), [*together, *texts, "ingress.mode=http", "lbAddress=10.1.2.3"]]


@pytest.mark.parametrize("settings", one_choice_at_a_time(), ids=lambda settings: " ".join(settings)[:60] or "default")
def test_helm_makes_the_same_objects_as_render(chart: Path, settings: Sequence[str]) -> None:
    try:
        values = load_values(None, settings)
    except ValuesError:
        pytest.fail(f"{settings} is no deployment")

    assert rendered_by_helm(chart, values) == {describe(each): each for each in render(values)}


def test_the_chart_is_clean(chart: Path) -> None:
    report = helm_chart.lint(chart)

    assert report["errors"] == []
    assert [each for each in report["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize(
    "values",
    [
        {"ingress": {"mode": "both"}},
        {"registry": {"siez": "1Gi"}},
        {"domain": "no spaces here"},
        {"registry": {"htpasswd": "bob:plain"}},
        {"networkPolicy": "yes"},
    ],
    ids=json.dumps,
)
def test_helm_refuses_the_values_that_render_refuses(chart: Path, values: Mapping[str, object], tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(dict(values)))

    with pytest.raises(ValuesError):
        load_values(file)
    with helm_chart.Chart.load(chart) as loaded, pytest.raises(helm_errors.HelmError):
        loaded.validate_schema(dict(values))


def test_a_hash_is_a_value_that_both_take(chart: Path) -> None:
    values = load_values(None, [f'registry.htpasswd="bob:{HASH}\\n"'])

    with helm_chart.Chart.load(chart) as loaded:
        loaded.validate_schema(as_document(values))
