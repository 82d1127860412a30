"""Who somebody is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.aws.auth.authenticate import account_of
from homeport.aws.call import Call
from homeport.aws.services.sts.room import Sts

if TYPE_CHECKING:
    from homeport.aws.api.sts import (
        GetAccessKeyInfoRequest,
        GetAccessKeyInfoResponse,
        GetCallerIdentityRequest,
        GetCallerIdentityResponse,
    )


async def get_caller_identity(sts: Sts, call: Call, _request: GetCallerIdentityRequest) -> GetCallerIdentityResponse:
    """Who signed the request."""
    key = await sts.keys.find(call.access_key_id) if call.access_key_id else None
    return {
        "UserId": key.principal_id if key is not None else call.account,
        "Account": call.account,
        "Arn": call.principal_arn or f"arn:aws:iam::{call.account}:root",
    }


async def get_access_key_info(sts: Sts, _call: Call, request: GetAccessKeyInfoRequest) -> GetAccessKeyInfoResponse:
    """Which account a key belongs to."""
    key_id = request["AccessKeyId"]
    key = await sts.db.read(lambda snapshot: sts.keys.get(snapshot, key_id))
    return {"Account": key.account if key is not None else account_of(key_id)}
