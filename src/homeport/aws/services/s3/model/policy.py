"""Bucket policies: what S3 demands of a policy beside the language's own grammar."""

import re
from typing import Final

from homeport.aws.auth import policy
from homeport.aws.auth.policy import Policy, PolicyMalformed
from homeport.aws.services.s3.errors import MalformedPolicy
from homeport.aws.wildcards import like

LONGEST_BYTES: Final = 20 * 1024


def parse(text: str) -> Policy:
    """Read a policy.

    Raises:
        MalformedPolicy: it breaks the policy language's grammar, or is too long.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise MalformedPolicy("Policy exceeds the maximum allowed document size.")
    try:
        return policy.parse(text)
    except PolicyMalformed as error:
        raise MalformedPolicy(str(error)) from None


def check_resources(policy: Policy, bucket: str) -> None:
    """Refuse a policy that speaks of other buckets.

    Raises:
        MalformedPolicy: it does.
    """
    own = f"arn:aws:s3:::{bucket}"
    for statement in policy.statements:
        for resource in statement.resources:
            name = resource.partition("/")[0]
            if resource != "*" and not like(own, re.sub(r"^arn:aws[a-z-]*:", "arn:aws:", name)):
                raise MalformedPolicy("Policy has invalid resource")
        for action in statement.actions:
            if action != "*" and not action.lower().startswith("s3:"):
                raise MalformedPolicy("Policy has invalid action")
