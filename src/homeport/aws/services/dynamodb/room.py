"""DynamoDB while it runs: what its operations and jobs have in common."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeport.aws.arn import ArnInvalid
from homeport.aws.call import Call
from homeport.aws.service import Invoke, ServiceContext
from homeport.aws.services.dynamodb.errors import ResourceNotFoundException, ValidationException
from homeport.aws.services.dynamodb.model.schema import Table
from homeport.aws.services.dynamodb.store.counts import Counts
from homeport.aws.services.dynamodb.store.tables import Name, Tables, name_of
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.log import Log
from homeport.kernel.signals import Signals
from homeport.kernel.storage.database import Database


@dataclass(slots=True)
class DynamoDb:
    """The room's state; everything that is not in the database can be lost.

    `signed` says whether callers are who they say, so that tables can be kept from them.
    """

    db: Database
    clock: Clock
    ids: Ids
    log: Log
    signals: Signals
    invoke: Invoke
    tables: Tables
    counts: Counts
    wake_job: Callable[[str], None]
    signed: bool = False

    async def table(self, call: Call, name_or_arn: str) -> Table:
        """The table that a data plane request means.

        Raises:
            ResourceNotFoundException: there is none.
            ValidationException: the ARN is none of a table.
        """
        name = resolve(call, name_or_arn)
        table = self.tables.known(name) or await self.tables.find(name)
        if table.settings["Status"] != "ACTIVE":
            raise ResourceNotFoundException
        return table

    def wake_transfers(self) -> None:
        """Let the exports and imports that wait begin."""
        self.wake_job(TRANSFERS_JOB)

    def wake_copies(self) -> None:
        """Let the copies that are not complete go on."""
        self.wake_job(COPIES_JOB)

    def wake_readers(self, table: Table) -> None:
        """Let those who wait for the table's changes look."""
        self.signals.send(changes_topic(table.account, table.name))

    async def described_table(self, call: Call, name_or_arn: str) -> Table:
        """The same for the control plane, whose error names the table."""
        name = resolve(call, name_or_arn)
        try:
            return await self.tables.find(name)
        except ResourceNotFoundException:
            raise ResourceNotFoundException.table(name[2]) from None


TRANSFERS_JOB: Final = "dynamodb-transfers"
"""The job that does exports and imports."""

COPIES_JOB: Final = "dynamodb-copies"
"""The job that completes backups and restores."""

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,255}", re.ASCII).fullmatch
_SHORTEST_NAME: Final = 3
_PARTS: Final = 3
_LONGEST_NAME: Final = 255


def resolve(call: Call, name_or_arn: str) -> Name:
    """Account, region and name of the table that a request means.

    Raises:
        ValidationException: it is no table's name, and no table's ARN.
    """
    if _NAME(name_or_arn) is not None:
        return call.account, call.region, name_or_arn
    if not name_or_arn.startswith("arn:"):
        if not 0 < len(name_or_arn) <= _LONGEST_NAME:
            raise _bad_name(
                name_or_arn,
                f"Member must have length less than or equal to {_LONGEST_NAME}"
                if name_or_arn
                else "Member must have length greater than or equal to 1",
            )
        raise _bad_name(name_or_arn, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    try:
        return name_of(call.account, call.region, name_or_arn)
    except ArnInvalid:
        raise ValidationException("Invalid TableArn") from None


def is_part(arn: str, kind: str) -> bool:
    """Whether it is the ARN of something that belongs to a table: a `backup`, an `export`, an `import`."""
    parts = arn.split("/")
    return arn.startswith("arn:") and ":dynamodb:" in parts[0] and parts[2:3] == [kind] and len(parts) > _PARTS


def check_new_name(name: str) -> None:
    """Refuse a name that is too short or too long for a new table."""
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
        raise ValidationException(
            f"TableName must be at least {_SHORTEST_NAME} characters long and at most {_LONGEST_NAME} characters long"
        )


def _bad_name(name: str, constraint: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: {constraint}"
    )


def changes_topic(account: str, name: str) -> str:
    """The signal that wakes those who read a table's streams, in whatever region they do."""
    return f"dynamodb-changes:{account}:{name}"


def open_room(context: ServiceContext) -> DynamoDb:
    """The room on an open store."""
    return DynamoDb(
        context.db,
        context.clock,
        context.ids,
        context.log,
        context.signals,
        context.invoke,
        Tables(context.db),
        Counts(context.db, context.clock),
        context.wake_job,
        signed=context.settings.aws_auth == "signed",
    )
