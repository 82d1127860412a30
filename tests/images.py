"""Images made on the spot: deterministic layers, configs, manifests, indexes and OCI layouts, without any network."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """`algorithm:hex` of the bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def encode(document: Json) -> bytes:
    """A JSON document as compact UTF-8."""
    return json.dumps(document, separators=(",", ":")).encode()


def noise(seed: str, size: int) -> bytes:
    """`size` bytes that do not compress, the same for the same seed."""
    return hashlib.shake_256(seed.encode()).digest(size)


def descriptor(
    media_type: str, data: bytes, *, algorithm: str = "sha256", extra: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The OCI descriptor of some bytes; `extra` adds fields such as `platform`."""
    fields: dict[str, Json] = {
        "mediaType": media_type,
        "digest": digest_of(data, algorithm),
        "size": len(data),
    }
    return {**fields, **(extra or {})}


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """An uncompressed tar of regular files, the same bytes every time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Image:
    """One platform's image: its manifest's bytes and every blob that the manifest names."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...]
    architecture: str

    @property
    def digest(self) -> str:
        """The manifest's sha256 digest."""
        return digest_of(self.manifest)

    def entry(self) -> dict[str, Json]:
        """The image's descriptor as an index lists it, with its platform."""
        platform: dict[str, Json] = {"os": "linux", "architecture": self.architecture}
        return descriptor(self.media_type, self.manifest, extra={"platform": platform})


def build_image(
    files: Sequence[Mapping[str, bytes]] = ({"etc/hello": b"hello\n"},),
    *,
    architecture: str = "amd64",
    docker: bool = False,
    compress: bool = True,
) -> Image:
    """An image with one layer per mapping of paths to contents.

    Args:
        docker: make Docker's schema 2 media types instead of OCI's.
        compress: gzip the layers.
    """
    tars = [tar_of(layer) for layer in files]
    layers = [gzip.compress(tar, mtime=0) if compress else tar for tar in tars]
    layer_type = (DOCKER_LAYER if docker else OCI_LAYER).removesuffix("" if compress else "+gzip")
    config = encode(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"made": "by a test"}},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "test"} for _ in tars],
        }
    )
    manifest_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": descriptor(DOCKER_CONFIG if docker else OCI_CONFIG, config),
            "layers": [descriptor(layer_type, layer) for layer in layers],
        }
    )
    return Image(manifest, manifest_type, (config, *layers), architecture)


def build_index(
    entries: Sequence[Json], *, media_type: str = OCI_INDEX, extra: Mapping[str, Json] | None = None
) -> bytes:
    """An OCI index (or Docker manifest list) of the descriptors."""
    return encode({"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **(extra or {})})


def write_layout(directory: Path, images: Sequence[Image], *, tag: str = "latest") -> bytes:
    """Write an OCI image layout; several images become one tagged index.

    Returns:
        The bytes of the document that the tag names.
    """
    store = directory / "blobs" / "sha256"
    store.mkdir(parents=True)
    for image in images:
        for blob in (*image.blobs, image.manifest):
            (store / digest_of(blob).removeprefix("sha256:")).write_bytes(blob)
    root, root_type = images[0].manifest, images[0].media_type
    if len(images) > 1:
        root, root_type = build_index([image.entry() for image in images]), OCI_INDEX
        (store / digest_of(root).removeprefix("sha256:")).write_bytes(root)
    named: dict[str, Json] = {"annotations": {"org.opencontainers.image.ref.name": tag}}
    (directory / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))
    (directory / "index.json").write_bytes(build_index([descriptor(root_type, root, extra=named)]))
    return root
