"""Endpoints of SNS that are no operations: the local mailboxes, as LocalStack has them, and the certificate."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

import orjson

from homeport.aws.call import Call
from homeport.aws.service import Route
from homeport.aws.services.sns.room import Sns
from homeport.aws.services.sns.store import mail, phones, subscriptions
from homeport.aws.services.sns.store.mail import Kind
from homeport.kernel.http.message import Request, Response

_READ = frozenset({"GET", "DELETE"})
_FORM_LIMIT_BYTES = 4096


def _answer(content: Mapping[str, object], status: int = 200) -> Response:
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(content))


def _given(request: Request, name: str) -> str | None:
    return parse_qs(request.raw_query).get(name, [None])[0]


def _is_anothers(sns: Sns, call: Call, account: str) -> bool:
    """Whether something is kept from the caller: where callers are who they say, accounts see their own alone."""
    return sns.signed and account != call.account


async def _mailbox(sns: Sns, call: Call, request: Request, kind: Kind, recipient: str, member: str) -> Response:
    account, region = _given(request, "accountId") or call.account, _given(request, "region") or call.region
    if _is_anothers(sns, call, account):
        return _answer({"error": "mailboxes of another account"}, 403)
    who = _given(request, recipient)
    # A plus sign that nobody has encoded arrives as a blank.
    who = f"+{who[1:]}" if who is not None and who.startswith(" ") else who
    if request.method == "DELETE":
        await sns.db.write(lambda tx: mail.clear(tx, kind, account, region, who))
        return Response(204)
    found = await sns.db.read(lambda snapshot: mail.look(snapshot, kind, account, region, who))
    if who is not None:
        found.setdefault(who, [])
    return _answer({member: found, "region": region})


async def push_messages(sns: Sns, call: Call, request: Request) -> Response:
    """`GET|DELETE /_aws/sns/platform-endpoint-messages`."""
    return await _mailbox(sns, call, request, "push", "endpointArn", "platform_endpoint_messages")


async def sms_messages(sns: Sns, call: Call, request: Request) -> Response:
    """`GET|DELETE /_aws/sns/sms-messages`."""
    return await _mailbox(sns, call, request, "sms", "phoneNumber", "sms_messages")


async def email_messages(sns: Sns, call: Call, request: Request) -> Response:
    """`GET|DELETE /_aws/sns/email-messages`; Homeport's own."""
    return await _mailbox(sns, call, request, "email", "emailAddress", "email_messages")


async def opt_out(sns: Sns, call: Call, request: Request) -> Response:
    """`POST /_aws/sns/phone-opt-outs` with `{"phoneNumber": ...}`: the number's owner answers STOP; Homeport's own."""
    try:
        given = orjson.loads(await request.body.read(_FORM_LIMIT_BYTES))
        number = str(given["phoneNumber"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return _answer({"error": 'wanted {"phoneNumber": "+1..."}'}, 400)
    await sns.db.write(lambda tx: phones.opt_out(tx, call.account, call.region, number))
    return Response(204)


async def subscription_token(sns: Sns, call: Call, request: Request) -> Response:
    """`GET /_aws/sns/subscription-tokens/<arn>`: the token that a subscription waits to be confirmed with."""
    arn = request.raw_path.rpartition("/")[2].replace("%3A", ":").replace("%3a", ":")
    if not re.fullmatch(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[^:]+:[0-9a-f-]{36}", arn):
        return _answer({"error": "The provided SubscriptionARN is invalid", "subscription_arn": arn}, 400)
    if _is_anothers(sns, call, arn.split(":")[4]):
        return _answer({"error": "a subscription of another account", "subscription_arn": arn}, 403)
    token = await sns.db.read(lambda snapshot: subscriptions.token_of(snapshot, arn))
    if token is None:
        return _answer({"error": "The provided SubscriptionARN is not found", "subscription_arn": arn}, 404)
    return _answer({"subscription_arn": arn, "subscription_token": token})


async def certificate(sns: Sns, _call: Call, request: Request) -> Response:
    """The certificate that signatures verify against."""
    if not request.raw_path.endswith(f"/{sns.signer.name}"):
        return _answer({"error": "no such certificate"}, 404)
    return Response(200, [("Content-Type", "application/x-pem-file")], sns.signer.certificate)


ROUTES: Sequence[Route[Sns]] = (
    Route(re.compile(r"/_aws/sns/platform-endpoint-messages"), push_messages, methods=_READ),
    Route(re.compile(r"/_aws/sns/sms-messages"), sms_messages, methods=_READ),
    Route(re.compile(r"/_aws/sns/email-messages"), email_messages, methods=_READ),
    Route(re.compile(r"/_aws/sns/phone-opt-outs"), opt_out, methods=frozenset({"POST"})),
    Route(re.compile(r"/_aws/sns/subscription-tokens/[^/]+"), subscription_token, methods=frozenset({"GET"})),
    Route(
        re.compile(r"/_aws/sns/SimpleNotificationService-[0-9a-f]+\.pem"),
        certificate,
        methods=frozenset({"GET", "HEAD"}),
        public=True,
    ),
)
