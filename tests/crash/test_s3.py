"""kill -9 while objects come, are completed and go: what was acknowledged is whole, and nothing is there by half."""

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from tests.s3_wire import code
from tests.servers import HomeportProcess
from tests.tools import require

ROUNDS = 6
LONGEST_ROUND_SECONDS = 0.4
BUCKET = "crash"
GONE = (HTTPClientError, BotoCoreError, ConnectionError)
MEBIBYTE = 1 << 20
QUICK = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport with its AWS endpoint."""
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0")
    running.start()
    yield running
    running.stop()


def client_of(server: HomeportProcess) -> Any:
    """A client that never tries twice."""
    return boto3.client(
        "s3",
        endpoint_url=server.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=QUICK,
    )


class Ledger:
    """What was acknowledged, and what was asked for and may or may not have happened."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.open: dict[str, set[str]] = {}

    def change(self, key: str, wanted: str, work: Callable[[], object]) -> None:
        """Ask for a change of a key to a content, by its digest; `` is none."""
        before = self.known.get(key, "")
        self.open[key] = {before, wanted}
        work()
        self.known[key] = wanted
        del self.open[key]

    def check(self, s3: Any) -> None:
        """Compare with what the server has; what was open is settled by it."""
        for key in {*self.known, *self.open}:
            allowed = self.open.get(key) or {self.known.get(key, "")}
            found = digest_of(s3, key)
            assert found in allowed, key
            self.known[key] = found
        self.open.clear()
        listed = set()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            listed |= {entry["Key"] for entry in page.get("Contents", [])}
        assert listed == {key for key, digest in self.known.items() if digest}


def digest_of(s3: Any, key: str) -> str:
    """Of an object's whole content; `` if there is none."""
    try:
        return hashlib.sha256(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).hexdigest()
    except ClientError as error:
        return "" if error.response["Error"]["Code"] == "NoSuchKey" else f"neither there nor gone: {error}"


def body(chance: random.Random) -> tuple[bytes, str]:
    """A content, as a row or as a file, and its digest."""
    content = chance.randbytes(chance.choice([0, 10, 5000, 200_000, 3 * MEBIBYTE]))
    return content, hashlib.sha256(content).hexdigest()


def put(s3: Any, ledger: Ledger, chance: random.Random) -> None:
    """A new object, or another content of one."""
    key, (content, digest) = f"put-{chance.randrange(8)}", body(chance)
    ledger.change(key, digest, lambda: s3.put_object(Bucket=BUCKET, Key=key, Body=content))


def complete(s3: Any, ledger: Ledger, chance: random.Random) -> None:
    """An object from two parts."""
    key = f"parts-{chance.randrange(3)}"
    contents = [chance.randbytes(5 * MEBIBYTE), chance.randbytes(1000)]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=content)["ETag"],
        }
        for number, content in enumerate(contents, start=1)
    ]
    ledger.change(
        key,
        hashlib.sha256(b"".join(contents)).hexdigest(),
        lambda: s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}),
    )


def delete_batch(s3: Any, ledger: Ledger, chance: random.Random) -> None:
    """Some objects come, and go together: all of them or none."""
    keys = [f"batch-{number}" for number in range(20)]
    for key in keys:
        content, digest = body(chance)
        if len(content) < MEBIBYTE:
            ledger.change(key, digest, partial(s3.put_object, Bucket=BUCKET, Key=key, Body=content))
    before = {key: ledger.known.get(key, "") for key in keys}
    for key in keys:
        ledger.open[key] = {before[key], ""}
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    for key in keys:
        ledger.known[key] = ""
        del ledger.open[key]


@pytest.mark.parametrize("step", [put, complete, delete_batch], ids=lambda step: step.__name__)
def test_no_acknowledged_object_is_lost_and_none_is_there_by_half(
    server: HomeportProcess, step: Callable[[Any, Ledger, random.Random], None]
) -> None:
    chance, ledger = random.Random(step.__name__), Ledger()
    s3 = client_of(server)
    s3.create_bucket(Bucket=BUCKET)

    for _ in range(ROUNDS):
        killer = threading.Timer(chance.uniform(0.02, LONGEST_ROUND_SECONDS), server.kill)
        killer.start()
        with suppress(*GONE):
            while True:
                step(s3, ledger, chance)
        killer.join()
        s3 = client_of(server.restart())
        ledger.check(s3)

    assert any(ledger.known)
    check_files(server, s3)


def check_files(server: HomeportProcess, s3: Any) -> None:
    """After a start's sweep no file is left that no object or part needs."""
    needed = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        needed += sum(entry["Size"] > 64 * 1024 for entry in page.get("Contents", []))
    for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        listed = s3.list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
        needed += sum(part["Size"] > 64 * 1024 for part in listed.get("Parts", []))
    server.stop()
    server.start()
    root = server.data_dir / "aws" / "s3"
    deadline = threading.Event()
    for _ in range(100):
        files = [path for path in root.rglob("*") if path.is_file()]
        if len(files) == needed:
            return
        deadline.wait(0.05)
    assert len(files) == needed


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    import subprocess

    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [require("mount"), "-t", "tmpfs", "-o", "size=24m", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is impossible here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_refuses_writes_and_goes_on_reading(small_disk: Path) -> None:
    server = HomeportProcess.on(small_disk / "data", listen_aws="127.0.0.1:0", settings={"registry.min_free": "0"})
    server.log = small_disk.parent / "homeport.log"
    server.start()
    try:
        s3 = client_of(server)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="before", Body=b"x" * 100_000)
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]

        part = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload, "PartNumber": 1}
        assert code(s3.put_object, Bucket=BUCKET, Key="large", Body=bytes(40 * MEBIBYTE))[1] == 503
        assert code(s3.upload_part, **part, Body=bytes(40 * MEBIBYTE))[1] == 503
        assert s3.get_object(Bucket=BUCKET, Key="before")["Body"].read() == b"x" * 100_000
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["before"]
        s3.put_object(Bucket=BUCKET, Key="after", Body=b"y" * 100_000)
        files = [path for path in (small_disk / "data" / "aws" / "s3").rglob("*") if path.is_file()]
        assert len(files) == 2
    finally:
        server.stop()
