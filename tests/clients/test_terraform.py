"""Real Terraform or OpenTofu, where the machine has it: no package brings it, so elsewhere these tests are skipped.

What has to be there, for nothing is downloaded and nothing leaves the loopback:

- `terraform` or `tofu` on PATH;
- but for the state in a bucket, AWS's provider (hashicorp/aws; 5.100 is the one tried) in a directory as `terraform
  providers mirror DIRECTORY` writes it: the one that TERRAFORM_PLUGINS_FOR_TESTS names, one of those where Terraform
  itself looks, or one below /opt.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.servers import HomeportProcess

CONFIGURATIONS = Path(__file__).parent / "terraform"
PLUGINS_VARIABLE = "TERRAFORM_PLUGINS_FOR_TESTS"
PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
TIMEOUT_SECONDS = 400
NO_CHANGES, CHANGES = 0, 2
"""What `plan -detailed-exitcode` ends with."""
LOCK = "ship/terraform.tfstate.tflock"


@pytest.fixture
def program() -> str:
    """Terraform or OpenTofu; without either the test is skipped, on CI too."""
    found = shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        pytest.skip("neither terraform nor tofu is installed: https://developer.hashicorp.com/terraform/install")
    return found


@pytest.fixture
def plugins() -> Path:
    """The mirror with AWS's provider for this machine; without one the test is skipped, on CI too."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    target = f"{platform.system().lower()}_{machine}"
    for directory in _mirrors():
        provider = directory / PROVIDER
        if any(provider.glob(f"*/{target}")) or any(provider.glob(f"*_{target}.zip")):
            return directory
    pytest.skip(
        f"AWS's provider is in no local mirror: in {CONFIGURATIONS / 'cloud'} run `terraform providers mirror "
        f"DIRECTORY`, and set {PLUGINS_VARIABLE} to that directory"
    )


def _mirrors() -> Iterator[Path]:
    if named := os.environ.get(PLUGINS_VARIABLE):
        yield Path(named)
        return
    home = Path.home()
    data_home = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    data_dirs = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield home / ".terraform.d" / "plugins"
    for directory in (data_home, *data_dirs.split(":")):
        for program in ("terraform", "opentofu"):
            yield Path(directory) / program / "plugins"
    yield from sorted(Path("/opt").glob("*"))


class Terraform:
    """A copy of a configuration, and the program run on it in a home of its own."""

    def __init__(self, program: str, configuration: str, home: Path, endpoint: str, plugins: Path) -> None:
        self._program = program
        self._directory = home / configuration
        shutil.copytree(CONFIGURATIONS / configuration, self._directory)
        settings = home / "terraformrc"
        # With a mirror alone there is no way to the registry.
        settings.write_text(
            f"provider_installation {{\n  filesystem_mirror {{\n    path = {json.dumps(str(plugins))}\n  }}\n}}\n"
        )
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "TF_VAR_endpoint": endpoint,
        }

    def run(self, command: str, *options: str, wave: int = 1, ends: Sequence[int] = (0,)) -> str:
        """What the program says; it must end with one of these statuses."""
        done = subprocess.run(
            [self._program, command, "-no-color", *options],
            env={**self._environment, "TF_VAR_wave": str(wave)},
            cwd=self._directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode in ends, done.stdout + done.stderr
        return done.stdout + done.stderr

    def plan(self, wave: int, ends: int) -> str:
        """Compare what is there with the configuration."""
        return self.run("plan", "-detailed-exitcode", wave=wave, ends=(ends,))


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[HomeportProcess]:
    """An empty Homeport with its AWS endpoint."""
    running = HomeportProcess.on(tmp_path / "data", listen_aws="127.0.0.1:0")
    running.start()
    yield running
    assert running.stop() == 0, running.log_tail()


def client(cloud: HomeportProcess, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
        service,
        endpoint_url=cloud.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def what_is_there(cloud: HomeportProcess) -> dict[str, list[Any]]:
    """Whatever the configuration can make, by kind."""
    s3, sqs, sns = client(cloud, "s3"), client(cloud, "sqs"), client(cloud, "sns")
    tables, kms, iam = client(cloud, "dynamodb"), client(cloud, "kms"), client(cloud, "iam")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return {
        "buckets": s3.list_buckets()["Buckets"],
        "queues": sqs.list_queues().get("QueueUrls", []),
        "topics": sns.list_topics()["Topics"],
        "subscriptions": sns.list_subscriptions()["Subscriptions"],
        "tables": tables.list_tables()["TableNames"],
        "keys": [key for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"],
        "aliases": [
            alias for alias in kms.list_aliases()["Aliases"] if not alias["AliasName"].startswith("alias/aws/")
        ],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "users": iam.list_users()["Users"],
        "groups": iam.list_groups()["Groups"],
    }


@pytest.mark.timeout(1200)  # the provider waits half a minute for each attribute of a queue, however fast it is there
def test_what_was_applied_does_not_drift_and_is_destroyed_without_a_trace(
    program: str, plugins: Path, cloud: HomeportProcess, tmp_path: Path
) -> None:
    terraform = Terraform(program, "cloud", tmp_path, cloud.aws_url, plugins)
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    terraform.plan(1, NO_CHANGES)
    assert all(what_is_there(cloud).values())

    queue = client(cloud, "sqs").get_queue_url(QueueName="work")["QueueUrl"]
    client(cloud, "sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "77"})
    assert "77 -> 5" in terraform.plan(1, CHANGES)

    terraform.run("apply", "-auto-approve", wave=2)
    terraform.plan(2, NO_CHANGES)

    terraform.run("destroy", "-auto-approve", wave=2)
    assert not any(what_is_there(cloud).values())


def test_a_state_in_a_bucket_is_locked_versioned_and_found_again(
    program: str, cloud: HomeportProcess, tmp_path: Path
) -> None:
    s3, tables = client(cloud, "s3"), client(cloud, "dynamodb")
    s3.create_bucket(Bucket="states")
    s3.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
    tables.create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
    )
    terraform = Terraform(program, "state", tmp_path, cloud.aws_url, tmp_path / "no-plugins")
    terraform.run("init")
    terraform.run("apply", "-auto-approve")

    s3.put_object(Bucket="states", Key=LOCK, Body=json.dumps({"ID": "another", "Who": "somebody else"}))
    assert "somebody else" in terraform.run("apply", "-auto-approve", wave=2, ends=(1,))
    s3.delete_object(Bucket="states", Key=LOCK)
    terraform.run("apply", "-auto-approve", wave=2)
    terraform.plan(2, NO_CHANGES)

    versions = s3.list_object_versions(Bucket="states", Prefix="ship/terraform.tfstate", Delimiter=".tflock")[
        "Versions"
    ]
    assert len(versions) == 2
    assert {version["Key"] for version in versions} == {"ship/terraform.tfstate"}
    # The table keeps the state's digest beside the lock, and the lock is given back.
    assert [item["LockID"]["S"] for item in tables.scan(TableName="locks")["Items"]] == [
        "states/ship/terraform.tfstate-md5"
    ]
    terraform.run("destroy", "-auto-approve", wave=2)
