"""Installing, upgrading and removing, against an API server that judges as strictly as the real one."""

import base64
import json
import re
import ssl
from pathlib import Path

import bcrypt
import pytest
import yaml
from tests.deploy.api_server import ApiServer
from tests.deploy.conftest import K8s
from tests.deploy.lab import Lab

from homeport.cli.k8s import installing
from homeport.deploy.cluster.api import ApiError
from homeport.deploy.documents import describe
from homeport.deploy.render import render
from homeport.deploy.values import Values, load_values

HOME = "/api/v1/namespaces/homeport"


def secret(cluster: ApiServer, name: str, key: str) -> str:
    data = cluster.objects[f"{HOME}/secrets/{name}"]["data"]
    assert isinstance(data, dict)
    return base64.b64decode(data[key]).decode()


def test_everything_is_tried_before_anything_is_done(k8s: K8s, cluster: ApiServer) -> None:
    before = dict(cluster.objects)

    result = k8s("install", "--dry-run")

    assert cluster.objects == before
    assert "will create Namespace homeport" in result.stderr
    assert "will create Deployment homeport/registry" in result.stderr
    assert [each for each in cluster.requests if each[0] not in {"GET", "PATCH"}] == []


def test_an_installation_holds_what_render_writes(k8s: K8s, cluster: ApiServer) -> None:
    result = k8s("install", "--yes")

    for document in render(Values()):
        assert f"applied {describe(document)}" in result.stderr
    assert {"registry", "aws"} <= cluster.names("deployments")
    assert "Deployment homeport/registry is ready" in result.stderr
    assert "Certificate homeport/homeport-tls is ready" in result.stderr


def test_the_first_passwords_are_shown_once_and_work(k8s: K8s, cluster: ApiServer) -> None:
    first = k8s("install", "--yes")
    again = k8s("install", "--yes")

    logins = dict(re.findall(r"login (\w+) / (\w+)", first.stdout))
    assert set(logins) == {"admin", "puller"}
    assert "login" not in again.stdout
    users = dict(line.split(":", 1) for line in secret(cluster, "registry-htpasswd", "htpasswd").splitlines())
    for name, password in logins.items():
        assert bcrypt.checkpw(password.encode(), users[name].encode())
        assert password not in json.dumps({k: v for k, v in cluster.objects.items() if "registry-pull" not in k})
    pull = json.loads(secret(cluster, "registry-pull", ".dockerconfigjson"))
    assert pull["auths"]["registry.homelab.local"]["password"] == logins["puller"]


