"""Rows of platform applications and their endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from homeport.kernel.storage.database import Snapshot, Tx
from homeport.kernel.storage.rows import Row, as_text


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A device that an application pushes to; its attributes include the token."""

    arn: str
    application: str
    attributes: Mapping[str, str]


def application(snapshot: Snapshot, arn: str) -> dict[str, str] | None:
    """An application's attributes, or None."""
    found = snapshot.value("SELECT attributes FROM sns_application WHERE arn = ?", (arn,))
    return None if found is None else orjson.loads(as_text(found))


def put_application(tx: Tx, arn: str, account: str, region: str, attributes: Mapping[str, str]) -> None:
    """Make an application, or replace its attributes."""
    tx.execute(
        "INSERT INTO sns_application (arn, account, region, attributes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET attributes = excluded.attributes",
        (arn, account, region, orjson.dumps(dict(attributes)).decode()),
    )


def applications(
    snapshot: Snapshot, account: str, region: str, *, after: str, limit: int
) -> list[tuple[str, dict[str, str]]]:
    """An account's applications by ARN, from behind `after` on."""
    rows = snapshot.execute(
        "SELECT arn, attributes FROM sns_application WHERE account = ? AND region = ? AND arn > ? ORDER BY arn LIMIT ?",
        (account, region, after, limit),
    )
    return [(as_text(arn), orjson.loads(as_text(attributes))) for arn, attributes in rows]


def delete_application(tx: Tx, arn: str) -> None:
    """Delete an application and its endpoints."""
    tx.execute("DELETE FROM sns_application WHERE arn = ?", (arn,))
    tx.execute("DELETE FROM sns_endpoint WHERE application = ?", (arn,))


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(as_text(row[0]), as_text(row[1]), orjson.loads(as_text(row[2])))


def endpoint(snapshot: Snapshot, arn: str) -> Endpoint | None:
    """An endpoint, or None."""
    row = snapshot.row("SELECT arn, application, attributes FROM sns_endpoint WHERE arn = ?", (arn,))
    return _endpoint(row) if row else None


def endpoint_of_token(snapshot: Snapshot, application_arn: str, token: str) -> Endpoint | None:
    """The endpoint that an application has for a device's token, or None."""
    row = snapshot.row(
        "SELECT arn, application, attributes FROM sns_endpoint WHERE application = ? AND token = ?",
        (application_arn, token),
    )
    return _endpoint(row) if row else None


def put_endpoint(tx: Tx, new: Endpoint) -> None:
    """Make an endpoint, or replace its attributes."""
    tx.execute(
        "INSERT INTO sns_endpoint (arn, application, token, attributes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET token = excluded.token, attributes = excluded.attributes",
        (new.arn, new.application, new.attributes["Token"], orjson.dumps(dict(new.attributes)).decode()),
    )


def endpoints(snapshot: Snapshot, application_arn: str, *, after: str, limit: int) -> list[Endpoint]:
    """An application's endpoints by ARN, from behind `after` on."""
    rows = snapshot.execute(
        "SELECT arn, application, attributes FROM sns_endpoint WHERE application = ? AND arn > ? ORDER BY arn LIMIT ?",
        (application_arn, after, limit),
    )
    return [_endpoint(row) for row in rows]


def delete_endpoint(tx: Tx, arn: str) -> None:
    """Delete an endpoint; its subscriptions stay."""
    tx.execute("DELETE FROM sns_endpoint WHERE arn = ?", (arn,))
