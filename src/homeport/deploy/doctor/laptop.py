"""The checks of a Homeport on this machine: its directory, its server, and the clients that are to use it."""

import json
import shutil
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from homeport.deploy.doctor.findings import Check, Findings
from homeport.deploy.doctor.registry_checks import push_probe
from homeport.deploy.doctor.registry_client import RegistryAnswerError, RegistryClient
from homeport.kernel.config import Settings
from homeport.kernel.runfile import RunFile, process_exists, read_run_file
from homeport.kernel.storage.layout import DataDirectory
from homeport.kernel.tls.places import AuthorityFiles

_CLIENTS = ("podman", "docker", "skopeo", "buildah")
_ENOUGH_BYTES = 1024**3
_OK, _UNAUTHORIZED = 200, 401
_SECONDS = 10.0
_AWS_CURE = 'eval "$(homeport env)"'


@dataclass(slots=True)
class Laptop:
    """What is looked at."""

    settings: Settings
    environment: Mapping[str, str]
    login: tuple[str, str] | None = None
    _note: RunFile | None = field(default=None, repr=False)

    def note(self) -> RunFile | None:
        """What the running server left; None when none runs."""
        if self._note is None:
            found = read_run_file(DataDirectory(self.settings.data_dir).run)
            self._note = found if found is not None and process_exists(found.pid) else None
        return self._note

    def url(self, name: str) -> str:
        """Where the running server's listener is; empty when there is none that a client reaches."""
        note = self.note()
        return next((url for each, url in note.addresses if each == name and "+unix" not in url), "") if note else ""

    def session(self) -> aiohttp.ClientSession:
        """HTTP that trusts Homeport's own CA besides the system's."""
        context = ssl.create_default_context()
        authority = AuthorityFiles(DataDirectory(self.settings.data_dir).ca).certificate
        if authority.exists():
            context.load_verify_locations(authority)
        connector = aiohttp.TCPConnector(ssl=context)
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=_SECONDS))


async def _directory(scene: Laptop, found: Findings) -> None:
    root = scene.settings.data_dir
    did = f"looked at {root}"
    if not root.is_dir():
        found.skipped(did, "it is made at the first `homeport up`")
        return
    mode = root.stat().st_mode & 0o077
    if mode:
        found.warning(did, "others may look into it, though not into its rooms", f"chmod 700 {root}")
    else:
        found.ok(did, "it is its owner's alone")
    free = shutil.disk_usage(root).free
    did, saw = "looked at the free disk", f"{free / 1024**3:.1f} GiB"
    if free < scene.settings.registry_min_free_bytes:
        found.failed(did, f"{saw}: pushes are refused", "make room, or set registry.min_free lower")
    elif free < _ENOUGH_BYTES:
        found.warning(did, saw, "make room")
    else:
        found.ok(did, saw)


async def _server(scene: Laptop, found: Findings) -> None:
    did = f"looked for a server on {scene.settings.data_dir}"
    note = scene.note()
    if note is None:
        found.failed(did, "none runs", "homeport up")
        return
    found.ok(did, f"process {note.pid}, version {note.version}")
    async with scene.session() as session:
        for name, url in note.addresses:
            if "+unix" not in url:
                await _health(session, name, url, found)


async def _health(session: aiohttp.ClientSession, name: str, url: str, found: Findings) -> None:
    did = f"asked the {name} listener at {url} how it is"
    try:
        async with session.get(f"{url}/_homeport/health") as answer:
            body = await answer.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        found.failed(did, str(error) or "no answer", "look at the server's log")
        return
    if answer.status == _OK:
        found.ok(did, "well")
    else:
        found.failed(did, body, "the message says what is wrong")


