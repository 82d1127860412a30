"""Policy documents: checked when they come, encoded when they go."""

from urllib.parse import quote

import orjson

from homeport.aws.services.iam.errors import MalformedPolicyDocument

_VERSIONS = frozenset({"2012-10-17", "2008-10-17"})
_EFFECTS = frozenset({"Allow", "Deny"})
_LONGEST = 131_072


def check_document(text: str, *, trust: bool = False) -> str:
    """A policy as it is kept; a trust policy says who, every other what.

    Raises:
        MalformedPolicyDocument: it is no policy.
    """
    if len(text) > _LONGEST:
        raise MalformedPolicyDocument("The policy is too long.")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    if not isinstance(document, dict) or document.get("Version", "2012-10-17") not in _VERSIONS:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    statements = document.get("Statement")
    for statement in statements if isinstance(statements, list) else [statements]:
        _check_statement(statement, trust=trust)
    return text


def _check_statement(statement: object, *, trust: bool) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in _EFFECTS:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    if not ({"Action", "NotAction"} & statement.keys()):
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    if trust:
        if "Resource" in statement or "NotResource" in statement:
            raise MalformedPolicyDocument("Has prohibited field Resource.")
        if not ({"Principal", "NotPrincipal"} & statement.keys()):
            raise MalformedPolicyDocument("Missing required field Principal.")
    elif "Principal" in statement or "NotPrincipal" in statement:
        raise MalformedPolicyDocument("Policy document should not specify a principal.")
    elif not ({"Resource", "NotResource"} & statement.keys()):
        raise MalformedPolicyDocument("Policy statement must contain resources.")


def encoded(document: str) -> str:
    """A document as IAM's answers carry it: percent-encoded (RFC 3986)."""
    return quote(document, safe="")
