"""SMS: settings, numbers that want no messages, the sandbox."""

import re

from homeport.aws.api.sns import (
    CheckIfPhoneNumberIsOptedOutInput,
    CheckIfPhoneNumberIsOptedOutResponse,
    CreateSMSSandboxPhoneNumberInput,
    DeleteSMSSandboxPhoneNumberInput,
    GetSMSAttributesInput,
    GetSMSAttributesResponse,
    GetSMSSandboxAccountStatusResult,
    ListOriginationNumbersResult,
    ListPhoneNumbersOptedOutInput,
    ListPhoneNumbersOptedOutResponse,
    ListSMSSandboxPhoneNumbersInput,
    ListSMSSandboxPhoneNumbersResult,
    OptInPhoneNumberInput,
    OptInPhoneNumberResponse,
    SetSMSAttributesInput,
    SetSMSAttributesResponse,
    VerifySMSSandboxPhoneNumberInput,
)
from homeport.aws.call import Call
from homeport.aws.page_tokens import write_token
from homeport.aws.services.sns.errors import InvalidParameter, OptedOut, ResourceNotFound, UserError, VerificationFailed
from homeport.aws.services.sns.model.pages import PAGE, read_token
from homeport.aws.services.sns.room import Sns, timestamp
from homeport.aws.services.sns.store import mail, phones
from homeport.aws.services.sns.store.phones import SandboxNumber
from homeport.kernel.storage.database import Tx

_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_SETTINGS = frozenset(
    {
        "MonthlySpendLimit",
        "DeliveryStatusIAMRole",
        "DeliveryStatusSuccessSamplingRate",
        "DefaultSenderID",
        "DefaultSMSType",
        "UsageReportS3Bucket",
    }
)