async def _login(scene: Laptop, found: Findings) -> None:
    url = scene.url("registry")
    did = "logged in to the registry"
    if not url or scene.login is None:
        found.skipped(did, "no user given: --user NAME --password-stdin" if url else "it does not run")
        return
    async with scene.session() as session:
        status, _, _ = await RegistryClient(session, url, scene.login).ask("GET", "/v2/")
    if status == _OK:
        found.ok(did, f"as {scene.login[0]}")
    elif status == _UNAUTHORIZED:
        name = scene.login[0]
        found.failed(
            did,
            "the name or the password is refused",
            f"homeport user list, then homeport user passwd {name} or add {name}",
        )
    else:
        found.failed(did, str(status), "look at the server's log")


async def _push(scene: Laptop, found: Findings) -> None:
    url = scene.url("registry")
    did = "pushed and pulled a random image of 1 MB"
    if not url or scene.login is None:
        found.skipped(did, "no user given: --user NAME --password-stdin" if url else "the registry does not run")
        return
    async with scene.session() as session:
        client = RegistryClient(session, url, scene.login)
        try:
            image = await push_probe(client, "laptop")
            received = await client.pull_image(image)
            await client.delete_image(image)
        except RegistryAnswerError as error:
            found.failed(did, error.message, "look at the server's log")
            return
    found.ok(did, f"{received} bytes came back as they went in")


async def _clients(scene: Laptop, found: Findings) -> None:
    there = [name for name in _CLIENTS if shutil.which(name, path=scene.environment.get("PATH"))]
    did = "looked for container clients"
    if not there:
        found.warning(did, "none is installed", "install podman, docker or skopeo")
        return
    found.ok(did, ", ".join(there))
    url = scene.url("registry")
    host = url.split("//", 1)[-1]
    if url.startswith("https:"):
        _trusted(scene, found, host, there)
    elif "docker" in there and url and not host.startswith(("127.", "localhost")):
        _insecure(found, host)


def _trusted(scene: Laptop, found: Findings, host: str, clients: Sequence[str]) -> None:
    authority = AuthorityFiles(DataDirectory(scene.settings.data_dir).ca).certificate
    if not authority.exists():
        return
    home = Path(scene.environment.get("HOME", "/root"))
    places = {"docker": [Path("/etc/docker/certs.d")]}
    usual = [home / ".config/containers/certs.d", Path("/etc/containers/certs.d")]
    for client in clients:
        did = f"looked whether {client} trusts the CA for {host}"
        files = [folder / host / "ca.crt" for folder in places.get(client, usual)]
        if any(_same(each, authority) for each in files):
            found.ok(did, "it does")
        else:
            target = "docker" if client == "docker" else "podman"
            found.warning(did, "not by a file of its own", f"homeport ca trust --for {target} --registry {host}")


def _same(one: Path, other: Path) -> bool:
    try:
        return other.read_text().strip() in one.read_text()
    except OSError:
        return False


def _insecure(found: Findings, host: str) -> None:
    did = "read /etc/docker/daemon.json"
    try:
        listed = json.loads(Path("/etc/docker/daemon.json").read_text()).get("insecure-registries", [])
    except (OSError, ValueError):
        listed = []
    if host in listed:
        found.ok(did, f"{host} may be spoken to without TLS")
    else:
        found.failed(did, f"docker asks {host} for TLS, and it speaks plain HTTP", "homeport up --tls-mode auto")


async def _aws(scene: Laptop, found: Findings) -> None:
    url = scene.url("aws")
    did = "looked at AWS_ENDPOINT_URL"
    given = scene.environment.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if not url:
        found.skipped(did, "the AWS endpoint does not run")
    elif not given:
        found.warning(did, "not set: the AWS CLI and SDKs ask Amazon", _AWS_CURE)
    elif given.replace("localhost", "127.0.0.1") != url.replace("localhost", "127.0.0.1"):
        found.warning(did, f"{given} is somebody else", _AWS_CURE)
    else:
        found.ok(did, given)


CHECKS: tuple[Check[Laptop], ...] = (
    Check(1, "Data directory", "laptop", _directory),
    Check(2, "Server", "laptop", _server),
    Check(3, "Login", "laptop", _login),
    Check(4, "Push and pull", "laptop", _push),
    Check(5, "Clients", "laptop", _clients),
    Check(6, "AWS", "laptop", _aws),
)
