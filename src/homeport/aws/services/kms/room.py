"""What KMS's operations work with, and how they find the key that a request means."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from homeport.aws.arn import Arn, ArnInvalid
from homeport.aws.call import Call
from homeport.aws.service import ServiceContext
from homeport.aws.services.kms import store
from homeport.aws.services.kms.errors import Disabled, InvalidArn, InvalidState, NotFound
from homeport.aws.services.kms.store import Alias, Key, Material, Place
from homeport.kernel.clock import Clock
from homeport.kernel.ids import Ids
from homeport.kernel.storage.database import Database, Snapshot, Tx

AWS_ALIAS = "alias/aws/"
_OWN_SERVICE_NAMES = {"dynamodb": "DynamoDB"}
_OWN_SERVICE_ALIAS = re.compile(r"alias/aws/[a-z0-9-]{1,40}")
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Kms:
    """The room.

    Attributes:
        signed: whether callers are who they say, so that keys can be kept from them.
    """

    db: Database
    clock: Clock
    ids: Ids
    wake_job: Callable[[str], None]
    signed: bool = False

    def wake(self) -> None:
        """Let the deletion job run."""
        self.wake_job("kms-deletion")


async def open_kms(context: ServiceContext) -> Kms:
    """Make the room."""
    signed = context.settings.aws_auth == "signed"
    return Kms(context.db, context.clock, context.ids, context.wake_job, signed)


def place_of(call: Call) -> Place:
    """Where a call happens."""
    return Place(call.account, call.region)


@dataclass(frozen=True, slots=True)
class Named:
    """What a KeyId says: an id or an alias, in some place."""

    place: Place
    key_id: str = ""
    alias: str = ""

    @property
    def alias_arn(self) -> str:
        """The alias's full name."""
        return f"arn:aws:kms:{self.place.region}:{self.place.account}:{self.alias}"


def read_key_id(place: Place, text: str) -> Named:
    """A key's id, its ARN, an alias's name or its ARN.

    Raises:
        InvalidArn: it begins like an ARN and is none of KMS's.
    """
    if text.startswith("arn:"):
        try:
            arn = Arn.parse(text)
        except ArnInvalid:
            raise InvalidArn(text) from None
        if arn.service != "kms":
            raise InvalidArn(text)
        place, text = Place(arn.account, arn.region), arn.resource
        if text.startswith("key/"):
            return Named(place, key_id=text.removeprefix("key/"))
        if not text.startswith("alias/"):
            raise InvalidArn(text)
    return Named(place, alias=text) if text.startswith("alias/") else Named(place, key_id=text)


def find_key(snapshot: Snapshot, place: Place, text: str) -> Key:
    """The key that a KeyId means.

    Raises:
        NotFound: there is none, or none of that alias.
        InvalidArn: the text is an ARN of something else.
    """
    named = read_key_id(place, text)
    key_id = named.key_id
    if named.alias:
        alias = store.get_alias(snapshot, named.place, named.alias)
        if alias is None:
            raise NotFound.alias(named.alias_arn)
        key_id = alias.key
    key = store.get_key(snapshot, named.place, key_id)
    if key is None:
        raise NotFound.key(f"arn:aws:kms:{named.place.region}:{named.place.account}:key/{key_id}")
    return key


def find_usable_key(snapshot: Snapshot, place: Place, text: str) -> Key:
    """The same, ready to be used.

    Raises:
        NotFound, InvalidArn: as `find_key`.
        InvalidState: it is waiting to be deleted.
        Disabled: it is switched off.
    """
    key = find_key(snapshot, place, text)
    if key.delete_at is not None:
        raise InvalidState.pending_deletion(key.arn)
    if not key.enabled:
        raise Disabled(key.arn)
    return key


async def ensure_aws_key(kms: Kms, place: Place, text: str) -> None:
    """Make a service's own key (`alias/aws/s3`) when it is first asked for, as AWS does."""
    named = read_key_id(place, text)
    if _OWN_SERVICE_ALIAS.fullmatch(named.alias) is None:
        return
    if await kms.db.read(lambda snapshot: store.get_alias(snapshot, named.place, named.alias)) is None:
        await kms.db.write(lambda tx: _make_aws_key(kms, tx, named))


def _make_aws_key(kms: Kms, tx: Tx, named: Named) -> None:
    if store.get_alias(tx, named.place, named.alias) is not None:
        return
    now = kms.clock.now()
    alias = named.alias.removeprefix(AWS_ALIAS)
    service = _OWN_SERVICE_NAMES.get(alias, alias.upper())
    key = Key(
        place=named.place,
        id=kms.ids.uuid(),
        spec="SYMMETRIC_DEFAULT",
        usage="ENCRYPT_DECRYPT",
        created=now,
        description=f"Default key that protects my {service} data when no other key is defined",
        manager="AWS",
        rotation_days=365,
    )
    store.put_key(tx, key)
    store.add_material(tx, key, Material(1, bytes.fromhex(kms.ids.hex(_SECRET_BYTES)), now, ""))
    store.put_alias(tx, named.place, Alias(named.alias, key.id, now, now))
