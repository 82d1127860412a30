"""What a registry has acknowledged, and what it therefore has to show after a crash."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from tests.images import OCI_EMPTY, OCI_LAYER, OCI_MANIFEST, descriptor, digest_of, encode
from tests.wire import Client, with_query


def make_manifest(note: str, layer: bytes = b"{}") -> bytes:
    """A small manifest that no other note has."""
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [descriptor(OCI_LAYER, layer)],
            "annotations": {"note": note},
        }
    )


@dataclass
class Ledger:
    """One repository's history, as its only writer knows it.

    A `None` among what a name may hold stands for "not there". An operation that is under way adds a possibility; its
    acknowledgement leaves only its own outcome.
    """

    name: str
    blobs: dict[str, set[bytes | None]] = field(default_factory=dict)
    tags: dict[str, set[bytes | None]] = field(default_factory=dict)
    revisions: dict[str, set[bytes | None]] = field(default_factory=dict)

    def push_blob(self, client: Client, data: bytes) -> None:
        """Upload a blob in two chunks and a closing PUT."""
        digest = digest_of(data)
        self.blobs.setdefault(digest, {None}).add(data)
        location = client.start_upload(self.name)
        half = len(data) // 2
        for start, chunk in [(0, data[:half]), (half, data[half:])] if half else [(0, data)]:
            patched = client.patch(location, chunk, content_range=f"{start}-{start + len(chunk) - 1}")
            assert patched.status == 202, patched
        assert client.put(with_query(location, digest=digest)).status == 201
        self.blobs[digest] = {data}

    def put_manifest(self, client: Client, tag: str, manifest: bytes) -> None:
        """Put a manifest under a tag, which may have had another one."""
        digest = digest_of(manifest)
        self.tags.setdefault(tag, {None}).add(manifest)
        self.revisions.setdefault(digest, {None}).add(manifest)
        response = client.put_manifest(self.name, tag, manifest)
        assert response.status == 201, response
        self.tags[tag] = {manifest}
        self.revisions[digest] = {manifest}

    def delete_tag(self, client: Client, tag: str) -> None:
        """Take the tag away."""
        self.tags[tag].add(None)
        assert client.delete(f"/v2/{self.name}/manifests/{tag}").status == 202
        self.tags[tag] = {None}

    def delete_manifest(self, client: Client, digest: str) -> None:
        """Take the manifest away, and with it the tags that name it."""
        manifest = self.revisions[digest] - {None}
        affected = [tag for tag, held in self.tags.items() if held & manifest]
        self.revisions[digest].add(None)
        for tag in affected:
            self.tags[tag].add(None)
        assert client.delete(f"/v2/{self.name}/manifests/{digest}").status == 202
        self.revisions[digest] = {None}
        for tag in affected:
            self.tags[tag] = {None}

    def delete_blob(self, client: Client, digest: str) -> None:
        """Take a blob away that no manifest names."""
        self.blobs[digest].add(None)
        assert client.delete(f"/v2/{self.name}/blobs/{digest}").status == 202
        self.blobs[digest] = {None}

    def check(self, client: Client) -> None:
        """Everything is as acknowledged; what was under way is wholly there or not at all."""
        for digest, possible in self.blobs.items():
            assert self._blob(client, digest) in possible, f"blob {digest}"
        for digest, possible in self.revisions.items():
            assert self._manifest(client, digest) in possible, f"manifest {digest}"
        for tag, possible in self.tags.items():
            found = self._manifest(client, tag)
            assert found in possible, f"tag {tag}: {found!r} of {possible!r}"
        self._check_tag_list(client)
        self.settle(client)

    def settle(self, client: Client) -> None:
        """What was found is the truth from now on."""
        self.blobs = {digest: {self._blob(client, digest)} for digest in self.blobs}
        self.revisions = {digest: {self._manifest(client, digest)} for digest in self.revisions}
        self.tags = {tag: {self._manifest(client, tag)} for tag in self.tags}

    def _check_tag_list(self, client: Client) -> None:
        response = client.get(f"/v2/{self.name}/tags/list")
        listed = response.strings("tags") if response.status == 200 else []
        assert listed == sorted(listed)
        served = sorted(tag for tag in self.tags if self._manifest(client, tag) is not None)
        assert listed == served

    def _blob(self, client: Client, digest: str) -> bytes | None:
        response = client.get(f"/v2/{self.name}/blobs/{digest}")
        if response.status == 404:
            return None
        assert response.status == 200, response
        return response.body

    def _manifest(self, client: Client, reference: str) -> bytes | None:
        response = client.get_manifest(self.name, reference)
        if response.status == 404:
            return None
        assert response.status == 200, response
        assert digest_of(response.body) == response.header("Docker-Content-Digest")
        return response.body


def check_volume(root: Path) -> None:
    """No file of the store holds anything but the bytes that its name promises, and every link is a whole digest."""
    for data in root.glob("docker/registry/v2/blobs/*/*/*/data"):
        algorithm, encoded = data.parts[-4], data.parent.name
        assert hashlib.new(algorithm, data.read_bytes()).hexdigest() == encoded, data
    for link in root.glob("docker/registry/v2/repositories/**/link"):
        algorithm, _, encoded = link.read_text().partition(":")
        assert (algorithm, len(encoded)) in {("sha256", 64), ("sha512", 128)}, link
