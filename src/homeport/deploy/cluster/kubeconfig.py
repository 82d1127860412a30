"""Kubeconfig files: which API server, and by which certificate or token."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from homeport.deploy.documents import Json, at, list_at, map_at, text_at
from homeport.kernel.errors import OperatorError
from homeport.kernel.secret import Secret

K3S_FILE = Path("/etc/rancher/k3s/k3s.yaml")


class KubeconfigError(OperatorError):
    """No cluster can be reached with what is there."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one API server.

    Attributes:
        server: its URL, without a slash at the end.
        authority: PEM of its CA; None takes the system's store.
        certificate: PEM of the client's certificate and key, if that is who we are.
        verify: whether its certificate is checked at all.
    """

    context: str
    server: str
    authority: str | None
    certificate: Secret | None
    token: Secret | None
    verify: bool = True
    server_name: str = ""


def find_files(environment: Mapping[str, str], given: Path | None) -> Sequence[Path]:
    """The kubeconfig files that count: given, named by KUBECONFIG, the user's own, or K3s'."""
    if given is not None:
        return [given]
    if environment.get("KUBECONFIG"):
        return [Path(each) for each in environment["KUBECONFIG"].split(":") if each]
    own = Path(environment.get("HOME", "/root")) / ".kube" / "config"
    return [each for each in (own, K3S_FILE) if each.exists()][:1]


def load_access(files: Sequence[Path], context: str = "") -> Access:
    """Read who to speak to and as whom.

    Args:
        files: the first one to name something wins.
        context: empty takes the current one.

    Raises:
        KubeconfigError: with what is missing.
    """
    documents = [(file, _read(file)) for file in files if file.exists()]
    if not documents:
        raise KubeconfigError(
            f"there is no kubeconfig {', '.join(map(str, files))}" if files else "there is no kubeconfig",
            hint="copy /etc/rancher/k3s/k3s.yaml from a server node to ~/.kube/config and put the node's name into it",
        )
    name = context or next((text_at(each, "current-context") for _, each in documents), "")
    chosen, _ = _named(documents, "contexts", "context", name)
    cluster, cluster_folder = _named(documents, "clusters", "cluster", text_at(chosen, "cluster"))
    user, user_folder = _named(documents, "users", "user", text_at(chosen, "user"))
    if at(user, "exec") is not None or at(user, "auth-provider") is not None:
        raise KubeconfigError(
            f"user {text_at(chosen, 'user')!r} logs in by a plug-in, which Homeport does not run",
            hint="use a kubeconfig with a certificate or token, such as K3s' own /etc/rancher/k3s/k3s.yaml",
        )
    authority = _pem(cluster, "certificate-authority", cluster_folder)
    return Access(
        context=name,
        server=text_at(cluster, "server").rstrip("/"),
        authority=authority.decode() if authority else None,
        certificate=_client_certificate(user, user_folder),
        token=_token(user, user_folder),
        verify=at(cluster, "insecure-skip-tls-verify") is not True,
        server_name=text_at(cluster, "tls-server-name"),
    )


def _read(file: Path) -> Json:
    try:
        found: Json = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KubeconfigError(f"cannot read the kubeconfig {file}: {_reason(error)}") from error
    return found


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not YAML"


def _named(documents: Sequence[tuple[Path, Json]], kind: str, key: str, name: str) -> tuple[Json, Path]:
    for file, document in documents:
        for entry in list_at(document, kind):
            if text_at(entry, "name") == name:
                return map_at(entry, key), file.parent
    known = [text_at(entry, "name") for _, document in documents for entry in list_at(document, kind)]
    raise KubeconfigError(f"the kubeconfig has no {key} {name!r}", hint=f"it has {', '.join(known) or 'none'}")


def _pem(entry: Json, key: str, folder: Path) -> bytes:
    """`KEY-data` in base64, or the file that `KEY` names."""
    try:
        if text := text_at(entry, f"{key}-data"):
            return base64.b64decode(text, validate=True)
        if text := text_at(entry, key):
            return (folder / text).read_bytes()
    except (OSError, binascii.Error) as error:
        raise KubeconfigError(f"the kubeconfig's {key} cannot be read: {error}") from error
    return b""


def _client_certificate(user: Json, folder: Path) -> Secret | None:
    certificate, key = _pem(user, "client-certificate", folder), _pem(user, "client-key", folder)
    return Secret((certificate + b"\n" + key).decode()) if certificate and key else None


def _token(user: Json, folder: Path) -> Secret | None:
    if token := text_at(user, "token"):
        return Secret(token)
    if file := text_at(user, "tokenFile"):
        try:
            return Secret((folder / file).read_text().strip())
        except OSError as error:
            raise KubeconfigError(f"the kubeconfig's token file {file} cannot be read") from error
    return None
