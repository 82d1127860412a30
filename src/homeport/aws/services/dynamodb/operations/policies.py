"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, and the tags of tables."""

import re
from typing import Final, Literal, TypedDict

import orjson

from homeport.aws.auth.policy import PolicyMalformed, parse
from homeport.aws.call import Call
from homeport.aws.services.dynamodb.errors import (
    INVALID,
    AccessDeniedException,
    PolicyNotFoundException,
    ResourceNotFoundException,
    ValidationException,
)
from homeport.aws.services.dynamodb.model.schema import Table, TableSettings
from homeport.aws.services.dynamodb.operations.items import Result
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.aws.services.dynamodb.store import tables
from homeport.kernel.storage.database import Snapshot, Tx

MAX_POLICY_BYTES: Final = 20 * 1024
MAX_TAGS: Final = 50
_MALFORMED: Final = f"{INVALID}Invalid policy document: "
_TABLE_ARN: Final = re.compile(r"arn:[^:]+:dynamodb:([^:]+):(\d+):table/([^/]+)(/stream/.+)?")
_LOOKS_LIKE_ARN: Final = re.compile(r".+:.+:.+:.+:.+:.+/.+")


class PolicyRequest(TypedDict, total=False):
    """The parameters of the three."""

    ResourceArn: str
    Policy: str
    ExpectedRevisionId: str


class TagRequest(TypedDict, total=False):
    """The parameters of TagResource, UntagResource and ListTagsOfResource."""

    ResourceArn: str
    Tags: list[dict[str, str]]
    TagKeys: list[str]
    NextToken: str


def check_policy(text: str | None) -> None:
    """Refuse a policy that is none.

    Raises:
        ValidationException: it is no JSON object with statements, or too large.
    """
    if text is None:
        return
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise ValidationException(f"{INVALID}Maximum policy size of {MAX_POLICY_BYTES} bytes exceeded")
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValidationException(f"{_MALFORMED}This policy contains invalid Json") from None
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise ValidationException(f"{_MALFORMED}Missing required field Statement")
    if policy["Statement"]:
        try:
            parse(text)
        except PolicyMalformed as error:
            raise ValidationException(f"{_MALFORMED}{error}") from None


_Kind = Literal["table", "stream"]


def _find(snapshot: Snapshot, arn: str) -> tuple[Table, _Kind]:
    match = _TABLE_ARN.fullmatch(arn)
    if match is None:
        raise ValidationException(INVALID + _no_resource(arn))
    region, account, name, stream = match.groups()
    table = tables.load(snapshot, (account, region, name))
    if table is None:
        raise ResourceNotFoundException(f"Table: {name} not found")
    if stream is not None and stream != f"/stream/{table.settings.get('StreamLabel')}":
        raise ResourceNotFoundException(f"Stream: {arn} not found")
    return table, "table" if stream is None else "stream"


def _no_resource(arn: str) -> str:
    """Why an ARN is none of a table or a stream."""
    if not arn.startswith("arn:"):
        return f"ARNs must start with 'arn:': {arn}"
    if ":dynamodb:" not in arn:
        return f"Provided Arn is not a DynamoDB resource arn: {arn}"
    return f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"


def _policy(settings: TableSettings, kind: _Kind) -> tuple[str | None, str | None]:
    if kind == "table":
        return settings.get("Policy"), settings.get("PolicyRevision")
    return settings.get("StreamPolicy"), settings.get("StreamPolicyRevision")


def _set_policy(settings: TableSettings, kind: _Kind, policy: str, revision: str) -> None:
    if kind == "table":
        settings["Policy"], settings["PolicyRevision"] = policy, revision
    else:
        settings["StreamPolicy"], settings["StreamPolicyRevision"] = policy, revision


def _drop_policy(settings: TableSettings, kind: _Kind) -> None:
    if kind == "table":
        settings.pop("Policy", None)
        settings.pop("PolicyRevision", None)
    else:
        settings.pop("StreamPolicy", None)
        settings.pop("StreamPolicyRevision", None)


async def put_resource_policy(dynamodb: DynamoDb, _call: Call, request: PolicyRequest) -> Result:
    """Attach a policy to a table or a stream.

    Spec: DynamoDB API reference, PutResourcePolicy.
    """
    check_policy(request["Policy"])
    revision = dynamodb.ids.uuid()

    def put(tx: Tx) -> str:
        table, kind = _find(tx, request["ResourceArn"])
        present, known = _policy(table.settings, kind)
        expected = request.get("ExpectedRevisionId")
        if expected is not None and (expected != "NO_POLICY" if known is None else expected != known):
            raise PolicyNotFoundException("The expected revision ID does not match the current policy's")
        if present is not None and known is not None and orjson.loads(present) == orjson.loads(request["Policy"]):
            return known
        _set_policy(table.settings, kind, request["Policy"], revision)
        tables.save(tx, table.id, table.settings)
        return revision

    return {"RevisionId": await dynamodb.tables.change(put)}


