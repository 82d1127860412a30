"""What `render` writes, judged by Kubernetes' schemas, CRDs, Pod Security, Homeport's settings, golden files."""

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from tests.deploy.schemas import VERSIONS, complaints, is_foreign, pod_security_complaints, pod_specs
from tools.write_deploy_files import GOLDEN, ROOT, wanted

from homeport.deploy.documents import Object, describe, kind_of, list_at, map_at, name_of, text_at
from homeport.deploy.objects.config import DATA
from homeport.deploy.render import for_k3s, for_kustomize, render, to_yaml
from homeport.deploy.values import Values, load_values
from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.config import load
from homeport.registry.model.access import Rules

HASH = "$2b$10$" + "a" * 53
CHOICES: Sequence[Sequence[str]] = (
    ("ingress.mode=tcp", "ingress.mode=http", "ingress.mode=ingress", "ingress.mode=none"),
    (
        "issuer.kind=private-ca",
        "issuer={kind: ClusterIssuer, name: given}",
        "issuer={kind: Issuer, name: given}",
    ),
    ("registry.enabled=true", "registry.enabled=false"),
    ("aws.enabled=true", "aws.enabled=false"),
    ("aws.lambda.executor=process", "aws.lambda.executor=kubernetes"),
    ("aws.loadBalancer=false", "aws.loadBalancer=true"),
    ("metrics.serviceMonitor=false", "metrics.serviceMonitor=true"),
    ("metrics.dashboard=false", "metrics.dashboard=true"),
    ("networkPolicy=true", "networkPolicy=false"),
    ("namespace.create=true", "namespace.create=false"),
    ("ingress.helmChartConfig=true", "ingress.helmChartConfig=false"),
    ("coredns=false", "coredns=true"),
    ("nodeSelector={}", "nodeSelector={a: b}"),
    ("tolerations=[]", "tolerations=[{operator: Exists}]"),
    ("imagePullSecrets=[]", "imagePullSecrets=[{name: a}]"),
    ("registry.existingClaim=", "registry.existingClaim=old"),
    ("registry.anonymousPull=false", "registry.anonymousPull=true"),
    ("registry.htpasswd=", f'registry.htpasswd="a:{HASH}\\n"', "registry.existingSecret=mine"),
)
_SHAPES = CHOICES[:12]
_POD_SHAPES = CHOICES[12:]


def settings_of_every_combination() -> Iterator[Sequence[str]]:
    """All shapes of the whole with the usual pods, and all shapes of pods with the usual whole."""
    for chosen in itertools.product(*_SHAPES):
        if "registry.enabled=false" not in chosen or "aws.enabled=false" not in chosen:
            yield [*chosen, "lbAddress=192.168.4.202"]
    yield from itertools.product(*_POD_SHAPES, *_SHAPES[4:7])


@pytest.fixture(scope="module")
def objects() -> dict[str, Object]:
    """Every different object that any combination of values makes."""
    found: dict[str, Object] = {}
    for settings in settings_of_every_combination():
        for each in render(load_values(None, settings)):
            found[json.dumps(each, sort_keys=True)] = each
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_of_every_combination_meets_kubernetes_schema(objects: dict[str, Object], version: str) -> None:
    """Strict: an unknown field is an error, as under fieldValidation=Strict."""
    own = [each for each in objects.values() if not is_foreign(each)]
    wrong = {describe(each): found for each in own if (found := complaints(each, version))}

    assert wrong == {}
    assert {"Deployment", "Service", "NetworkPolicy", "CronJob", "Ingress", "Role"} <= {kind_of(each) for each in own}


def test_what_holds_data_is_kept_by_whoever_takes_the_rest_away() -> None:
    """Helm's uninstall, and pruning by Argo CD and Flux: local-path deletes the data with its claim."""
    held = [each for each in render(Values()) if kind_of(each) in {"Namespace", "PersistentVolumeClaim"}]

    assert len(held) == 3
    for each in held:
        assert map_at(each, "metadata", "annotations") == {
            "helm.sh/resource-policy": "keep",
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        }


def test_every_foreign_object_meets_its_crd(objects: dict[str, Object]) -> None:
    foreign = [each for each in objects.values() if is_foreign(each)]
    wrong = {describe(each): found for each in foreign if (found := complaints(each, ""))}

    assert wrong == {}
    assert {kind_of(each) for each in foreign} >= {
        "Certificate",
        "ClusterIssuer",
        "IngressRoute",
        "IngressRouteTCP",
        "TLSOption",
        "Middleware",
        "HelmChartConfig",
        "ServiceMonitor",
        "PrometheusRule",
    }


