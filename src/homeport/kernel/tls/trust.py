"""What to type so that a client trusts a certificate authority: one recipe per client, as text."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeport.kernel.errors import OperatorError

_REGISTRY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?)(:[0-9]{1,5})?")


class BadRegistryName(OperatorError):
    """What cannot stand before the first slash of an image's name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is no registry", hint="it is HOST:PORT as in image names, such as registry.lan:5000"
        )


class UnknownTrustTarget(OperatorError):
    """A client without a recipe."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no recipe for {name!r}", hint=f"there is one for {', '.join(RECIPES)}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one sort of client is told to trust an authority.

    Attributes:
        title: whom it is for.
        commands: lines for a POSIX shell (PowerShell where the title says so); safe to paste, whatever the names hold.
        note: what the commands do not say, in one sentence or two.
    """

    title: str
    commands: str
    note: str


def recipe_for(target: str, *, registry: str, ca_file: str) -> Recipe:
    """The recipe of one of `RECIPES`, for a registry as image names have it and a PEM file on the client's machine.

    Raises:
        UnknownTrustTarget: no such recipe.
        BadRegistryName: not HOST or HOST:PORT.
    """
    if target not in RECIPES:
        raise UnknownTrustTarget(target)
    if _REGISTRY.fullmatch(registry) is None:
        raise BadRegistryName(registry)
    return RECIPES[target](registry, ca_file)


def _install(ca_file: str, destination: str) -> str:
    return f"sudo install -D -m 0644 -- {shlex.quote(ca_file)} {shlex.quote(destination)}"


def _write_new(path: str, content: str) -> str:
    """A file that must not exist yet: what is there already was written by somebody for a reason."""
    return f"sudo sh -c 'set -C; cat > \"{path}\"' <<'EOF'\n{content}EOF"


def _docker(registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "Docker Engine on Linux",
        _install(ca_file, f"/etc/docker/certs.d/{registry}/ca.crt"),
        "Counts from the next pull on, without a restart. Rootless Docker reads ~/.config/docker/certs.d instead.",
    )


def _docker_desktop(registry: str, ca_file: str) -> Recipe:
    directory = f'"$HOME"/.docker/certs.d/{shlex.quote(registry)}'
    return Recipe(
        "Docker Desktop on macOS",
        f"mkdir -p {directory}\ncp -- {shlex.quote(ca_file)} {directory}/ca.crt",
        "Restart Docker Desktop afterwards.",
    )


def _podman(registry: str, ca_file: str) -> Recipe:
    directory = f'"$HOME"/.config/containers/certs.d/{shlex.quote(registry)}'
    return Recipe(
        "Podman, Buildah and Skopeo, for the user who types this",
        f"mkdir -p {directory}\ncp -- {shlex.quote(ca_file)} {directory}/ca.crt",
        "For all users the directory is /etc/containers/certs.d. With podman machine, type it inside the machine "
        "(podman machine ssh).",
    )


def _containerd(registry: str, ca_file: str) -> Recipe:
    directory = f"/etc/containerd/certs.d/{registry}"
    hosts = (
        f'server = "https://{registry}"\n\n[host."https://{registry}"]\n'
        f'  capabilities = ["pull", "resolve", "push"]\n  ca = "{directory}/ca.crt"\n'
    )
    return Recipe(
        "containerd (Kubernetes nodes, nerdctl, ctr)",
        f"{_install(ca_file, f'{directory}/ca.crt')}\n{_write_new(f'{directory}/hosts.toml', hosts)}",
        'Read at every pull where containerd\'s config.toml has config_path = "/etc/containerd/certs.d": in '
        "[plugins.'io.containerd.cri.v1.images'.registry] since containerd 2.0, in "
        "[plugins.'io.containerd.grpc.v1.cri'.registry] before. ctr needs --hosts-dir /etc/containerd/certs.d.",
    )


def _k3s(registry: str, ca_file: str) -> Recipe:
    trusted = "/etc/rancher/k3s/homeport-ca.crt"
    registries = (
        f'mirrors:\n  "{registry}":\n    endpoint:\n      - "https://{registry}"\n'
        f'configs:\n  "{registry}":\n    tls:\n      ca_file: {trusted}\n'
    )
    return Recipe(
        "K3s, on every node, servers included",
        f"{_install(ca_file, trusted)}\n{_write_new('/etc/rancher/k3s/registries.yaml', registries)}\n"
        "sudo systemctl restart k3s  # on agent nodes: k3s-agent",
        "Running pods stay up. If registries.yaml exists it is left as it is: add the two entries to it by hand.",
    )


