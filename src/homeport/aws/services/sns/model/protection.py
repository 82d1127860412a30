"""Data protection policies: whether a document is one. Homeport keeps them; it does not look into messages."""

import orjson

from homeport.aws.services.sns.errors import InvalidParameter

_MAX_BYTES = 30_720
_OPERATIONS = frozenset({"Audit", "De-identify", "Deny"})


def check(policy: str) -> None:
    """Let a topic have this policy.

    Raises:
        InvalidParameter: it is too long, no JSON, or has no statements of the kind.
    """
    if len(policy.encode()) > _MAX_BYTES:
        raise InvalidParameter("DataProtectionPolicy", "The data protection policy is too long")
    try:
        document = orjson.loads(policy)
    except orjson.JSONDecodeError as error:
        raise InvalidParameter("DataProtectionPolicy", "Malformed JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list):
        raise InvalidParameter("DataProtectionPolicy", "Statement is required")
    for statement in document["Statement"]:
        _check_statement(statement)


def _check_statement(statement: object) -> None:
    if not isinstance(statement, dict):
        raise InvalidParameter("DataProtectionPolicy", "Statement is malformed")
    if statement.get("DataDirection") not in {"Inbound", "Outbound"}:
        raise InvalidParameter("DataProtectionPolicy", "DataDirection must be Inbound or Outbound")
    if not isinstance(statement.get("DataIdentifier"), list):
        raise InvalidParameter("DataProtectionPolicy", "DataIdentifier is required")
    operation = statement.get("Operation")
    name = next(iter(operation), "").replace("Deidentify", "De-identify") if isinstance(operation, dict) else ""
    if name not in _OPERATIONS:
        raise InvalidParameter("DataProtectionPolicy", "Operation must be one of Audit, Deidentify, Deny")
