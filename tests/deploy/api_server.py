"""A double of Kubernetes' API server: discovery, strict server-side apply, lists, patches, pods, exec and attach.

Objects are judged by Kubernetes' own schemas; what controllers would do is done at once, or by the test.
"""

import asyncio
import copy
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote

import yaml
from aiohttp import WSMsgType, web
from tests.deploy.schemas import CRDS, complaints, is_foreign, pod_security_complaints

KINDS: Mapping[str, Sequence[tuple[str, str, bool]]] = {
    "v1": (
        ("Namespace", "namespaces", False),
        ("Node", "nodes", False),
        ("PersistentVolume", "persistentvolumes", False),
        ("PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("ConfigMap", "configmaps", True),
        ("Secret", "secrets", True),
        ("ServiceAccount", "serviceaccounts", True),
        ("Service", "services", True),
        ("Pod", "pods", True),
        ("Event", "events", True),
    ),
    "apps/v1": (("Deployment", "deployments", True),),
    "batch/v1": (("CronJob", "cronjobs", True),),
    "networking.k8s.io/v1": (("NetworkPolicy", "networkpolicies", True), ("Ingress", "ingresses", True)),
    "rbac.authorization.k8s.io/v1": (("Role", "roles", True), ("RoleBinding", "rolebindings", True)),
    "storage.k8s.io/v1": (("StorageClass", "storageclasses", False),),
    "cert-manager.io/v1": (("ClusterIssuer", "clusterissuers", False), ("Certificate", "certificates", True)),
    "traefik.io/v1alpha1": (
        ("IngressRoute", "ingressroutes", True),
        ("IngressRouteTCP", "ingressroutetcps", True),
        ("TLSOption", "tlsoptions", True),
        ("Middleware", "middlewares", True),
    ),
    "helm.cattle.io/v1": (("HelmChartConfig", "helmchartconfigs", True),),
    "monitoring.coreos.com/v1": (
        ("ServiceMonitor", "servicemonitors", True),
        ("PrometheusRule", "prometheusrules", True),
        ("Prometheus", "prometheuses", True),
    ),
}

Doc = dict[str, object]
Program = Callable[[Sequence[str]], Sequence[str]]


@dataclass
class Pod:
    """What becomes of a pod that is made: its phase, what it prints, and its own program for attach."""

    phase: str = "Succeeded"
    log: str = ""
    waiting: Mapping[str, str] | None = None
    program: Sequence[str] = ()


@dataclass
class ApiServer:
    """One server in a thread of its own; tests look at `objects` and set what controllers would."""

    version: str = "1.36"
    token: str = "a-token"
    objects: dict[str, Doc] = field(default_factory=dict)
    groups: set[str] = field(default_factory=lambda: set(KINDS))
    requests: list[tuple[str, str]] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    refused_kinds: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    authority: str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    pods: Callable[[Doc], Pod] = lambda _pod: Pod()
    programs: Program = list
    proxied: dict[str, str] = field(default_factory=dict)
    conflicts: int = 0
    last_looks: int = 0
    """How often a pod that was deleted is still seen: the kubelet ends it first."""
    url: str = ""
    _loop: asyncio.AbstractEventLoop | None = None
    _running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _made: dict[str, Pod] = field(default_factory=dict)
    _ending: dict[str, int] = field(default_factory=dict)
    _revision: int = 0

    def start(self, context: ssl.SSLContext | None = None) -> Self:
        """Listen on a free port of the loopback address."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready, context), daemon=True)
        self._thread.start()
        assert ready.wait(20)
        return self

    def _serve(self, ready: threading.Event, context: ssl.SSLContext | None) -> None:
        async def run() -> None:
            app = web.Application(client_max_size=64 << 20)
            app.router.add_route("*", "/{path:.*}", self._answer)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        asyncio.run(run())

    def stop(self) -> None:
        """Stop listening."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        for process in self._running.values():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig with the token."""
        document = {
            "current-context": "lab",
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
            "clusters": [{"name": "lab", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": self.token}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def put(self, path: str, document: Doc) -> None:
        """Have an object there."""
        self.objects[path] = self._stamped(path, document)

    def names(self, plural: str) -> set[str]:
        """Names of all objects of a kind."""
        return {path.rsplit("/", 1)[1] for path in self.objects if path.split("/")[-2] == plural}

    # Requests

    async def _answer(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 # one way out for each kind of path
        path = unquote(request.path)
        self.requests.append((request.method, path))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        if any(path.startswith(each) for each in self.forbidden):
            return _status(403, "Forbidden", f"user cannot reach {path}")
        if path == "/version":
            major, minor = self.version.split(".")
            return web.json_response({"major": major, "minor": minor, "gitVersion": f"v{self.version}.4+k3s1"})
        if path in self.proxied:
            return web.Response(text=self.proxied[path], content_type="text/plain")
        if path.endswith("selfsubjectaccessreviews"):
            return await self._may(request)
        if (listed := self._discovery(path)) is not None:
            return listed
        if path.endswith(("/exec", "/attach")):
            return await self._stream(request, path)
        if path.endswith("/log"):
            made = self._made.get(path.removesuffix("/log"))
            return web.Response(text=made.log if made else "")
        return await self._object(request, path)

    async def _may(self, request: web.Request) -> web.Response:
        asked = (await request.json())["spec"]["resourceAttributes"]
        return web.json_response({"status": {"allowed": asked["resource"] not in self.refused_kinds}})

    def _discovery(self, path: str) -> web.Response | None:
        api_version = path.removeprefix("/apis/").removeprefix("/api/")
        if api_version not in KINDS:
            return None
        if api_version not in self.groups:
            return _status(404, "NotFound", "the server could not find the requested resource")
        resources = [
            {"name": plural, "kind": kind, "namespaced": namespaced} for kind, plural, namespaced in KINDS[api_version]
        ]
        return web.json_response({"resources": resources})

    async def _object(self, request: web.Request, path: str) -> web.Response:
        last_but_one = path.split("/")[-2] if path.count("/") > 2 else ""
        plurals = {plural for kinds in KINDS.values() for _, plural, _ in kinds}
        if path.rsplit("/", 1)[1] in plurals and last_but_one not in plurals - {"namespaces"}:
            return await self._collection(request, path)
        match request.method:
            case "GET":
                return self._get(path)
            case "PATCH":
                return await self._patch(request, path)
            case "PUT":
                return await self._replace(request, path)
            case "DELETE":
                return self._delete(path)
        return _status(405, "MethodNotAllowed", "no")

    def _get(self, path: str) -> web.Response:
        if path in self._ending:
            self._ending[path] -= 1
            if self._ending[path] < 0:
                del self._ending[path], self.objects[path]
        found = self.objects.get(path)
        if found is None:
            return _status(404, "NotFound", f"{path.rsplit('/', 1)[1]} not found")
        self._grow(path, found)
        return web.json_response(found)

    async def _collection(self, request: web.Request, path: str) -> web.Response:
        if request.method == "POST":
            document = await request.json()
            return self._create(f"{path}/{document['metadata']['name']}", document)
        base, _, plural = path.rpartition("/")
        items = [
            document
            for each, document in self.objects.items()
            if each.startswith(base) and each.split("/")[-2] == plural and _selected(document, request.query)
        ]
        start = int(request.query.get("continue", "0"))
        size = min(int(request.query.get("limit", "500")), 7)
        more = str(start + size) if start + size < len(items) else ""
        return web.json_response({"metadata": {"continue": more}, "items": items[start : start + size]})

    def _create(self, path: str, document: Doc) -> web.Response:
        if path in self.objects:
            return _status(409, "AlreadyExists", "already exists")
        if refusal := self._refusal(path, document):
            return refusal
        self.objects[path] = self._stamped(path, document)
        if document.get("kind") == "Pod":
            self._run(path, document)
        return web.json_response(self.objects[path], status=201)

    async def _patch(self, request: web.Request, path: str) -> web.Response:
        body = await request.json()
        before = self.objects.get(path)
        if request.content_type == "application/merge-patch+json":
            if before is None:
                return _status(404, "NotFound", "not found")
            self.objects[path] = _merged(before, body)
            self._scaled(path)
            return web.json_response(self.objects[path])
        assert request.content_type == "application/apply-patch+yaml"
        assert request.query["fieldManager"] == "homeport"
        assert request.query["fieldValidation"] == "Strict"
        if refusal := self._refusal(path, body):
            return refusal
        after = _merged(before or {}, body)
        if before is None:
            after = self._stamped(path, after)
        if request.query.get("dryRun") == "All":
            return web.json_response(after)
        if before is not None and before.get("spec") != after.get("spec"):
            metadata = after["metadata"]
            assert isinstance(metadata, dict)
            metadata["generation"] = int(metadata.get("generation", 1)) + 1
        self.objects[path] = after
        self._control(path, after)
        return web.json_response(after)

    def _refusal(self, path: str, document: Doc) -> web.Response | None:
        parts = path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-2] else ""
        if namespace and f"/api/v1/namespaces/{namespace}" not in self.objects:
            return _status(404, "NotFound", f'namespaces "{namespace}" not found')
        # Without the CRDs foreign objects are taken as they are; the tests of `render` say that they are missing.
        judged = CRDS.is_dir() or not is_foreign(document)  # type: ignore[arg-type] # a JSON document
        wrong = complaints(document, self.version) if judged else []  # type: ignore[arg-type]
        if document.get("kind") == "Pod":
            wrong += self._pod_security(namespace, document)
        return _status(422, "Invalid", "; ".join(wrong)) if wrong else None

    def _pod_security(self, namespace: str, document: Doc) -> list[str]:
        place = self.objects[f"/api/v1/namespaces/{namespace}"]
        labels = place["metadata"].get("labels", {})  # type: ignore[attr-defined] # a JSON document
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            return []
        return [f"violates PodSecurity: {each}" for each in pod_security_complaints(document["spec"])]  # type: ignore[arg-type]

    async def _replace(self, request: web.Request, path: str) -> web.Response:
        document = await request.json()
        before = self.objects.get(path)
        if before is None:
            return _status(404, "NotFound", "not found")
        given = document["metadata"].get("resourceVersion")
        held = before["metadata"]["resourceVersion"]  # type: ignore[index]
        if self.conflicts or given != held:
            self.conflicts = max(0, self.conflicts - 1)
            return _status(409, "Conflict", "the object has been modified")
        self.objects[path] = self._stamped(path, document)
        return web.json_response(self.objects[path])

    def _delete(self, path: str) -> web.Response:
        if path not in self.objects:
            return _status(404, "NotFound", "not found")
        if self.last_looks and "/pods/" in path:
            self._ending[path] = self.last_looks
            return web.json_response(self.objects[path])
        found = self.objects.pop(path)
        if found.get("kind") == "Namespace":
            for each in [each for each in self.objects if each.startswith(path + "/")]:
                del self.objects[each]
        if found.get("kind") == "PersistentVolumeClaim":
            self._release(found)
        return web.json_response(found)

    def _release(self, claim: Doc) -> None:
        """What the provisioner does: local-path removes the data with the claim, unless the volume is retained."""
        volume = f"/api/v1/persistentvolumes/{claim['spec'].get('volumeName', '')}"  # type: ignore[attr-defined]
        found = self.objects.get(volume)
        if found is not None and found["spec"]["persistentVolumeReclaimPolicy"] == "Delete":  # type: ignore[index]
            del self.objects[volume]

    def _stamped(self, path: str, document: Doc) -> Doc:
        self._revision += 1
        metadata = dict(document.get("metadata") or {})  # type: ignore[call-overload]
        metadata.update({"resourceVersion": str(self._revision), "uid": f"uid-{self._revision}"})
        metadata.setdefault("generation", 1)
        metadata.setdefault("name", path.rsplit("/", 1)[1])
        return {**document, "metadata": metadata}

    # Controllers

    def _control(self, path: str, document: Doc) -> None:
        match document.get("kind"):
            case "Deployment":
                self._roll(path, document)
            case "Certificate" if path.endswith("/homeport-tls") and path not in self.stuck:
                secret = path.replace("/apis/cert-manager.io/v1", "/api/v1").replace("/certificates/", "/secrets/")
                import base64

                data = {"ca.crt": base64.b64encode(self.authority.encode()).decode()}
                self.put(secret, {"apiVersion": "v1", "kind": "Secret", "data": data})
            case "PersistentVolumeClaim":
                document["status"] = {"phase": "Bound"}

    def _roll(self, path: str, document: Doc) -> None:
        name = path.rsplit("/", 1)[1]
        namespace = path.split("/namespaces/")[1].split("/", maxsplit=1)[0]
        template = document["spec"]["template"]  # type: ignore[index]
        pod = f"/api/v1/namespaces/{namespace}/pods/{name}-0"
        if document["spec"]["replicas"]:  # type: ignore[index]
            metadata = {"labels": template["metadata"]["labels"], "namespace": namespace}
            self.put(
                pod, {"kind": "Pod", "metadata": metadata, "spec": template["spec"], "status": {"phase": "Running"}}
            )
        else:
            self.objects.pop(pod, None)

    def _scaled(self, path: str) -> None:
        document = self.objects[path]
        if document.get("kind") == "Deployment":
            self._roll(path, document)

    def _grow(self, path: str, document: Doc) -> None:
        """Each look finds things a little further."""
        if path in self.stuck:
            return
        metadata = document["metadata"]
        assert isinstance(metadata, dict)
        if document.get("kind") == "Deployment":
            ready = {"readyReplicas": 1, "updatedReplicas": 1, "observedGeneration": metadata["generation"]}
            before = document.get("status")
            document["status"] = (
                ready if before else {"readyReplicas": 0, "updatedReplicas": 1, "observedGeneration": 1}
            )
        if document.get("kind") == "Certificate":
            document["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
        process = self._running.get(path)
        if process is not None and process.poll() is not None:
            phase = "Succeeded" if process.returncode == 0 else "Failed"
            document["status"] = {"phase": phase}

    def _run(self, path: str, document: Doc) -> None:
        made = self._made[path] = self.pods(document)
        state = {"waiting": dict(made.waiting)} if made.waiting else {}
        status = {"phase": made.phase, "containerStatuses": [{"name": "x", "state": state}]}
        if made.program:
            self._running[path] = subprocess.Popen(
                made.program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            status = {"phase": "Running"}
        self.objects[path] = {**self.objects[path], "status": status}

    # Streams

    async def _stream(self, request: web.Request, path: str) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"), max_msg_size=0)
        await socket.prepare(request)
        if path.endswith("/attach"):
            await self._feed(socket, self._running[path.removesuffix("/attach")])
        else:
            await self._exec(socket, self.programs(request.query.getall("command")))
        await socket.close()
        return socket

    async def _exec(self, socket: web.WebSocketResponse, program: Sequence[str]) -> None:
        process = await asyncio.create_subprocess_exec(
            *program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        while piece := await process.stdout.read(65536):
            await socket.send_bytes(b"\x01" + piece)
        said = await process.stderr.read()
        if said:
            await socket.send_bytes(b"\x02" + said)
        await self._end(socket, await process.wait())

    async def _feed(self, socket: web.WebSocketResponse, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            if message.data[0] == 255:
                break
            with suppress(BrokenPipeError):
                process.stdin.write(message.data[1:])
        with suppress(BrokenPipeError):
            process.stdin.close()
        loop = asyncio.get_running_loop()
        assert process.stdout is not None
        said = await loop.run_in_executor(None, process.stdout.read)
        status = await loop.run_in_executor(None, process.wait)
        await socket.send_bytes(b"\x01" + said)
        for path, each in self._running.items():
            if each is process:
                self._made[path].log = said.decode()
        await self._end(socket, status)

    async def _end(self, socket: web.WebSocketResponse, status: int) -> None:
        told = {"status": "Success"} if status == 0 else {"status": "Failure", "message": f"exit code {status}"}
        await socket.send_bytes(b"\x03" + json.dumps(told).encode())


def _selected(document: Doc, query: Mapping[str, str]) -> bool:
    labels = document["metadata"].get("labels", {})  # type: ignore[attr-defined]
    wanted = [each.split("=", 1) for each in query.get("labelSelector", "").split(",") if each]
    if not all(labels.get(key) == text for key, text in wanted):
        return False
    chosen = query.get("fieldSelector", "")
    if not chosen:
        return True
    name = document.get("involvedObject", {}).get("name")  # type: ignore[attr-defined]
    return bool(chosen == f"involvedObject.name={name}")


def _merged(before: Doc, change: Mapping[str, object]) -> Doc:
    """RFC 7396; near enough to server-side apply for one manager."""
    found = copy.deepcopy(before)
    for key, each in change.items():
        held = found.get(key)
        if each is None:
            found.pop(key, None)
        elif isinstance(each, dict):
            found[key] = _merged(held if isinstance(held, dict) else {}, each)
        else:
            found[key] = copy.deepcopy(each)
    return found


def _status(code: int, reason: str, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "reason": reason, "message": message}, status=code)
