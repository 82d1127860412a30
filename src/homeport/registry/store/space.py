"""How much room there is: of the disk, and of the quota that the operator has set."""

import os
from typing import Final

from homeport.registry.errors import StorageFull
from homeport.registry.store.paths import Paths
from homeport.registry.store.scan import BlobEntry, scan_blobs

UNLIMITED: Final = 0


class Space:
    """Asked before bytes are taken in, so that a push fails at its start and not with a full disk.

    Args:
        min_free_bytes: what must stay free on the disk.
        max_bytes: of all blobs together; 0 for no quota.
    """

    def __init__(self, paths: Paths, *, min_free_bytes: int, max_bytes: int) -> None:
        self._paths = paths
        self._min_free = min_free_bytes
        self._max = max_bytes
        self.used_bytes = 0
        """All blobs together, as far as they have been counted."""

    def count(self) -> int:
        """Bytes of all blobs on the disk; slow, for a thread."""
        return sum(entry.size for entry in scan_blobs(self._paths) if isinstance(entry, BlobEntry))

    def free_bytes(self) -> int:
        """Bytes of the disk that are free for us."""
        found = os.statvfs(self._paths.root)
        return found.f_bavail * found.f_frsize

    def is_short(self) -> bool:
        """Whether less is free than has to stay free."""
        return self.free_bytes() < self._min_free

    def require(self, incoming_bytes: int, *, received_bytes: int = 0) -> None:
        """Let an upload take so many bytes, or go on.

        Args:
            incoming_bytes: what its client has announced; 0 if it does not say.
            received_bytes: what of it lies on the disk already, and is no blob yet.

        Raises:
            StorageFull: there is no room for it.
        """
        if self._max != UNLIMITED and self.used_bytes + received_bytes + incoming_bytes > self._max:
            raise StorageFull("the registry's quota is used up")
        if self._min_free and self.free_bytes() - incoming_bytes < self._min_free:
            raise StorageFull
