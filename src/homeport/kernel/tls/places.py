"""Where the own certificate authority keeps its files."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AuthorityFiles:
    """The files below `<data directory>/ca`, all PEM."""

    directory: Path

    @property
    def key(self) -> Path:
        """The authority's private key, readable for its owner only."""
        return self.directory / "ca.key"

    @property
    def certificate(self) -> Path:
        """The authority's certificate: what clients are told to trust."""
        return self.directory / "ca.crt"

    @property
    def leaf(self) -> Path:
        """The server's private key and its certificate chain, in one file that is replaced whole."""
        return self.directory / "server.pem"
