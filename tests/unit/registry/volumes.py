"""Registry volumes on disk, written through the store's own functions, and what on them must never be lost."""

import hashlib
import json
from pathlib import Path

from homeport.kernel.ids import FakeIds
from homeport.registry.model.digest import Digest, digest_of, is_canonical
from homeport.registry.model.media_types import OCI_IMAGE, OCI_INDEX
from homeport.registry.model.names import RepositoryName, parse_repository, parse_tag
from homeport.registry.store.content import Content
from homeport.registry.store.paths import Paths

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


class Volume:
    """A registry volume that tests fill."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = Paths(root)
        self.content = Content(self.paths, durable=False, ids=FakeIds())
        self.content.prepare()

    def blob(self, name: str, data: bytes, algorithm: str = "sha256") -> Digest:
        """Push a blob, and return the digest that it was pushed by."""
        digest = digest_of(data, "sha512" if algorithm == "sha512" else "sha256")
        target = digest_of(data)
        self.content.write_blob(target, data)
        self.content.link_layer(parse_repository(name), digest, target)
        return digest

    def manifest(self, name: str, document: object, *tags: str, algorithm: str = "sha256") -> Digest:
        """Put a manifest, and return the digest that it was put by."""
        data = json.dumps(document).encode()
        digest = digest_of(data, "sha512" if algorithm == "sha512" else "sha256")
        target = digest_of(data)
        self.content.write_blob(target, data)
        self.content.link_revision(parse_repository(name), digest, target)
        for tag in tags:
            self.content.set_tag(parse_repository(name), parse_tag(tag), target)
        return digest

    def image(
        self, name: str, *tags: str, layers: list[Digest], mark: str = "", subject: Digest | None = None
    ) -> Digest:
        """Push an image with its config; `mark` makes it differ from others of the same layers."""
        config = self.blob(name, json.dumps({"mark": mark}).encode())
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE,
            "config": descriptor(CONFIG_TYPE, config),
            "layers": [descriptor(LAYER_TYPE, layer) for layer in layers],
        }
        return self.manifest(name, document | subject_of(subject), *tags)

    def index(self, name: str, *tags: str, children: list[Digest], subject: Digest | None = None) -> Digest:
        """Push an index of manifests."""
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [descriptor(OCI_IMAGE, child) for child in children],
        }
        return self.manifest(name, document | subject_of(subject), *tags)

    def untag(self, name: str, tag: str) -> None:
        self.content.remove_tag(parse_repository(name), parse_tag(tag))

    def delete_manifest(self, name: str, digest: Digest) -> None:
        repository = parse_repository(name)
        target = self.content.revision(repository, digest)
        assert target is not None
        self.content.unlink_revision(repository, digest, target)

    def has_bytes(self, digest: Digest, *, data: bytes | None = None) -> bool:
        """Whether bytes of this digest lie on the volume, intact."""
        target = digest if is_canonical(digest) else digest_of(data or b"")
        path = Path(self.paths.blob(target))
        return path.is_file() and f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" == target

    def pulls(self, name: str, reference: str) -> bytes | None:
        """What a client gets for a manifest by digest or tag."""
        repository: RepositoryName = parse_repository(name)
        if ":" in reference:
            return self.content.manifest(repository, Digest(reference))
        target = self.content.tag(repository, parse_tag(reference))
        return None if target is None else self.content.manifest(repository, target)

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the volume, the locks apart."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name not in {"homeport.lock", "archive.lock"}
        }


def descriptor(media_type: str, digest: Digest, size: int = 1) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def subject_of(digest: Digest | None) -> dict[str, object]:
    return {} if digest is None else {"subject": descriptor(OCI_IMAGE, digest)}