async def get_resource_policy(dynamodb: DynamoDb, _call: Call, request: PolicyRequest) -> Result:
    """Tell the policy of a table or a stream.

    Spec: DynamoDB API reference, GetResourcePolicy.
    """
    arn = request["ResourceArn"]

    def get(snapshot: Snapshot) -> Result:
        table, kind = _find(snapshot, arn)
        policy, revision = _policy(table.settings, kind)
        if policy is None:
            raise PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {arn}")
        return {"Policy": policy, "RevisionId": revision}

    return await dynamodb.db.read(get)


async def delete_resource_policy(dynamodb: DynamoDb, _call: Call, request: PolicyRequest) -> Result:
    """Detach the policy of a table or a stream; without one there is nothing to do.

    Spec: DynamoDB API reference, DeleteResourcePolicy.
    """

    def delete(tx: Tx) -> Result:
        table, kind = _find(tx, request["ResourceArn"])
        _, revision = _policy(table.settings, kind)
        expected = request.get("ExpectedRevisionId")
        if expected is not None and expected != revision:
            raise PolicyNotFoundException("The expected revision ID does not match the current policy's")
        if revision is None:
            return {}
        _drop_policy(table.settings, kind)
        tables.save(tx, table.id, table.settings)
        return {"RevisionId": revision}

    return await dynamodb.tables.change(delete)


def _tagged(snapshot: Snapshot, call: Call, request: TagRequest) -> Table:
    arn = request["ResourceArn"]
    if _LOOKS_LIKE_ARN.fullmatch(arn) is None:
        raise AccessDeniedException(
            f"User: {call.principal_arn} is not authorized to perform: dynamodb:{call.operation} on resource: {arn}"
        )
    match = _TABLE_ARN.fullmatch(arn)
    if match is None or match[4] is not None:
        raise ValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    table = tables.load(snapshot, (match[2], match[1], match[3]))
    if table is None:
        raise ResourceNotFoundException(f"ResourcArn: {arn} not found")
    return table


def check_tags(tags: list[dict[str, str]]) -> None:
    """Refuse tags that nobody can give."""
    seen: set[str] = set()
    for tag in tags:
        if tag["Key"].startswith("aws:"):
            raise ValidationException(f"Tag Key cannot be prefixed with aws:, Key: {tag['Key']}")
        if tag["Key"] in seen:
            raise ValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {tag['Key']}")
        seen.add(tag["Key"])
    _check_count(len(tags))


def _check_count(count: int) -> None:
    if count > MAX_TAGS:
        raise ValidationException("Number of Tags exceed the current limit for the provided ResourceArn")


async def tag_resource(dynamodb: DynamoDb, call: Call, request: TagRequest) -> Result:
    """Add tags to a table, or change them.

    Spec: DynamoDB API reference, TagResource.
    """
    if not request["Tags"]:
        raise ValidationException("Atleast one Tag needs to be provided as Input.")

    check_tags(request["Tags"])

    def tag(tx: Tx) -> None:
        table = _tagged(tx, call, request)
        kept = table.settings.setdefault("Tags", {})
        kept.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        _check_count(len(kept))
        tables.save(tx, table.id, table.settings)

    await dynamodb.tables.change(tag)
    return {}


async def untag_resource(dynamodb: DynamoDb, call: Call, request: TagRequest) -> Result:
    """Remove tags from a table.

    Spec: DynamoDB API reference, UntagResource.
    """
    if not request["TagKeys"]:
        raise ValidationException("Atleast one Tag Key needs to be provided as Input.")

    def untag(tx: Tx) -> None:
        table = _tagged(tx, call, request)
        for key in request["TagKeys"]:
            table.settings.get("Tags", {}).pop(key, None)
        tables.save(tx, table.id, table.settings)

    await dynamodb.tables.change(untag)
    return {}


async def list_tags_of_resource(dynamodb: DynamoDb, call: Call, request: TagRequest) -> Result:
    """Tell a table's tags.

    Spec: DynamoDB API reference, ListTagsOfResource.
    """
    table = await dynamodb.db.read(lambda snapshot: _tagged(snapshot, call, request))
    tags = table.settings.get("Tags", {})
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
