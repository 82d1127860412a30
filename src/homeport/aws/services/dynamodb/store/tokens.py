"""Client tokens: which requests have been answered in the last ten minutes."""

from typing import cast

from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

TOKEN_MILLIS = 10 * 60 * 1000
"""DynamoDB API reference, TransactWriteItems: a token is valid for 10 minutes."""


def recall(tx: Tx, account: str, region: str, token: str, now: Millis) -> bytes | None:
    """The digest of the request that the token was used for."""
    row = tx.row(
        "SELECT digest FROM ddb_token WHERE account = ? AND region = ? AND token = ? AND at > ?",
        (account, region, token, now - TOKEN_MILLIS),
    )
    return None if row is None else cast("bytes", row[0])


def remember(tx: Tx, account: str, region: str, token: str, digest: bytes, now: Millis) -> None:
    """Keep a token with the digest of its request."""
    tx.execute(
        "INSERT INTO ddb_token (account, region, token, digest, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (account, region, token) DO UPDATE SET digest = excluded.digest, at = excluded.at",
        (account, region, token, digest, now),
    )


def forget_old(tx: Tx, now: Millis) -> None:
    """Delete the tokens that are no longer valid."""
    tx.execute("DELETE FROM ddb_token WHERE at <= ?", (now - TOKEN_MILLIS,))