def _debian(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "the system store of Debian, Ubuntu and Alpine",
        f"{_install(ca_file, '/usr/local/share/ca-certificates/homeport.crt')}\nsudo update-ca-certificates",
        "Programs that run already, Docker among them, see it after their restart.",
    )


def _fedora(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "the system store of Fedora, RHEL and their kin",
        f"{_install(ca_file, '/etc/pki/ca-trust/source/anchors/homeport.crt')}\nsudo update-ca-trust",
        "Programs that run already, Docker among them, see it after their restart.",
    )


def _macos(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "the system keychain of macOS",
        "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
        f"{shlex.quote(_not_an_option(ca_file))}",
        "Safari, Chrome and curl see it at once, Docker Desktop after its restart.",
    )


def _windows(_registry: str, ca_file: str) -> Recipe:
    quoted = "'" + ca_file.replace("'", "''") + "'"
    return Recipe(
        "the machine store of Windows (PowerShell as administrator)",
        f"Import-Certificate -FilePath {quoted} -CertStoreLocation Cert:\\LocalMachine\\Root",
        "Edge and Chrome see it at once, Docker Desktop after its restart.",
    )


def _firefox(_registry: str, ca_file: str) -> Recipe:
    trusted = "/etc/firefox/policies/homeport-ca.crt"
    policy = f'{{"policies": {{"Certificates": {{"Install": ["{trusted}"]}}}}}}\n'
    return Recipe(
        "Firefox on Linux, which has a store of its own",
        f"{_install(ca_file, trusted)}\n{_write_new('/etc/firefox/policies/policies.json', policy)}",
        "Restart Firefox afterwards; about:policies shows it. On macOS and Windows it takes the system's store when "
        "security.enterprise_roots.enabled is set in about:config.",
    )


def _chrome(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "Chrome and Chromium on Linux, for the user who types this",
        'mkdir -p "$HOME"/.pki/nssdb\n'
        f'certutil -d sql:"$HOME"/.pki/nssdb -A -t C,, -n Homeport -i {shlex.quote(_not_an_option(ca_file))}',
        "certutil comes with libnss3-tools (Debian) or nss-tools (Fedora).",
    )


def _aws(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "the AWS CLI and boto3",
        f"export AWS_CA_BUNDLE={_absolute(ca_file)}",
        "It takes the place of every other authority: in that shell the AWS of Amazon is not trusted any more.",
    )


def _node(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "Node.js",
        f"export NODE_EXTRA_CA_CERTS={_absolute(ca_file)}",
        "Read once, when node starts; it adds to the rest.",
    )


def _python(_registry: str, ca_file: str) -> Recipe:
    quoted = _absolute(ca_file)
    return Recipe(
        "Python (requests, httpx, urllib)",
        f"export REQUESTS_CA_BUNDLE={quoted} SSL_CERT_FILE={quoted}",
        "It takes the place of every other authority; where the system's bundle has it, point both there.",
    )


def _java(_registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "Java (9 and later)",
        f"sudo keytool -importcert -cacerts -storepass changeit -noprompt -alias homeport -file {shlex.quote(ca_file)}",
        "Goes into the store of the JDK whose keytool that is; changeit is that store's usual password.",
    )


def _curl(registry: str, ca_file: str) -> Recipe:
    return Recipe(
        "a single request with curl, to see whether it works",
        f"curl --cacert {shlex.quote(ca_file)} {shlex.quote(f'https://{registry}/v2/')}",
        "An answer of any kind, 401 included, says that the certificate is trusted.",
    )


def _absolute(path: str) -> str:
    """Quoted, and from the root: a variable is read wherever a program is started later."""
    return shlex.quote(path) if path.startswith("/") else f'"$PWD"/{shlex.quote(path)}'


def _not_an_option(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


RECIPES: Mapping[str, Callable[[str, str], Recipe]] = {
    "docker": _docker,
    "docker-desktop": _docker_desktop,
    "podman": _podman,
    "containerd": _containerd,
    "k3s": _k3s,
    "debian": _debian,
    "fedora": _fedora,
    "macos": _macos,
    "windows": _windows,
    "firefox": _firefox,
    "chrome": _chrome,
    "aws": _aws,
    "node": _node,
    "python": _python,
    "java": _java,
    "curl": _curl,
}
"""Every recipe by the name that `homeport ca trust --for` takes."""