def test_the_first_passwords_are_shown_though_the_rest_fails(k8s: K8s, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when cert-manager's webhook does not answer; the next run finds the users there and has nothing to show."""

    async def failing(*_arguments: object) -> None:
        raise ApiError(500, "InternalError", "failed calling webhook", doing="PATCH")

    monkeypatch.setattr(installing, "carry_out", failing)

    result = k8s("install", "--yes", status=1)

    assert "failed calling webhook" in result.stderr
    assert set(dict(re.findall(r"login (\w+) / (\w+)", result.stdout))) == {"admin", "puller"}


def test_a_second_installation_changes_nothing(k8s: K8s) -> None:
    k8s("install", "--yes")

    result = k8s("install", "--dry-run")

    assert "will " not in result.stderr
    assert f"{len(render(Values()))} objects stay as they are" in result.stderr


def test_values_are_remembered_and_what_is_no_longer_rendered_goes(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes", "--set", "domain=home.arpa", "--set", "aws.loadBalancer=true")
    assert "aws-plain" in cluster.names("services")

    result = k8s("upgrade", "--yes", "--no-backup", "--set", "aws.loadBalancer=false")

    assert "removed Service homeport/aws-plain" in result.stderr
    assert "aws-plain" not in cluster.names("services")
    stored = cluster.objects[f"{HOME}/configmaps/homeport-values"]["data"]
    assert isinstance(stored, dict)
    assert yaml.safe_load(stored["values.yaml"]) == {"domain": "home.arpa"}
    route = json.dumps(cluster.objects["/apis/traefik.io/v1alpha1/namespaces/homeport/ingressroutetcps/data"])
    assert "registry.home.arpa" in route


def test_claims_outlive_the_half_that_used_them(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")

    k8s("install", "--yes", "--set", "aws.enabled=false")

    assert "aws" not in cluster.names("deployments")
    assert cluster.names("persistentvolumeclaims") == {"registry-data", "aws-data"}


def test_somebody_elses_objects_are_left_alone(k8s: K8s, cluster: ApiServer) -> None:
    theirs: dict[str, object] = {"kind": "Service", "metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    k8s("install", "--yes")
    cluster.put(f"{HOME}/services/theirs", theirs)

    k8s("install", "--yes")
    k8s("uninstall", "--yes")

    assert "theirs" in cluster.names("services")


def test_what_the_server_refuses_stops_everything_before_it_begins(k8s: K8s, cluster: ApiServer) -> None:
    cluster.groups.discard("cert-manager.io/v1")
    before = dict(cluster.objects)

    result = k8s("install", "--yes", status=1)

    assert "the cluster knows no ClusterIssuer" in result.stderr
    assert "kubectl apply -f" in result.stderr
    assert cluster.objects == before


def test_a_chart_config_of_somebody_else_is_not_overwritten(k8s: K8s, cluster: ApiServer) -> None:
    path = "/apis/helm.cattle.io/v1/namespaces/kube-system/helmchartconfigs/traefik"
    cluster.put(path, {"kind": "HelmChartConfig", "spec": {"valuesContent": "logs: {}"}})

    result = k8s("install", "--yes", "--set", "ingress.mode=http", status=1)

    assert "Traefik reads only one" in result.stderr
    assert "readTimeout: 0s" in result.stderr
    assert cluster.objects[path]["spec"] == {"valuesContent": "logs: {}"}


def test_what_does_not_come_up_is_told_with_its_state(k8s: K8s, cluster: ApiServer) -> None:
    cluster.stuck.add("/apis/apps/v1/namespaces/homeport/deployments/aws")

    result = k8s("install", "--yes", "--timeout", "1", status=1)

    assert "not ready after 1 s" in result.stderr
    assert "Deployment homeport/aws" in result.stderr
    assert "homeport k8s doctor" in result.stderr


def test_uninstalling_keeps_data_users_authority_and_namespace(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")

    result = k8s("uninstall", "--yes")

    assert cluster.names("deployments") == set()
    assert cluster.names("persistentvolumeclaims") == {"registry-data", "aws-data"}
    assert {"registry-htpasswd", "registry-pull"} <= cluster.names("secrets")
    assert "homeport-ca" in cluster.names("clusterissuers")
    assert "kept PersistentVolumeClaim homeport/registry-data" in result.stderr
    assert "--delete-data" in result.stderr


def test_data_goes_only_when_told_to(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")
    cluster.put("/api/v1/namespaces/cert-manager/secrets/homeport-ca", {"kind": "Secret"})

    k8s("uninstall", "--yes", "--delete-data")

    assert HOME not in cluster.objects
    assert not [each for each in cluster.objects if "homeport" in each]


def test_uninstalling_asks_first(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")

    result = k8s("uninstall", stdin="n\n", status=1)

    assert "Remove the installation from namespace homeport?" in result.stderr
    assert {"registry", "aws"} <= cluster.names("deployments")


def test_volumes_can_be_made_to_survive_their_claims(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")
    for half in ("registry", "aws"):
        volume = f"/api/v1/persistentvolumes/pv-{half}"
        cluster.put(volume, {"kind": "PersistentVolume", "spec": {"persistentVolumeReclaimPolicy": "Delete"}})
        spec = cluster.objects[f"{HOME}/persistentvolumeclaims/{half}-data"]["spec"]
        assert isinstance(spec, dict)
        spec["volumeName"] = f"pv-{half}"

    k8s("install", "--yes", "--retain")
    k8s("uninstall", "--yes", "--delete-data")

    assert cluster.names("persistentvolumes") == {"pv-registry", "pv-aws"}


# Users


def test_users_are_added_changed_and_removed_in_the_secret(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")

    k8s("user", "add", "bob", "--password-stdin", stdin="a password\n")
    k8s("user", "add", "bob", "--password-stdin", stdin="another\n", status=1)
    cluster.conflicts = 2
    k8s("user", "passwd", "bob", "--password-stdin", stdin="a new one\n")
    k8s("user", "remove", "admin")

    assert k8s("user", "list").stdout.split() == ["bob", "puller"]
    users = dict(line.split(":", 1) for line in secret(cluster, "registry-htpasswd", "htpasswd").splitlines())
    assert bcrypt.checkpw(b"a new one", users["bob"].encode())
    k8s("user", "remove", "nobody", status=1)


def test_users_can_be_made_before_anything_else_where_files_are_applied_by_other_means(
    k8s: K8s, cluster: ApiServer
) -> None:
    cluster.put(HOME, {"kind": "Namespace"})

    k8s("user", "add", "admin", "--generate")
    password = k8s("user", "add", "puller", "--generate").stdout.strip()
    installed = k8s("install", "--yes")

    assert "login" not in installed.stdout
    assert k8s("user", "list").stdout.split() == ["admin", "puller"]
    assert password in secret(cluster, "registry-pull", ".dockerconfigjson")


def test_a_new_password_of_the_pull_account_reaches_its_secrets(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes")
    cluster.put("/api/v1/namespaces/apps", {"kind": "Namespace"})

    password = k8s("user", "passwd", "puller", "--generate").stdout.strip()
    k8s("pull-secret", "apps")

    assert password in secret(cluster, "registry-pull", ".dockerconfigjson")
    copied = cluster.objects["/api/v1/namespaces/apps/secrets/registry-pull"]
    assert copied["type"] == "kubernetes.io/dockerconfigjson"
    assert copied["data"] == cluster.objects[f"{HOME}/secrets/registry-pull"]["data"]


def test_without_a_pull_account_the_cure_is_named(k8s: K8s) -> None:
    result = k8s("pull-secret", "default", status=1)

    assert "homeport k8s user passwd puller --generate" in result.stderr


# Trust


def test_the_authority_is_fetched_and_told_to_others(k8s: K8s, cluster: ApiServer, tmp_path: Path) -> None:
    k8s("install", "--yes")
    out = tmp_path / "ca.crt"

    result = k8s("trust", "--out", str(out), "--for", "docker", "--for", "aws", "--into", "default")

    assert out.read_text() == cluster.authority
    assert "/etc/docker/certs.d/registry.homelab.local/ca.crt" in result.stdout
    assert "AWS_CA_BUNDLE" in result.stdout
    found = cluster.objects["/api/v1/namespaces/default/configmaps/homeport-ca"]
    assert found["data"] == {"ca.crt": cluster.authority}


def test_trust_before_there_is_a_certificate_says_so(k8s: K8s) -> None:
    assert "describe certificate" in k8s("trust", status=1).stderr


# The kubeconfig


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"users": [{"name": "me", "user": {"exec": {"command": "aws"}}}]}, "plug-in"),
        ({"current-context": "other"}, "no context 'other'"),
        ({"users": []}, "no user 'me'"),
        ({"clusters": [{"name": "lab", "cluster": {"server": "http://127.0.0.1:1"}}]}, "does not answer"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_explained(
    cluster: ApiServer, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = cluster.kubeconfig(tmp_path / "kubeconfig")
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))

    assert message in K8s(cluster, path)("user", "list", status=1).stderr


def test_a_token_that_is_not_valid_is_explained(cluster: ApiServer, tmp_path: Path) -> None:
    path = cluster.kubeconfig(tmp_path / "kubeconfig")
    cluster.token = "another"

    assert "not valid any more" in K8s(cluster, path)("install", "--yes", status=1).stderr


def test_without_a_kubeconfig_k3s_own_is_named(cluster: ApiServer, tmp_path: Path) -> None:
    result = K8s(cluster, tmp_path / "missing")("user", "list", status=1)

    assert f"there is no kubeconfig {tmp_path / 'missing'}" in result.stderr
    assert "/etc/rancher/k3s/k3s.yaml" in result.stderr


def test_a_deployment_elsewhere_uses_its_namespace(k8s: K8s, cluster: ApiServer) -> None:
    k8s("install", "--yes", "-n", "tools", "--set", "name=mine")

    assert "/apis/apps/v1/namespaces/tools/deployments/registry" in cluster.objects
    assert "mine-ca" in cluster.names("clusterissuers")
    assert load_values(None, ["name=mine"]).name == "mine"
    k8s("uninstall", "--yes", "-n", "tools")
    assert cluster.names("deployments") == set()


def test_k3s_own_kubeconfig_logs_in_by_a_certificate(tmp_path: Path) -> None:
    """/etc/rancher/k3s/k3s.yaml holds the CA, a client's certificate and its key, in base64."""
    authority = Lab(tmp_path / "server", settings=["domain=api.lan", "hosts.registry=localhost"])
    authority.folder.mkdir()
    authority._issue()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.authority)
    context.load_cert_chain(authority.folder / "tls.crt", authority.folder / "tls.key")
    context.verify_mode = ssl.CERT_REQUIRED
    server = ApiServer(token="").start(context)
    files = {"ca": authority.authority, "crt": authority.folder / "tls.crt", "key": authority.folder / "tls.key"}
    encoded = {name: base64.b64encode(path.read_bytes()).decode() for name, path in files.items()}
    user = {"client-certificate-data": encoded["crt"], "client-key-data": encoded["key"]}
    document = {
        "current-context": "default",
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "clusters": [
            {
                "name": "default",
                "cluster": {
                    "server": server.url.replace("127.0.0.1", "localhost"),
                    "certificate-authority-data": encoded["ca"],
                },
            }
        ],
        "users": [{"name": "default", "user": user}],
    }
    path = tmp_path / "k3s.yaml"
    path.write_text(yaml.safe_dump(document))
    try:
        for namespace in ("default", "kube-system", "cert-manager"):
            server.put(f"/api/v1/namespaces/{namespace}", {"kind": "Namespace"})

        result = K8s(server, path)("install", "--yes")
        user.clear()
        path.write_text(yaml.safe_dump(document))
        refused = K8s(server, path)("user", "list", status=1)
    finally:
        server.stop()

    assert "Deployment homeport/registry is ready" in result.stderr
    assert "does not answer" in refused.stderr
