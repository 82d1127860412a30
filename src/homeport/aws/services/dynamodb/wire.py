"""Endpoints of DynamoDB that are no operations."""

import re

import orjson

from homeport.aws.call import Call
from homeport.aws.service import Route
from homeport.aws.services.dynamodb.operations.time_to_live import delete_expired
from homeport.aws.services.dynamodb.room import DynamoDb
from homeport.kernel.http.message import Request, Response


async def _expire(dynamodb: DynamoDb, _call: Call, _request: Request) -> Response:
    """`DELETE /_aws/dynamodb/expired`, as LocalStack has it: delete what has expired, now."""
    count = await delete_expired(dynamodb)
    return Response(200, [("Content-Type", "application/json")], orjson.dumps({"ExpiredItems": count}))


ROUTES = (Route(re.compile(r"/_aws/dynamodb/expired"), _expire, methods=frozenset({"DELETE"})),)
