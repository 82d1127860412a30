"""Platform applications and their endpoints."""

from homeport.aws.api.sns import (
    CreateEndpointResponse,
    CreatePlatformApplicationInput,
    CreatePlatformApplicationResponse,
    CreatePlatformEndpointInput,
    DeleteEndpointInput,
    DeletePlatformApplicationInput,
    GetEndpointAttributesInput,
    GetEndpointAttributesResponse,
    GetPlatformApplicationAttributesInput,
    GetPlatformApplicationAttributesResponse,
    ListEndpointsByPlatformApplicationInput,
    ListEndpointsByPlatformApplicationResponse,
    ListPlatformApplicationsInput,
    ListPlatformApplicationsResponse,
    SetEndpointAttributesInput,
    SetPlatformApplicationAttributesInput,
)
from homeport.aws.arn import partition_of
from homeport.aws.call import Call
from homeport.aws.page_tokens import write_token
from homeport.aws.services.sns.errors import InvalidParameter, NotFound
from homeport.aws.services.sns.model import push as rules
from homeport.aws.services.sns.model.names import split_arn
from homeport.aws.services.sns.model.pages import PAGE, read_token
from homeport.aws.services.sns.room import Sns
from homeport.aws.services.sns.store import push
from homeport.aws.services.sns.store.push import Endpoint
from homeport.kernel.storage.database import Snapshot, Tx


async def create_platform_application(
    sns: Sns, call: Call, request: CreatePlatformApplicationInput
) -> CreatePlatformApplicationResponse:
    """Make an application; its pushes go to local mailboxes.

    Raises:
        InvalidParameter: the platform or an attribute is wrong.
    """
    attributes = request.get("Attributes") or {}
    rules.check_application(request["Platform"], attributes)
    partition = partition_of(call.region)
    arn = f"arn:{partition}:sns:{call.region}:{call.account}:app/{request['Platform']}/{request['Name']}"
    await sns.db.write(lambda tx: push.put_application(tx, arn, call.account, call.region, attributes))
    return {"PlatformApplicationArn": arn}


def _application(snapshot: Snapshot, arn: str) -> dict[str, str]:
    split_arn(arn, "PlatformApplicationArn")
    found = push.application(snapshot, arn)
    if found is None:
        raise NotFound("PlatformApplication")
    return found


async def get_platform_application_attributes(
    sns: Sns, _call: Call, request: GetPlatformApplicationAttributesInput
) -> GetPlatformApplicationAttributesResponse:
    """An application's attributes, without its credentials."""
    arn = request["PlatformApplicationArn"]
    return {"Attributes": rules.readable(await sns.db.read(lambda snapshot: _application(snapshot, arn)))}


async def set_platform_application_attributes(
    sns: Sns, call: Call, request: SetPlatformApplicationAttributesInput
) -> None:
    """Set some attributes; the others stay."""
    arn, given = request["PlatformApplicationArn"], request["Attributes"]
    split_arn(arn, "PlatformApplicationArn")
    rules.check_application_attributes(given)

    def write(tx: Tx) -> None:
        push.put_application(tx, arn, call.account, call.region, _application(tx, arn) | given)

    await sns.db.write(write)


async def list_platform_applications(
    sns: Sns, call: Call, request: ListPlatformApplicationsInput
) -> ListPlatformApplicationsResponse:
    """The account's applications, a hundred on a page."""
    after = read_token(request.get("NextToken"))
    found = await sns.db.read(
        lambda snapshot: push.applications(snapshot, call.account, call.region, after=after, limit=PAGE + 1)
    )
    result: ListPlatformApplicationsResponse = {
        "PlatformApplications": [
            {"PlatformApplicationArn": arn, "Attributes": rules.readable(attributes)}
            for arn, attributes in found[:PAGE]
        ]
    }
    if len(found) > PAGE:
        result["NextToken"] = write_token(found[PAGE - 1][0])
    return result


async def delete_platform_application(sns: Sns, _call: Call, request: DeletePlatformApplicationInput) -> None:
    """Delete an application and its endpoints; one that is not there is no error."""
    arn = request["PlatformApplicationArn"]
    await sns.db.write(lambda tx: push.delete_application(tx, arn))


async def create_platform_endpoint(
    sns: Sns, _call: Call, request: CreatePlatformEndpointInput
) -> CreateEndpointResponse:
    """Make an endpoint for a device, or hand out the one that its token has.

    Raises:
        NotFound: there is no such application.
        InvalidParameter: the token has an endpoint with other attributes.
    """
    application_arn, token = request["PlatformApplicationArn"], request["Token"]
    attributes = {"Enabled": "true", **(request.get("Attributes") or {}), "Token": token}
    if request.get("CustomUserData"):
        attributes.setdefault("CustomUserData", request["CustomUserData"])
    rules.check_endpoint(attributes)

    def write(tx: Tx) -> str:
        _application(tx, application_arn)
        existing = push.endpoint_of_token(tx, application_arn, token)
        if existing is None:
            arn = f"{application_arn.replace(':app/', ':endpoint/', 1)}/{sns.ids.uuid()}"
            push.put_endpoint(tx, Endpoint(arn, application_arn, attributes))
            return arn
        if any(existing.attributes.get(name) != value for name, value in attributes.items()):
            raise InvalidParameter(
                "Token", f"Endpoint {existing.arn} already exists with the same Token, but different attributes."
            )
        return existing.arn

    return {"EndpointArn": await sns.db.write(write)}


def _endpoint(snapshot: Snapshot, arn: str) -> Endpoint:
    rules.split_endpoint(arn)
    found = push.endpoint(snapshot, arn)
    if found is None:
        raise NotFound("Endpoint")
    return found


async def get_endpoint_attributes(
    sns: Sns, _call: Call, request: GetEndpointAttributesInput
) -> GetEndpointAttributesResponse:
    """An endpoint's attributes."""
    found = await sns.db.read(lambda snapshot: _endpoint(snapshot, request["EndpointArn"]))
    return {"Attributes": dict(found.attributes)}


async def set_endpoint_attributes(sns: Sns, _call: Call, request: SetEndpointAttributesInput) -> None:
    """Set some attributes; the others stay."""
    given = request["Attributes"]

    def write(tx: Tx) -> None:
        old = _endpoint(tx, request["EndpointArn"])
        rules.check_endpoint(given)
        push.put_endpoint(tx, Endpoint(old.arn, old.application, {**old.attributes, **given}))

    await sns.db.write(write)


async def list_endpoints_by_platform_application(
    sns: Sns, _call: Call, request: ListEndpointsByPlatformApplicationInput
) -> ListEndpointsByPlatformApplicationResponse:
    """An application's endpoints, a hundred on a page.

    Raises:
        NotFound: there is no such application.
    """
    arn, after = request["PlatformApplicationArn"], read_token(request.get("NextToken"))

    def read(snapshot: Snapshot) -> list[Endpoint]:
        _application(snapshot, arn)
        return push.endpoints(snapshot, arn, after=after, limit=PAGE + 1)

    found = await sns.db.read(read)
    result: ListEndpointsByPlatformApplicationResponse = {
        "Endpoints": [{"EndpointArn": one.arn, "Attributes": dict(one.attributes)} for one in found[:PAGE]]
    }
    if len(found) > PAGE:
        result["NextToken"] = write_token(found[PAGE - 1].arn)
    return result


async def delete_endpoint(sns: Sns, _call: Call, request: DeleteEndpointInput) -> None:
    """Delete an endpoint; its subscriptions stay, and one that is not there is no error."""
    await sns.db.write(lambda tx: push.delete_endpoint(tx, request["EndpointArn"]))
