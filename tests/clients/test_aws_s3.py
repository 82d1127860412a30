"""Real S3 clients: the AWS CLI, awslocal, s3cmd, rclone and AWS's SDK for JavaScript."""

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.servers import HomeportProcess
from tests.tools import require, say_missing

MEBIBYTE = 1 << 20
JAVASCRIPT = Path(__file__).parent / "javascript"
FILES = {
    "a.txt": b"text",
    "empty": b"",
    "dir/b c.bin": bytes(range(256)) * 1000,
    "dir/ünïcode+%.txt": b"x",
    "dir/deep/large.bin": os.urandom(20 * MEBIBYTE),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeportProcess]:
    """A Homeport with its AWS endpoint."""
    running = HomeportProcess.on(tmp_path_factory.mktemp("cloud") / "data", listen_aws="127.0.0.1:0")
    running.start()
    yield running
    assert running.stop() == 0, running.log_tail()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with files of all kinds."""
    root = tmp_path / "tree"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


class Shell:
    """Programs in a home of their own."""

    def __init__(self, home: Path, endpoint: str) -> None:
        self._home = home
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *command: str | Path, **environment: str) -> str:
        """What a program writes; it must end well."""
        return self.end(0, *command, **environment)

    def end(self, status: int, *command: str | Path, **environment: str) -> str:
        """What a program writes; it must end with this status."""
        done = subprocess.run(
            list(map(str, command)),
            env={**self._environment, **environment},
            cwd=self._home,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def shell(cloud: HomeportProcess, tmp_path: Path) -> Shell:
    """Programs that know where the endpoint is."""
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home, cloud.aws_url)


def same(one: Path, other: Path) -> bool:
    """Whether two directories hold the same files."""
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    others = {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    return names == others and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def aws() -> str:
    """The AWS CLI of this environment."""
    return require_here("aws")


def require_here(program: str) -> str:
    """A program that pip installs beside the interpreter."""
    path = Path(sys.executable).with_name(program)
    if not path.exists():
        say_missing(f"{program} is not installed in this environment")
    return str(path)


def test_the_aws_cli_copies_a_directory_there_and_back(shell: Shell, tree: Path, tmp_path: Path) -> None:
    shell.run(aws(), "s3", "mb", "s3://cli")
    shell.run(aws(), "s3", "cp", "--recursive", tree, "s3://cli/tree")

    listing = shell.run(aws(), "s3", "ls", "--recursive", "s3://cli")
    shell.run(aws(), "s3", "cp", "--recursive", "s3://cli/tree", tmp_path / "back")

    assert all(name in listing for name in FILES)
    assert same(tree, tmp_path / "back")
    assert shell.run(aws(), "s3", "sync", tree, "s3://cli/tree") == ""
    shell.run(aws(), "s3", "mv", "s3://cli/tree/a.txt", "s3://cli/moved.txt")
    shell.run(aws(), "s3", "rm", "--recursive", "s3://cli/tree")
    assert shell.run(aws(), "s3", "ls", "--recursive", "s3://cli").split()[-1] == "moved.txt"
    shell.run(aws(), "s3", "rb", "--force", "s3://cli")


def test_the_aws_cli_tells_errors_by_their_codes(shell: Shell) -> None:
    shell.run(aws(), "s3api", "create-bucket", "--bucket", "api")

    shell.end(255, aws(), "s3api", "head-object", "--bucket", "api", "--key", "none")
    assert shell.run(aws(), "s3api", "get-bucket-versioning", "--bucket", "api") == ""


def test_awslocal_needs_no_endpoint(shell: Shell, cloud: HomeportProcess) -> None:
    address = urlsplit(cloud.aws_url).netloc
    program = require_here("awslocal")
    shell.run(program, "s3", "mb", "s3://local", AWS_ENDPOINT_URL=f"http://{address}")

    assert "local" in shell.run(program, "s3", "ls", AWS_ENDPOINT_URL=f"http://{address}")


def test_s3cmd_puts_syncs_and_verifies(shell: Shell, cloud: HomeportProcess, tree: Path, tmp_path: Path) -> None:
    address = urlsplit(cloud.aws_url).netloc
    options = ["--access_key=test", "--secret_key=test", "--no-ssl", f"--host={address}", f"--host-bucket={address}"]
    s3cmd = [require("s3cmd"), *options]
    shell.run(*s3cmd, "mb", "s3://s3cmd")
    shell.run(*s3cmd, "--multipart-chunk-size-mb=5", "sync", f"{tree}/", "s3://s3cmd/tree/")

    (tmp_path / "back").mkdir()
    shell.run(*s3cmd, "sync", "s3://s3cmd/tree/", f"{tmp_path / 'back'}/")

    assert same(tree, tmp_path / "back")
    assert "upload" not in shell.run(*s3cmd, "sync", f"{tree}/", "s3://s3cmd/tree/")
    assert "4" in shell.run(*s3cmd, "info", "s3://s3cmd/tree/a.txt")
    shell.run(*s3cmd, "del", "--recursive", "--force", "s3://s3cmd/tree/")
    shell.run(*s3cmd, "rb", "s3://s3cmd")


def rclone_settings(endpoint: str) -> Mapping[str, str]:
    """A remote by environment variables."""
    return {
        "RCLONE_CONFIG_HOME_TYPE": "s3",
        "RCLONE_CONFIG_HOME_PROVIDER": "Other",
        "RCLONE_CONFIG_HOME_ACCESS_KEY_ID": "test",
        "RCLONE_CONFIG_HOME_SECRET_ACCESS_KEY": "test",
        "RCLONE_CONFIG_HOME_ENDPOINT": endpoint,
        "RCLONE_CONFIG_HOME_REGION": "us-east-1",
    }


def test_rclone_syncs_and_checks(shell: Shell, cloud: HomeportProcess, tree: Path, tmp_path: Path) -> None:
    rclone, settings = require("rclone"), rclone_settings(cloud.aws_url)
    parts = ["--s3-upload-cutoff", "6M", "--s3-chunk-size", "5M"]
    shell.run(rclone, "mkdir", "home:rclone", **settings)
    shell.run(rclone, "sync", *parts, tree, "home:rclone/tree", **settings)

    shell.run(rclone, "check", "--download", tree, "home:rclone/tree", **settings)
    shell.run(rclone, "copy", "home:rclone/tree", tmp_path / "back", **settings)

    assert same(tree, tmp_path / "back")
    shell.run(rclone, "copyto", "home:rclone/tree/a.txt", "home:rclone/copy.txt", **settings)
    assert "copy.txt" in shell.run(rclone, "lsf", "home:rclone", **settings)
    shell.run(rclone, "purge", "home:rclone", **settings)


def test_the_javascript_sdk_makes_a_round_trip(shell: Shell, cloud: HomeportProcess) -> None:
    if not (JAVASCRIPT / "node_modules").is_dir():
        say_missing("AWS's SDK for JavaScript is not installed: npm install in tests/clients/javascript")
    node = shutil.which("node") or require("node")

    said = shell.run(node, JAVASCRIPT / "s3.js", cloud.aws_url, "us-east-1")

    assert said == "all is well\n"
