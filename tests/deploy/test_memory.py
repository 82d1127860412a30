"""Memory under load stays inside the limits that the manifests set; the kernel holds each half to its own."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from tests.deploy.lab import ADMIN, Lab
from tests.images import digest_of
from tests.wire import Client

MIB = 1024**2
LAYER_BYTES = 64 * MIB
OBJECT_BYTES = 32 * MIB
CLIENTS = 8


class Limit:
    """A control group with a limit, which the kernel enforces by ending whoever exceeds it."""

    def __init__(self, name: str, limit_bytes: int) -> None:
        v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/cgroup.controllers")
        if v1.is_dir():
            self._folder, self._limit = v1 / name, "memory.limit_in_bytes"
        elif v2.exists() and "memory" in v2.read_text():
            self._folder, self._limit = v2.parent / name, "memory.max"
        else:
            raise OSError("no memory controller")
        self._folder.mkdir(exist_ok=True)
        (self._folder / self._limit).write_text(str(limit_bytes))

    def take(self, pid: int) -> None:
        """Hold a process to it."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove the group; nobody is in it any more."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Callable[[str, int], Lab]]:
    """Starts one half, held to a limit where the machine lets us."""
    started: list[Lab] = []
    limits: list[Limit] = []

    def start(half: str, limit_bytes: int) -> Lab:
        lab = Lab(tmp_path)
        started.append(lab)
        ports = {"registry": {"http": 5000, "metrics": 5001}, "aws": {"aws": 4566, "metrics": 4567}}
        (tmp_path / "ca").mkdir()
        lab._serve(half, ports[half])
        # Without the controller the peak is still measured.
        with contextlib.suppress(OSError):
            limit = Limit(f"homeport-test-{os.getpid()}-{half}", limit_bytes)
            limits.append(limit)
            limit.take(lab.processes[half].pid)
        return lab

    yield start
    for lab in started:
        lab.stop()
    for limit in limits:
        limit.remove()


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def limit_of(lab: Lab, half: str) -> int:
    """The manifest's limit in bytes."""
    text = getattr(lab.values, half).resources.limits.memory
    return int(text[:-2]) * {"Mi": MIB, "Gi": 1024 * MIB}[text[-2:]]


def test_the_registry_stays_inside_512_mib(held: Callable[[str, int], Lab]) -> None:
    """Eight clients push 64 MB each at once, then pull it."""
    lab = held("registry", 512 * MIB)
    base = f"http://127.0.0.1:{lab.ports['registry', 'http']}"
    blobs = [os.urandom(MIB) * (LAYER_BYTES // MIB) for _ in range(2)]

    def push_and_pull(number: int) -> bool:
        client = Client(base, user=ADMIN[0], password=ADMIN[1])
        blob = blobs[number % 2]
        client.push_blob(f"memory/{number}", blob)
        return client.get(f"/v2/memory/{number}/blobs/{digest_of(blob)}").body == blob

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert all(threads.map(push_and_pull, range(CLIENTS)))

    pid = lab.processes["registry"].pid
    assert lab.processes["registry"].poll() is None
    assert peak_bytes(pid) < limit_of(lab, "registry") == 512 * MIB


def test_aws_stays_inside_2_gib(held: Callable[[str, int], Lab]) -> None:
    """Eight clients put and get objects of 32 MB, and fill queues and tables meanwhile."""
    lab = held("aws", 2048 * MIB)
    endpoint = f"http://127.0.0.1:{lab.ports['aws', 'aws']}"
    body = os.urandom(MIB) * (OBJECT_BYTES // MIB)

    def use(number: int) -> bool:
        names = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        session = boto3.session.Session(**names)  # type: ignore[arg-type] # three texts
        config = Config(s3={"addressing_style": "path"})
        s3 = session.client("s3", endpoint_url=endpoint, config=config)
        sqs = session.client("sqs", endpoint_url=endpoint)
        bucket = f"memory-{number}"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="large", Body=body)
        queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
        for _ in range(50):
            sqs.send_message(QueueUrl=queue, MessageBody="m" * 10_000)
        return bool(s3.get_object(Bucket=bucket, Key="large")["Body"].read() == body)

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert all(threads.map(use, range(CLIENTS)))

    assert lab.processes["aws"].poll() is None
    assert peak_bytes(lab.processes["aws"].pid) < limit_of(lab, "aws") == 2048 * MIB
