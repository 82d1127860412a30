"""Programs that tests need from the system: where they are, and what to say when they are missing."""

import os
import shutil
from typing import NoReturn

import pytest

PACKAGES = {
    "skopeo": "skopeo",
    "podman": "podman",
    "buildah": "buildah",
    "docker-registry": "docker-registry",
    "containerd": "containerd",
    "ctr": "containerd",
    "openssl": "openssl",
    "dnsmasq": "dnsmasq-base",
    "s3cmd": "s3cmd",
    "rclone": "rclone",
    "node": "nodejs",
}
"""Which Debian package brings which program."""


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where `CI` is set."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        say_missing(f"{program} is not installed: apt-get install {PACKAGES.get(program, program)}")
    return path


def say_missing(reason: str) -> NoReturn:
    """Skip the test for what the machine lacks; on CI, where everything must be there, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
