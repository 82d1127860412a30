"""DynamoDB's error codes, one class each, and the words that several rules share."""

from collections.abc import Mapping, Sequence
from typing import cast

from homeport.aws.errors import AwsError, ErrorValue

INVALID = "One or more parameter values were invalid: "
"""How most of DynamoDB's own validation messages begin."""


INVALID_REQUEST = "Invalid Request: "
"""How those of backups, restores, exports and imports begin."""


class ValidationException(AwsError):
    """The request breaks a rule; the message is AWS's own."""

    code = "ValidationException"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class SerializationException(AwsError):
    """The request's JSON is of another shape than the operation's."""

    code = "SerializationException"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class AccessDeniedException(AwsError):
    """The caller may not do that."""

    code = "AccessDeniedException"


class ResourceNotFoundException(AwsError):
    """There is no such table, index, stream or policy; the message says which where AWS does."""

    code = "ResourceNotFoundException"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"Requested resource not found{': ' if detail else ''}{detail}")

    @classmethod
    def table(cls, name: str) -> "ResourceNotFoundException":
        """The same, naming the table as the control plane does."""
        return cls(f"Table: {name} not found")

    @classmethod
    def global_table(cls, name: str) -> "ResourceNotFoundException":
        """A table that is none with replicas, whose auto scaling nobody can tell."""
        made = cls()
        made.message = f"Global table with name: '{name}' does not exist."
        return made


class ResourceInUseException(AwsError):
    """The table exists already, or is being changed."""

    code = "ResourceInUseException"


class TableNotFoundException(AwsError):
    """The table of a backup or a restore does not exist."""

    code = "TableNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Table not found: {name}")


class TableAlreadyExistsException(AwsError):
    """The table that a restore should make exists."""

    code = "TableAlreadyExistsException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Table already exists: {name}")


class ConditionalCheckFailedException(AwsError):
    """The condition is false; carries the item if the caller asked for it."""

    code = "ConditionalCheckFailedException"

    def __init__(self, item: Mapping[str, object] | None = None) -> None:
        extra = {"Item": cast("ErrorValue", item)} if item is not None else None
        super().__init__("The conditional request failed", extra=extra)


class TransactionCanceledException(AwsError):
    """A transaction did nothing; `CancellationReasons` say why, one for each of its items."""

    code = "TransactionCanceledException"

    def __init__(self, reasons: Sequence[Mapping[str, object]]) -> None:
        codes = ", ".join(str(reason["Code"]) for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        super().__init__(message, extra={"CancellationReasons": cast("ErrorValue", list(reasons))})


class IdempotentParameterMismatchException(AwsError):
    """The client token has been used for another request."""

    code = "IdempotentParameterMismatchException"


class LimitExceededException(AwsError):
    """Too many tables, indexes or operations at once."""

    code = "LimitExceededException"


class DuplicateItemException(AwsError):
    """PartiQL's INSERT found the key taken."""

    code = "DuplicateItemException"

    def __init__(self) -> None:
        super().__init__("Duplicate primary key exists in table")


class BackupNotFoundException(AwsError):
    """No such backup."""

    code = "BackupNotFoundException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Backup not found: {arn}")


class BackupInUseException(AwsError):
    """The backup is still being made."""

    code = "BackupInUseException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Backup is being used by another control plane operation: {arn}")


class PointInTimeRecoveryUnavailableException(AwsError):
    """Point-in-time recovery is off."""

    code = "PointInTimeRecoveryUnavailableException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Point in time recovery is not enabled for table '{name}'")


class InvalidRestoreTimeException(AwsError):
    """The time lies outside of the window that can be restored."""

    code = "InvalidRestoreTimeException"

    def __init__(self) -> None:
        super().__init__(
            "An invalid restore time was specified. RestoreDateTime must be between "
            "EarliestRestorableDateTime and LatestRestorableDateTime."
        )


class InvalidExportTimeException(AwsError):
    """The time lies outside of the window that can be exported."""

    code = "InvalidExportTimeException"


class GlobalTableNotFoundException(AwsError):
    """No such global table."""

    code = "GlobalTableNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Global table not found: Global table with name: '{name}' does not exist.")


class GlobalTableAlreadyExistsException(AwsError):
    """The global table exists."""

    code = "GlobalTableAlreadyExistsException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Global table already exists: Global table with name: '{name}' already exists.")


class ReplicaAlreadyExistsException(AwsError):
    """The global table has a replica in that region."""

    code = "ReplicaAlreadyExistsException"


class ReplicaNotFoundException(AwsError):
    """The global table has no replica in that region."""

    code = "ReplicaNotFoundException"


class ExportNotFoundException(AwsError):
    """No such export."""

    code = "ExportNotFoundException"


class ExportConflictException(AwsError):
    """The client token has been used for another export."""

    code = "ExportConflictException"


class ImportNotFoundException(AwsError):
    """No such import."""

    code = "ImportNotFoundException"


class ImportConflictException(AwsError):
    """The client token has been used for another import."""

    code = "ImportConflictException"


class PolicyNotFoundException(AwsError):
    """The resource has no policy, or another revision of it."""

    code = "PolicyNotFoundException"


class TrimmedDataAccessException(AwsError):
    """The records have left the stream."""

    code = "TrimmedDataAccessException"


class ExpiredIteratorException(AwsError):
    """The shard iterator is older than 15 minutes."""

    code = "ExpiredIteratorException"
