"""Who may use a resource with a policy: its own account unless that forbids it, others only where it allows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from homeport.aws.auth.policy import SERVICE, PolicyMalformed, Verdict, parse
from homeport.aws.call import Call
from homeport.kernel.clock import Millis, to_datetime


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants something of a resource.

    Attributes:
        principal: an ARN, or `SERVICE` and a service's name; empty for somebody without credentials.
        account: whose; of a service the account that it acts for.
        context: condition keys in lower case.
    """

    principal: str
    account: str
    context: Mapping[str, str]

    @classmethod
    def of_call(cls, call: Call, now: Millis) -> Self:
        """Who calls an operation."""
        context = {
            "aws:sourceip": call.source_ip or "127.0.0.1",
            "aws:useragent": call.user_agent,
            "aws:securetransport": "true" if call.secure else "false",
            "aws:requestedregion": call.region,
            **_moment(now),
        }
        if call.referer:
            context["aws:referer"] = call.referer
        if call.anonymous:
            return cls("", "", context)
        own = {"aws:principalarn": call.principal_arn, "aws:principalaccount": call.account}
        return cls(call.principal_arn, call.account, {**context, **own, "aws:sourceowner": call.account})

    @classmethod
    def of_service(cls, name: str, source: str, account: str, now: Millis) -> Self:
        """A service that acts for something of an account's: `sns` for the topic whose ARN is `source`."""
        own = {"aws:sourcearn": source, "aws:sourceaccount": account, "aws:sourceowner": account}
        return cls(f"{SERVICE}{name}.amazonaws.com", account, {**own, **_moment(now)})


def _moment(now: Millis) -> Mapping[str, str]:
    return {"aws:currenttime": f"{to_datetime(now):%Y-%m-%dT%H:%M:%SZ}", "aws:epochtime": str(now // 1000)}


def permitted(asker: Asker, action: str, *, resource: str, owner: str, policy: str | None) -> bool:
    """Whether somebody may do `action` to the resource of that ARN; a policy that cannot be read allows nothing."""
    verdict = _verdict(asker, action, resource, policy)
    return verdict == "allow" or (asker.account == owner and verdict != "deny")


def _verdict(asker: Asker, action: str, resource: str, policy: str | None) -> Verdict:
    if not policy:
        return ""
    try:
        return parse(policy).verdict(asker.principal, asker.account, action, resource, asker.context)
    except PolicyMalformed:
        return ""


def why_not(asker: Asker, action: str, resource: str) -> str:
    """What AWS says to somebody who may not."""
    return (
        f"User: {asker.principal or 'anonymous'} is not authorized to perform: {action} on resource: {resource} "
        f"because no resource-based policy allows the {action} action"
    )
