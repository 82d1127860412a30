"""What else AWS's users may sign in with; Homeport makes none of it, so that every answer is that there is none.

Tools ask before they delete a user with all that hangs on it, as Terraform does for `force_destroy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from homeport.aws.call import Call
from homeport.aws.services.iam.errors import NoSuchEntity
from homeport.aws.services.iam.operations.users import caller_name
from homeport.aws.services.iam.room import Iam, find
from homeport.aws.services.iam.store import Entity

if TYPE_CHECKING:
    from homeport.aws.api.iam import (
        DeleteLoginProfileRequest,
        GetLoginProfileRequest,
        ListMFADevicesRequest,
        ListMFADevicesResponse,
        ListServiceSpecificCredentialsRequest,
        ListServiceSpecificCredentialsResponse,
        ListSigningCertificatesRequest,
        ListSigningCertificatesResponse,
        ListSSHPublicKeysRequest,
        ListSSHPublicKeysResponse,
        ListVirtualMFADevicesRequest,
        ListVirtualMFADevicesResponse,
    )


async def _user(iam: Iam, call: Call, name: str | None) -> Entity:
    """The user who is meant; who calls, without a name.

    Raises:
        NoSuchEntity: there is no such user.
    """
    wanted = name or caller_name(call)
    return await iam.db.read(lambda snapshot: find(snapshot, call.account, "user", wanted))


async def list_ssh_public_keys(iam: Iam, call: Call, request: ListSSHPublicKeysRequest) -> ListSSHPublicKeysResponse:
    """A user's keys for CodeCommit."""
    await _user(iam, call, request.get("UserName"))
    return {"SSHPublicKeys": [], "IsTruncated": False}


async def list_signing_certificates(
    iam: Iam, call: Call, request: ListSigningCertificatesRequest
) -> ListSigningCertificatesResponse:
    """A user's X.509 certificates."""
    await _user(iam, call, request.get("UserName"))
    return {"Certificates": [], "IsTruncated": False}


async def list_service_specific_credentials(
    iam: Iam, call: Call, request: ListServiceSpecificCredentialsRequest
) -> ListServiceSpecificCredentialsResponse:
    """A user's passwords for single services, or everybody's."""
    if not request.get("AllUsers"):
        await _user(iam, call, request.get("UserName"))
    return {"ServiceSpecificCredentials": [], "IsTruncated": False}


async def list_mfa_devices(iam: Iam, call: Call, request: ListMFADevicesRequest) -> ListMFADevicesResponse:
    """A user's second factors."""
    await _user(iam, call, request.get("UserName"))
    return {"MFADevices": [], "IsTruncated": False}


async def list_virtual_mfa_devices(
    _iam: Iam, _call: Call, _request: ListVirtualMFADevicesRequest
) -> ListVirtualMFADevicesResponse:
    """The account's second factors."""
    return {"VirtualMFADevices": [], "IsTruncated": False}


async def get_login_profile(iam: Iam, call: Call, request: GetLoginProfileRequest) -> NoReturn:
    """A user's password for the console."""
    user = await _user(iam, call, request.get("UserName"))
    raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")


async def delete_login_profile(iam: Iam, call: Call, request: DeleteLoginProfileRequest) -> NoReturn:
    """Take a user's password away."""
    user = await _user(iam, call, request.get("UserName"))
    raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
