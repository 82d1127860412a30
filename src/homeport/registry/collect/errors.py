"""Why a collection stopped before it deleted anything, or in the middle of deleting."""

from homeport.kernel.errors import OperatorError
from homeport.registry.store.scan import Damage


class CollectionFailed(OperatorError):
    """Garbage collection cannot go on; the message says at which step and because of which file."""


class MarkFailed(CollectionFailed):
    """Something that decides what is reachable cannot be read, so nothing may be deleted."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"failed to mark: {path}: {reason}",
            hint="nothing was deleted; restore the file from a backup, or delete the manifest or tag it belongs to",
        )


class SweepFailed(CollectionFailed):
    """A deletion failed; what went before it is gone, what comes after it is not."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"failed to delete {path}: {error.strerror or error}",
            hint="nothing that is still needed was deleted; run the collection again",
        )


class BackupRuns(CollectionFailed):
    """A backup is being written, which would miss what is deleted now."""

    def __init__(self) -> None:
        super().__init__("a backup is being written", hint="nothing was deleted; run the collection again afterwards")


def damaged(damage: Damage) -> MarkFailed:
    """The failure that a damage means where it matters."""
    return MarkFailed(damage.path, damage.reason)
