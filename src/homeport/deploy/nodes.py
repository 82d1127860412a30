"""K3s nodes: the registries.yaml that lets one pull, and the script that puts it there."""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from homeport.deploy.documents import Json, map_at
from homeport.kernel.errors import OperatorError

FOLDER = "/etc/rancher/k3s"
CA_FILE = f"{FOLDER}/homeport-ca.crt"
_MARK = "# Written by `homeport k8s node`; all of it is replaced by the next one."
_MIXED_MARK = "# Written by `homeport k8s node`; some entries are others': bring this file along with --existing."


class RegistriesError(OperatorError):
    """A registries.yaml that cannot be added to."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What a node needs to know of the registry.

    Attributes:
        user: with its password, may pull and nothing else: the file holds both in clear. None where anybody may pull.
        authority: PEM of the CA; empty where the system's store knows it.
    """

    host: str
    user: str | None
    password: str
    authority: str


def registries_yaml(pull: Pull, existing: str = "") -> str:
    """The file, with the entries of an existing one kept.

    Raises:
        RegistriesError: the existing one is no registries.yaml.
    """
    before = _existing(existing)
    mirrors = {**map_at(before, "mirrors"), pull.host: {"endpoint": [f"https://{pull.host}"]}}
    config: dict[str, Json] = {}
    if pull.user is not None:
        config["auth"] = {"username": pull.user, "password": pull.password}
    if pull.authority:
        config["tls"] = {"ca_file": CA_FILE}
    configs = {**map_at(before, "configs"), **({pull.host: config} if config else {})}
    document = {**before, "mirrors": mirrors, **({"configs": configs} if configs else {})}
    text: str = yaml.safe_dump(document, sort_keys=False, width=120)
    mixed = set(mirrors) | set(configs) | set(before) - {"mirrors", "configs"} != {pull.host}
    return f"{_MIXED_MARK if mixed else _MARK}\n{text}"


def _existing(text: str) -> Mapping[str, Json]:
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise RegistriesError("the existing registries.yaml is not YAML") from error
    known = {"mirrors", "configs", "auths"}
    if not isinstance(found, dict) or not set(found) <= known:
        raise RegistriesError("the existing file is no registries.yaml", hint=f"it may hold {', '.join(sorted(known))}")
    return found


def node_script(pull: Pull, existing: str = "", image: str = "") -> str:
    """A POSIX shell script for root on one node: back up, write with mode 0600, restart K3s, test.

    A registries.yaml on the node that holds entries of others and is neither the existing one nor what this would write
    stops it before anything is changed.

    Args:
        pull: what is written.
        existing: the node's present registries.yaml, whose other entries are kept.
        image: pulled in the end as a test; empty asks the registry only whether it answers.
    """
    wanted = registries_yaml(pull, existing)
    known = [hashlib.sha256(text.encode()).hexdigest() for text in (existing, wanted) if text]
    return _SCRIPT.format(
        host=shlex.quote(pull.host),
        known=" | ".join(known),
        image=shlex.quote(image),
        mark=shlex.quote(_MARK),
        folder=FOLDER,
        registries=wanted.rstrip("\n"),
        authority=pull.authority.rstrip("\n"),
    )


_SCRIPT = """\
#!/bin/sh
# Lets this K3s node pull from a Homeport registry. Run it as root: ssh NODE 'sudo sh -s' < this-file
# It holds a password: keep it private, and remove it afterwards.
set -eu
umask 077

root=${{ROOT:-}}
folder="$root{folder}"
file="$folder/registries.yaml"
host={host}
image={image}

say() {{ printf '%s\\n' "$*" >&2; }}
fail() {{ say "error: $*"; exit 1; }}

[ "$(id -u)" = 0 ] || fail "run this as root"
if systemctl cat k3s.service >/dev/null 2>&1; then
    unit=k3s
elif systemctl cat k3s-agent.service >/dev/null 2>&1; then
    unit=k3s-agent
else
    fail "there is neither a k3s nor a k3s-agent service on this machine"
fi

# What somebody else wrote is never overwritten.
if [ -s "$file" ] && [ "$(head -n 1 "$file")" != {mark} ]; then
    case "$(sha256sum < "$file" | cut -d ' ' -f 1)" in
        {known}) ;;
        *) fail "$file is there already; bring it along: homeport k8s node script --existing FILE" ;;
    esac
fi

mkdir -p "$folder"
if [ -e "$file" ]; then
    saved="$file.$(date +%Y%m%d-%H%M%S).bak"
    cp -p "$file" "$saved"
    say "saved the old file as $saved"
fi

cat > "$folder/.homeport-ca.crt" <<'END_OF_CA'
{authority}
END_OF_CA
if [ -n "$(tr -d '\\n' < "$folder/.homeport-ca.crt")" ]; then
    chmod 0644 "$folder/.homeport-ca.crt"
    mv "$folder/.homeport-ca.crt" "$folder/homeport-ca.crt"
    ca="$folder/homeport-ca.crt"
else
    rm "$folder/.homeport-ca.crt"
    ca=
fi

cat > "$folder/.registries.yaml" <<'END_OF_REGISTRIES'
{registries}
END_OF_REGISTRIES
chmod 0600 "$folder/.registries.yaml"
if [ -e "$file" ] && cmp -s "$folder/.registries.yaml" "$file"; then
    rm "$folder/.registries.yaml"
    chmod 0600 "$file"
    say "$file is as it should be; $unit is not restarted"
else
    mv "$folder/.registries.yaml" "$file"
    say "wrote $file; restarting $unit (pods keep running)"
    systemctl restart "$unit"
fi

status=$(curl --silent --output /dev/null --write-out '%{{http_code}}' --max-time 20 ${{ca:+--cacert "$ca"}} \\
    "https://$host/v2/" || true)
case "$status" in
    200 | 401) say "https://$host/v2/ answers, and its certificate is trusted" ;;
    000) fail "https://$host/v2/ cannot be reached: does this node resolve $host, and is the CA the right one?" ;;
    *) fail "https://$host/v2/ answers $status" ;;
esac
if [ -n "$image" ]; then
    k3s crictl pull "$image" >/dev/null || fail "the node cannot pull $image: see agent/containerd/containerd.log"
    say "pulled $image"
fi
say "done"
"""