def _check(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise InvalidParameter("PhoneNumber", f"input incorrectly formatted: {number}")
    return number


async def set_sms_attributes(sns: Sns, call: Call, request: SetSMSAttributesInput) -> SetSMSAttributesResponse:
    """Set some of the account's SMS attributes; the others stay.

    Raises:
        InvalidParameter: there is no such attribute, or it cannot have this value.
    """
    given = request["attributes"]
    for name, value in given.items():
        if name not in _SETTINGS:
            raise InvalidParameter(f"{name} is not a valid attribute")
        if name == "DefaultSMSType" and value not in {"Promotional", "Transactional"}:
            raise InvalidParameter(f"DefaultSMSType is invalid: {value}")
        if name == "MonthlySpendLimit" and not value.isdigit():
            raise InvalidParameter(f"MonthlySpendLimit is invalid: {value}")

    def write(tx: Tx) -> None:
        old = phones.settings(tx, call.account, call.region)
        phones.set_settings(tx, call.account, call.region, {**old, **given})

    await sns.db.write(write)
    return {}


async def get_sms_attributes(sns: Sns, call: Call, request: GetSMSAttributesInput) -> GetSMSAttributesResponse:
    """The account's SMS attributes: those that are asked for, or all."""
    found = await sns.db.read(lambda snapshot: phones.settings(snapshot, call.account, call.region))
    found = {"MonthlySpendLimit": "1", **found}
    names = request.get("attributes")
    return {"attributes": {name: value for name, value in found.items() if not names or name in names}}


async def check_if_phone_number_is_opted_out(
    sns: Sns, call: Call, request: CheckIfPhoneNumberIsOptedOutInput
) -> CheckIfPhoneNumberIsOptedOutResponse:
    """Whether the owner of the number wants no messages."""
    number = _check(request["phoneNumber"])
    return {
        "isOptedOut": await sns.db.read(
            lambda snapshot: phones.is_opted_out(snapshot, call.account, call.region, number)
        )
    }


async def list_phone_numbers_opted_out(
    sns: Sns, call: Call, request: ListPhoneNumbersOptedOutInput
) -> ListPhoneNumbersOptedOutResponse:
    """Numbers that want no messages, a hundred on a page."""
    after = read_token(request.get("nextToken"))
    found = await sns.db.read(
        lambda snapshot: phones.opted_out(snapshot, call.account, call.region, after=after, limit=PAGE + 1)
    )
    result: ListPhoneNumbersOptedOutResponse = {"phoneNumbers": found[:PAGE]}
    if len(found) > PAGE:
        result["nextToken"] = write_token(found[PAGE - 1])
    return result


async def opt_in_phone_number(sns: Sns, call: Call, request: OptInPhoneNumberInput) -> OptInPhoneNumberResponse:
    """Let a number have messages again; one that never opted out does not matter."""
    number = _check(request["phoneNumber"])
    await sns.db.write(lambda tx: phones.opt_in(tx, call.account, call.region, number))
    return {}


async def list_origination_numbers(_sns: Sns, _call: Call, _request: object) -> ListOriginationNumbersResult:
    """Numbers that messages are sent from: a local account has none, and none can be bought."""
    return {"PhoneNumbers": []}


async def get_sms_sandbox_account_status(_sns: Sns, _call: Call, _request: object) -> GetSMSSandboxAccountStatusResult:
    """A local account may write to any number."""
    return {"IsInSandbox": False}


async def create_sms_sandbox_phone_number(
    sns: Sns, call: Call, request: CreateSMSSandboxPhoneNumberInput
) -> dict[str, str]:
    """Add a number, and send it a one-time password; that is to be found in the number's mailbox.

    Raises:
        OptedOut: the owner wants no messages.
        UserError: the number is verified already.
    """
    number = _check(request["PhoneNumber"])
    password = f"{int(sns.ids.hex(4), 16) % 1_000_000:06d}"

    def write(tx: Tx) -> None:
        if phones.is_opted_out(tx, call.account, call.region, number):
            raise OptedOut(number)
        old = phones.sandbox_number(tx, call.account, call.region, number)
        if old is not None and old.verified:
            raise UserError("The destination phone number has already been verified.")
        phones.put_sandbox(tx, call.account, call.region, SandboxNumber(number, password, verified=False))
        now = sns.clock.now()
        content: dict[str, object] = {
            "PhoneNumber": number,
            "MessageId": sns.ids.uuid(),
            "Message": f"Your verification code is {password}",
            "Timestamp": timestamp(now),
        }
        mail.put(tx, "sms", call.account, call.region, number, content, now)

    await sns.db.write(write)
    return {}


async def verify_sms_sandbox_phone_number(
    sns: Sns, call: Call, request: VerifySMSSandboxPhoneNumberInput
) -> dict[str, str]:
    """Verify a number by the password that it was sent.

    Raises:
        ResourceNotFound: there is no such number.
        VerificationFailed: the password is wrong.
    """
    number = _check(request["PhoneNumber"])

    def write(tx: Tx) -> None:
        old = phones.sandbox_number(tx, call.account, call.region, number)
        if old is None:
            raise ResourceNotFound("Phone number")
        if old.password != request["OneTimePassword"]:
            raise VerificationFailed
        phones.put_sandbox(tx, call.account, call.region, SandboxNumber(number, old.password, verified=True))

    await sns.db.write(write)
    return {}


async def delete_sms_sandbox_phone_number(
    sns: Sns, call: Call, request: DeleteSMSSandboxPhoneNumberInput
) -> dict[str, str]:
    """Take a number away.

    Raises:
        ResourceNotFound: there is no such number.
    """
    number = _check(request["PhoneNumber"])

    def write(tx: Tx) -> None:
        if phones.sandbox_number(tx, call.account, call.region, number) is None:
            raise ResourceNotFound("Phone number")
        phones.delete_sandbox(tx, call.account, call.region, number)

    await sns.db.write(write)
    return {}


async def list_sms_sandbox_phone_numbers(
    sns: Sns, call: Call, request: ListSMSSandboxPhoneNumbersInput
) -> ListSMSSandboxPhoneNumbersResult:
    """Numbers of the sandbox, a page at a time."""
    limit = min(request.get("MaxResults") or PAGE, PAGE)
    after = read_token(request.get("NextToken"))
    found = await sns.db.read(
        lambda snapshot: phones.sandbox(snapshot, call.account, call.region, after=after, limit=limit + 1)
    )
    result: ListSMSSandboxPhoneNumbersResult = {
        "PhoneNumbers": [
            {"PhoneNumber": one.number, "Status": "Verified" if one.verified else "Pending"} for one in found[:limit]
        ]
    }
    if len(found) > limit:
        result["NextToken"] = write_token(found[limit - 1].number)
    return result
