"""A real server process: HTTP and HTTPS on one port, init scripts, the word that tools wait for, kill -9."""

import asyncio
import json
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.servers import HomeportProcess

from homeport.aws import outbox
from homeport.aws.delivery import Delivery
from homeport.aws.set_aside import with_outbox
from homeport.kernel.clock import SystemClock
from homeport.kernel.storage.database import Tx
from homeport.kernel.storage.layout import DataDirectory

WAIT_SECONDS = 20.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HomeportProcess]:
    """A server with an AWS listener and a directory for init scripts, not started yet."""
    made = HomeportProcess.on(
        tmp_path / "data", listen_aws="127.0.0.1:0", settings={"aws.init_dir": str(tmp_path / "init")}
    )
    yield made
    made.stop()


def eventually(found: Callable[[], Any]) -> Any:
    """Wait for something that another process does."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def client(server: HomeportProcess, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
        service,
        endpoint_url=server.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_one_port_speaks_http_and_https(server: HomeportProcess) -> None:
    server.start()
    secure = server.aws_url.replace("http://127.0.0.1", "https://localhost") + "/_localstack/health"
    assert urllib.request.urlopen(server.aws_url + "/_localstack/health").status == 200
    # The first client that speaks TLS lets the certificate be made; it is trusted by its authority alone.
    eventually(lambda: _reached(secure))
    context = ssl.create_default_context(cafile=str(server.data_dir / "ca" / "ca.crt"))

    answer = urllib.request.urlopen(secure, context=context)

    assert json.loads(answer.read())["services"]["s3"] == "available"
    for _ in range(5):
        assert urllib.request.urlopen(server.aws_url + "/_localstack/health").status == 200


def _reached(url: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return bool(urllib.request.urlopen(url, context=context).status == 200)


def test_scripts_run_before_the_server_is_ready_and_when_it_stops(server: HomeportProcess, tmp_path: Path) -> None:
    out = tmp_path / "out"
    init = tmp_path / "init"
    script(init / "boot.d" / "a.sh", f"#!/bin/sh\necho boot >> {out}\n")
    script(
        init / "ready.d" / "b.py",
        "import os, urllib.request\n"
        f"open({str(out)!r}, 'a').write('ready\\n')\n"
        "urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_localstack/health')\n",
    )
    script(init / "shutdown.d" / "c.sh", f"#!/bin/sh\necho shutdown >> {out}\n")

    server.start()
    eventually(lambda: "\nReady.\n" in server.log_tail())
    told = json.loads(urllib.request.urlopen(server.aws_url + "/_localstack/init").read())
    status = server.stop()

    assert told["completed"] == {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False}
    assert [(s["name"], s["state"]) for s in told["scripts"]][:2] == [("a.sh", "SUCCESSFUL"), ("b.py", "SUCCESSFUL")]
    assert out.read_text().split() == ["boot", "ready", "shutdown"]
    assert status == 0


def test_health_can_ask_the_server_to_stop(server: HomeportProcess) -> None:
    server.start()
    request = urllib.request.Request(server.aws_url + "/_localstack/health", data=b'{"action":"kill"}', method="POST")

    assert urllib.request.urlopen(request).read() == b"ok"

    eventually(lambda: '"stopped"' in server.log_tail())


def test_what_was_answered_is_there_after_kill_9(server: HomeportProcess) -> None:
    server.start()
    key = client(server, "kms").create_key()["KeyMetadata"]["KeyId"]
    blob = client(server, "kms").encrypt(KeyId=key, Plaintext=b"treasure")["CiphertextBlob"]
    secret = client(server, "iam").create_user(UserName="ann") and client(server, "iam").create_access_key(
        UserName="ann"
    )

    server.kill()
    server.restart()

    assert client(server, "kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"treasure"
    info = client(server, "sts").get_access_key_info(AccessKeyId=secret["AccessKey"]["AccessKeyId"])
    assert info["Account"] == "000000000000"


def homeport(server: HomeportProcess, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os
    import sys

    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(server.data_dir.parent)}
    command = [sys.executable, "-m", "homeport", *arguments]
    variables = {**own, "HOMEPORT_DATA_DIR": str(server.data_dir), **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)


def test_env_prints_what_a_shell_needs(server: HomeportProcess) -> None:
    server.start()

    told = homeport(server, "env", "--account", "111111111111", "--region", "eu-west-1")
    fish = homeport(server, "env", "--shell", "fish")

    assert told.stdout.splitlines() == [
        f"export AWS_ENDPOINT_URL={server.aws_url}",
        "export AWS_ACCESS_KEY_ID=111111111111",
        "export AWS_SECRET_ACCESS_KEY=homeport",
        "export AWS_DEFAULT_REGION=eu-west-1",
        "export AWS_REGION=eu-west-1",
    ]
    assert f"set -gx AWS_ENDPOINT_URL {server.aws_url}" in fish.stdout


def test_env_names_no_region_that_a_shell_would_run(server: HomeportProcess) -> None:
    told = homeport(server, "env", "--region", "$(date)")

    assert (told.returncode, told.stdout) == (2, "")
    assert "a region is a name such as eu-central-1" in told.stderr


def test_where_only_tls_is_spoken_the_tools_are_told_whom_to_trust(tmp_path: Path) -> None:
    settings = {"tls.mode": "on", "data_dir": str(tmp_path / "my data")}
    server = HomeportProcess.on(tmp_path / "my data", listen_aws="127.0.0.1:0", settings=settings).start()

    told = homeport(server, "env")
    identity = homeport(server, "aws", "sts", "get-caller-identity")
    server.stop()

    assert told.stdout.splitlines()[:2] == [
        f"export AWS_ENDPOINT_URL={server.aws_url}",
        f"export AWS_CA_BUNDLE='{tmp_path}/my data/ca/ca.crt'",
    ]
    assert server.aws_url.startswith("https:")
    assert identity.returncode == 0, identity.stderr


def test_env_names_an_address_that_the_tools_can_reach(tmp_path: Path) -> None:
    listen = f"127.0.0.1:0,unix:{tmp_path}/aws.sock"
    server = HomeportProcess.on(tmp_path / "data", listen_aws=listen).start()

    told = homeport(server, "env")
    server.stop()

    assert told.stdout.startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")


def test_the_aws_cli_runs_against_the_server(server: HomeportProcess) -> None:
    server.start()

    identity = homeport(server, "aws", "sts", "get-caller-identity")
    made = homeport(server, "aws", "iam", "create-user", "--user-name", "ann", AWS_ACCESS_KEY_ID="222222222222")

    assert json.loads(identity.stdout)["Arn"] == "arn:aws:iam::000000000000:root", identity.stderr
    assert json.loads(made.stdout)["User"]["Arn"] == "arn:aws:iam::222222222222:user/ann", made.stderr


def test_the_aws_cli_never_asks_amazon_for_queues(server: HomeportProcess) -> None:
    server.start()

    made = homeport(server, "aws", "sqs", "create-queue", "--queue-name", "jobs")

    assert json.loads(made.stdout or "{}").get("QueueUrl", "").endswith("/000000000000/jobs"), made.stderr


def test_without_a_server_env_says_how_to_start_one(server: HomeportProcess) -> None:
    told = homeport(server, "env")

    assert told.returncode == 1
    assert "start one with `homeport up`" in told.stderr


def test_keys_are_made_listed_and_removed_while_the_server_runs(tmp_path: Path) -> None:
    server = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0", settings={"aws.auth": "signed"}).start()
    try:
        made = homeport(server, "key", "create", "--account", "111111111111")
        exported = dict(line.removeprefix("export ").split("=", 1) for line in made.stdout.splitlines())
        signed = homeport(server, "aws", "sts", "get-caller-identity", **exported)
        told = homeport(server, "env", "--account", "111111111111")
        listed = homeport(server, "key", "list", "--account", "111111111111")
        removed = homeport(server, "key", "remove", exported["AWS_ACCESS_KEY_ID"])
        again = homeport(server, "key", "remove", exported["AWS_ACCESS_KEY_ID"])
        other = boto3.client(
            "sts",
            endpoint_url=server.aws_url,
            region_name="us-east-1",
            aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
        )
        with pytest.raises(other.exceptions.ClientError) as error:
            other.get_caller_identity()
    finally:
        server.stop()

    assert json.loads(signed.stdout or "{}").get("Account") == "111111111111", signed.stderr
    assert f"export AWS_SECRET_ACCESS_KEY={exported['AWS_SECRET_ACCESS_KEY']}" in told.stdout.splitlines(), told.stderr
    assert listed.stdout.split()[:2] == [exported["AWS_ACCESS_KEY_ID"], "arn:aws:iam::111111111111:root"]
    assert (removed.returncode, again.returncode) == (0, 1)
    assert "there is no access key" in again.stderr
    assert error.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_what_was_set_aside_is_told_by_a_healthy_server_and_goes_out_once_it_is_put_back(
    server: HomeportProcess,
) -> None:
    server.start()
    queue = client(server, "sqs").create_queue(QueueName="q")["QueueUrl"]
    server.stop()
    _set_aside(server.data_dir, "arn:aws:sqs:us-east-1:000000000000:q")
    server.start()
    eventually(lambda: "aws_deliveries: set aside after failing" in homeport(server, "status").stdout)
    assert b"homeport_aws_deliveries_set_aside 1" in urllib.request.urlopen(f"{server.debug_url}/metrics").read()

    assert "1  " in homeport(server, "deliveries", "list").stdout
    homeport(server, "deliveries", "retry", "1")
    server.kill()
    server.start()

    messages = client(server, "sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert [message["Body"] for message in messages] == ["late"]
    told = homeport(server, "status")
    assert (told.returncode, "aws_deliveries" in told.stdout) == (0, False)


def _set_aside(data_dir: Path, queue: str) -> None:
    clock = SystemClock()
    late = Delivery("1", "s3", "arn:aws:s3:::b", queue, {"MessageBody": "late"}, clock.now())

    def write(tx: Tx) -> None:
        outbox.add(tx, late, late.lane_key, queue, clock.now())
        while outbox.note_trouble(tx, late.lane_key, "KeyError: 'x'", clock.now()) is not None:
            pass

    asyncio.run(with_outbox(DataDirectory(data_dir), clock, write))
