"""A collection in a running server as its operator starts it, and files made old for it."""

import os
import time
import urllib.request
from pathlib import Path

import orjson
from tests.servers import HomeportProcess

DAY = 86_400


def collect(server: HomeportProcess, query: str = "") -> dict[str, object]:
    request = urllib.request.Request(f"{server.debug_url}/registry/gc{query}", method="POST")
    with urllib.request.urlopen(request) as answer:
        found: dict[str, object] = orjson.loads(answer.read())
    return found


def age(server: HomeportProcess, digest: str) -> Path:
    """Make a blob look two hours old; its file."""
    hexadecimal = digest.removeprefix("sha256:")
    path = server.registry_root / f"docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
    before = time.time() - 7200
    os.utime(path, (before, before))
    return path


def age_links(server: HomeportProcess, repository: str, days: float) -> None:
    """Make every manifest of a repository look as if it had been pushed so long ago, and its bytes and blobs too."""
    before = time.time() - days * DAY
    root = server.registry_root / "docker/registry/v2"
    revisions = root / f"repositories/{repository}/_manifests/revisions"
    for link in [*revisions.glob("*/*/link"), *(root / "blobs").glob("sha256/*/*/data")]:
        os.utime(link, (before, before))


def list_of(found: object) -> list[str]:
    assert isinstance(found, list)
    return found
