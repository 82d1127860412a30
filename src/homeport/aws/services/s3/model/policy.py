"""Bucket policies: what S3 demands of a policy beside the language's own grammar."""

import re
from typing import Final

from homeport.aws.auth import policy
from homeport.aws.auth.policy import Policy, PolicyMalformed, Statement
from homeport.aws.services.s3.errors import MalformedPolicy
from homeport.aws.wildcards import like

_OF_BUCKETS: Final = frozenset(
    {"s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads", "s3:getbucketlocation"}
)
_OF_OBJECTS: Final = frozenset(
    {
        "s3:getobject",
        "s3:getobjectversion",
        "s3:getobjectacl",
        "s3:getobjecttagging",
        "s3:getobjectattributes",
        "s3:putobject",
        "s3:putobjectacl",
        "s3:putobjecttagging",
        "s3:deleteobject",
        "s3:deleteobjectversion",
        "s3:deleteobjecttagging",
        "s3:restoreobject",
        "s3:abortmultipartupload",
        "s3:listmultipartuploadparts",
    }
)
"""Actions whose kind of resource is known; the others go unchecked."""

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
        _check_kinds(statement, own)


def _check_kinds(statement: Statement, own: str) -> None:
    """A leave to list what lies in a bucket is none to list the bucket: the commonest slip."""
    if statement.not_action or statement.not_resource:
        return
    bucket = any(like(own, resource) for resource in statement.resources)
    objects = any("/" in resource or resource.endswith("*") for resource in statement.resources)
    for action in statement.actions:
        name = action.lower()
        if (name in _OF_BUCKETS and not bucket) or (name in _OF_OBJECTS and not objects):
            raise MalformedPolicy("Action does not apply to any resource(s) in statement")
