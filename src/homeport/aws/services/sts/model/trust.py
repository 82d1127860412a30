"""Who may take a role: its trust policy, which is like a resource's but names none."""

from typing import Any

import orjson

from homeport.aws.auth.access import Asker
from homeport.aws.auth.policy import PolicyMalformed, parse


def may_assume(document: str, asker: Asker, external_id: str | None) -> bool:
    """Whether a role's trust policy lets somebody take the role; one that cannot be read lets in nobody."""
    found: Any = orjson.loads(document).get("Statement")
    named = [{**one, "Resource": "*"} for one in (found if isinstance(found, list) else [found])]
    own = {} if external_id is None else {"sts:externalid": external_id}
    try:
        policy = parse(orjson.dumps({"Statement": named}).decode())
    except PolicyMalformed:
        return False
    return policy.verdict(asker.principal, asker.account, "sts:AssumeRole", "*", {**asker.context, **own}) == "allow"