def test_the_judges_find_mistakes() -> None:
    deployment = next(each for each in render(Values()) if kind_of(each) == "Deployment")
    route = next(each for each in render(Values()) if kind_of(each) == "IngressRouteTCP")

    assert complaints({**deployment, "spec": {**map_at(deployment, "spec"), "replica": 1}}, "1.36")
    assert complaints({**route, "spec": {**map_at(route, "spec"), "entrypoints": []}}, "")
    assert pod_security_complaints({"containers": [{"name": "x"}], "hostNetwork": True})


def test_every_pod_may_run_under_pod_security_restricted(objects: dict[str, Object]) -> None:
    pods = [pod for each in objects.values() for pod in pod_specs(each)]

    assert len(pods) > 3
    assert [found for pod in pods if (found := pod_security_complaints(pod))] == []


@pytest.mark.parametrize("mode", ["tcp", "http", "ingress", "none"])
@pytest.mark.parametrize("more", [(), ("registry.existingClaim=old", "registry.anonymousPull=true")])
def test_the_servers_understand_their_configuration(mode: str, more: tuple[str, ...], tmp_path: Path) -> None:
    written = render(load_values(None, [f"ingress.mode={mode}", *more]))
    config = next(each for each in written if kind_of(each) == "ConfigMap")
    for name, text in map_at(config, "data").items():
        file = tmp_path / name
        file.write_text(str(text))

        settings = load(file, {}, {}).settings

        assert settings.durability == "power"
        assert str(settings.data_dir) == DATA
        rules = Rules.from_settings(settings.registry_access, {}, anonymous_pull=settings.registry_anonymous_pull)
        if name == "registry.yaml":
            assert rules.allow(Principal("anybody", frozenset()), "push", "a/b")
            assert rules.allow(Principal("puller", frozenset()), "pull", "a/b")
            assert not rules.allow(Principal("puller", frozenset()), "push", "a/b")
            assert rules.allow(ANONYMOUS, "pull", "a/b") is bool(more)
            assert settings.registry_max_bytes == 30 * 1024**3


def test_an_ingress_route_and_a_tcp_route_never_share_a_host(objects: dict[str, Object]) -> None:
    """With both, their TLS options collide and the HTTP router answers."""
    for mode in ("tcp", "http"):
        written = render(load_values(None, [f"ingress.mode={mode}"]))
        http = _matches(written, "IngressRoute", "websecure")
        tcp = _matches(written, "IngressRouteTCP", "websecure")
        assert not {each.replace("HostSNI", "Host") for each in tcp} & http


def _matches(objects: Sequence[Object], kind: str, entry_point: str) -> set[str]:
    routes = [each for each in objects if kind_of(each) == kind]
    return {
        host
        for each in routes
        if entry_point in list_at(each, "spec", "entryPoints")
        for route in list_at(each, "spec", "routes")
        for host in text_at(route, "match").split(" || ")
    }


def test_claims_have_fixed_names_and_every_object_is_found_by_its_labels(
    objects: dict[str, Object],
) -> None:
    for each in objects.values():
        labels = map_at(each, "metadata", "labels")
        assert labels["app.kubernetes.io/managed-by"] == "homeport", describe(each)
        assert labels["app.kubernetes.io/instance"] == "homeport", describe(each)
    claims = {name_of(each) for each in objects.values() if kind_of(each) == "PersistentVolumeClaim"}
    assert claims == {"registry-data", "aws-data"}


def test_secrets_are_rendered_only_from_given_hashes_and_never_made_up() -> None:
    assert not [each for each in render(Values()) if kind_of(each) == "Secret"]
    written = render(load_values(None, [f'registry.htpasswd="a:{HASH}\\n"']))

    assert [map_at(each, "stringData") for each in written if kind_of(each) == "Secret"] == [
        {"htpasswd": f"a:{HASH}\n"}
    ]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_rendering_is_as_it_was(name: str) -> None:
    path = ROOT / "tests" / "deploy" / "golden" / f"{name}.yaml"

    assert (
        to_yaml(render(load_values(None, GOLDEN[name])))
        == path.read_text().partition("---\n")[1] + (path.read_text().partition("---\n")[2])
    ), "`make docs` writes it again; look at the difference first"


def test_what_lies_in_the_repository_is_what_the_templates_make() -> None:
    assert [path for path, text in wanted().items() if path.read_text() != text] == []


def test_the_file_for_k3s_and_the_kustomize_base_hold_the_same_objects() -> None:
    one_file = list(yaml.safe_load_all(for_k3s(Values())))
    base = for_kustomize(Values())
    listed = yaml.safe_load(base.pop("kustomization.yaml"))["resources"]

    assert one_file == render(Values())
    assert listed == list(base)
    assert [each for name in listed for each in yaml.safe_load_all(base[name])] == one_file
