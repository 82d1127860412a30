"""Every path of registry content below a root: distribution's own layout, drawn once and for all.

    <root>/docker/registry/v2/
      blobs/sha256/<hh>/<hex>/data                              every blob and manifest; <hh>: the first two digits
      repositories/<name>/                                      <name> may have any number of components
        _layers/<algorithm>/<hex>/link                          this repository may serve the blob
        _manifests/revisions/<algorithm>/<hex>/link             this repository has the manifest
        _manifests/tags/<tag>/current/link                      what the tag means now
        _manifests/tags/<tag>/index/<algorithm>/<hex>/link      what it has meant ever
        _uploads/<uuid>/{data,startedat}                        an upload session
    <root>/_homeport/                                           ours; distribution never looks there

A link is a file of one digest, without a line end. Bytes lie under their sha256, whatever digest a client named them
by: a sha512 directory of `_layers` or `revisions` holds a link to the sha256 digest (docs/decisions, "sha512").
"""

import os
from typing import Final, NewType

from homeport.registry.model.digest import Digest, algorithm, encoded
from homeport.registry.model.names import RepositoryName, Tag, UploadId

RegistryRoot = NewType("RegistryRoot", str)
"""The directory that registry:2 calls rootdirectory."""

VERSION_PATH: Final = "docker/registry/v2"
LAYERS: Final = "_layers"
MANIFESTS: Final = "_manifests"
UPLOADS: Final = "_uploads"
LINK: Final = "link"
TEMPORARY_SUFFIX: Final = ".tmp"
"""Of files that registry:3 writes beside their place before it renames them; ours lie in `own`."""


class Paths:
    """Paths below one registry root, as text: the busiest code of the registry asks for them."""

    __slots__ = ("blobs", "own", "repositories", "root")

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = RegistryRoot(os.fspath(root))
        self.blobs = f"{self.root}/{VERSION_PATH}/blobs"
        self.repositories = f"{self.root}/{VERSION_PATH}/repositories"
        self.own = f"{self.root}/_homeport"

    def blob_directory(self, digest: Digest) -> str:
        """The directory of one blob."""
        hexadecimal = encoded(digest)
        return f"{self.blobs}/{algorithm(digest)}/{hexadecimal[:2]}/{hexadecimal}"

    def blob(self, digest: Digest) -> str:
        """The bytes of one blob or manifest."""
        return f"{self.blob_directory(digest)}/data"

    def repository(self, name: RepositoryName) -> str:
        """The directory of a repository; those of nested ones lie inside."""
        return f"{self.repositories}/{name}"

    def layers(self, name: RepositoryName) -> str:
        """The links to a repository's blobs."""
        return f"{self.repositories}/{name}/{LAYERS}"

    def layer_link(self, name: RepositoryName, digest: Digest) -> str:
        """The link that lets a repository serve a blob."""
        return f"{self.repositories}/{name}/{LAYERS}/{algorithm(digest)}/{encoded(digest)}/{LINK}"

    def manifests(self, name: RepositoryName) -> str:
        """Revisions and tags of a repository."""
        return f"{self.repositories}/{name}/{MANIFESTS}"

    def revisions(self, name: RepositoryName) -> str:
        """The links to a repository's manifests."""
        return f"{self.repositories}/{name}/{MANIFESTS}/revisions"

    def revision_link(self, name: RepositoryName, digest: Digest) -> str:
        """The link that makes a blob a manifest of a repository."""
        return f"{self.revisions(name)}/{algorithm(digest)}/{encoded(digest)}/{LINK}"

    def tags(self, name: RepositoryName) -> str:
        """The directories of a repository's tags."""
        return f"{self.repositories}/{name}/{MANIFESTS}/tags"

    def tag(self, name: RepositoryName, tag: Tag) -> str:
        """One tag: to delete it is to delete this directory."""
        return f"{self.repositories}/{name}/{MANIFESTS}/tags/{tag}"

    def tag_current_link(self, name: RepositoryName, tag: Tag) -> str:
        """What a tag means now."""
        return f"{self.repositories}/{name}/{MANIFESTS}/tags/{tag}/current/{LINK}"

    def tag_index(self, name: RepositoryName, tag: Tag) -> str:
        """What a tag has meant ever."""
        return f"{self.repositories}/{name}/{MANIFESTS}/tags/{tag}/index"

    def tag_index_link(self, name: RepositoryName, tag: Tag, digest: Digest) -> str:
        """The record that a tag has meant this digest once."""
        return f"{self.tag_index(name, tag)}/{algorithm(digest)}/{encoded(digest)}/{LINK}"

    def uploads(self, name: RepositoryName) -> str:
        """A repository's upload sessions."""
        return f"{self.repositories}/{name}/{UPLOADS}"

    def upload(self, name: RepositoryName, upload: UploadId) -> str:
        """One upload session."""
        return f"{self.repositories}/{name}/{UPLOADS}/{upload}"

    def upload_data(self, name: RepositoryName, upload: UploadId) -> str:
        """The bytes received so far."""
        return f"{self.repositories}/{name}/{UPLOADS}/{upload}/data"

    def upload_started_at(self, name: RepositoryName, upload: UploadId) -> str:
        """When a session began, RFC 3339 in UTC seconds; a session without this file does not exist."""
        return f"{self.repositories}/{name}/{UPLOADS}/{upload}/startedat"
