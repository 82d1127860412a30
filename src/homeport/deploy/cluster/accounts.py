"""The registry's users in the cluster: the htpasswd Secret, the account that nodes pull with, and pull secrets."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from homeport.deploy.cluster.api import Api, ApiError
from homeport.deploy.documents import Json, Object, map_at, text_at
from homeport.deploy.objects.labels import INSTANCE, MANAGED_BY, PART_OF, PRODUCT
from homeport.deploy.values.table import Values
from homeport.kernel.auth.htpasswd import parse_htpasswd, with_user, without_user
from homeport.kernel.auth.passwords import hash_password
from homeport.kernel.auth.userfile import UserExists, UserUnknown
from homeport.kernel.errors import OperatorError
from homeport.kernel.ids import Ids

PULL_SECRET = "registry-pull"  # noqa: S105 # the name of a Secret
_TRIES = 5
_CONFLICT = 409
_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
_KEY = ".dockerconfigjson"
FIRST_USER = "admin"


class NoPullAccountError(OperatorError):
    """The Secret with the account that nodes pull with is not there."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user with the password that was just made for it."""

    name: str
    password: str


class Accounts:
    """Users of one installation's registry."""

    def __init__(self, api: Api, values: Values) -> None:
        self._api = api
        self._values = values
        self._secrets = f"/api/v1/namespaces/{values.namespace.name}/secrets"

    async def ensure(self, ids: Ids) -> list[Login]:
        """Make the first user and the pull account where there is no Secret of users yet.

        Returns:
            What was made, with passwords that are shown this once.
        """
        values = self._values
        if values.registry.htpasswd or values.registry.existing_secret:
            return []
        if await self._api.get(f"{self._secrets}/{values.htpasswd_secret}") is not None:
            return []
        made = [Login(FIRST_USER, ids.password()), Login(values.registry.pull_user, ids.password())]
        content = b""
        for login in made:
            content = with_user(content, login.name, hash_password(login.password))
        await self._put(values.htpasswd_secret, "Opaque", {"htpasswd": content}, known=None)
        await self.write_pull_secret(values.namespace.name, made[1])
        return made

    async def names(self) -> list[str]:
        """Who may log in.

        Raises:
            ApiError: there is no Secret of users.
        """
        _, content = await self._read()
        return sorted(parse_htpasswd(content, source=self._values.htpasswd_secret).hashes)

    async def add(self, name: str, password: str) -> None:
        """Add a user; the Secret is made when it is missing, and the pull account gets its pull secret.

        Raises:
            UserExists: use `change_password`.
        """
        await self._edit(name, lambda content: with_user(content, name, hash_password(password)), exists=False)
        await self._note_pull_account(name, password)

    async def change_password(self, name: str, password: str) -> None:
        """Give a user another password; the pull account's goes into its pull secret too.

        Raises:
            UserUnknown: use `add`.
        """
        await self._edit(name, lambda content: with_user(content, name, hash_password(password)), exists=True)
        await self._note_pull_account(name, password)

    async def _note_pull_account(self, name: str, password: str) -> None:
        if name == self._values.registry.pull_user:
            await self.write_pull_secret(self._values.namespace.name, Login(name, password))

    async def remove(self, name: str) -> None:
        """Remove a user.

        Raises:
            UserUnknown: there is none of that name.
        """
        await self._edit(name, lambda content: without_user(content, name), exists=True)

    async def _edit(self, name: str, change: Callable[[bytes], bytes], *, exists: bool) -> None:
        for attempt in range(_TRIES):
            secret, content = await self._read()
            known = name in parse_htpasswd(content, source=self._values.htpasswd_secret).hashes
            if known and not exists:
                raise UserExists(name)
            if exists and not known:
                raise UserUnknown(name)
            try:
                await self._put(self._values.htpasswd_secret, "Opaque", {"htpasswd": change(content)}, known=secret)
            except ApiError as error:
                # Somebody else changed the Secret in between: look again.
                if error.status != _CONFLICT or attempt == _TRIES - 1:
                    raise
            else:
                return

    async def _read(self) -> tuple[Object | None, bytes]:
        secret = await self._api.get(f"{self._secrets}/{self._values.htpasswd_secret}")
        return secret, base64.b64decode(text_at(secret, "data", "htpasswd"))

    async def _put(self, name: str, kind: str, data: dict[str, bytes], *, known: Object | None) -> None:
        encoded: Json = {key: base64.b64encode(each).decode() for key, each in data.items()}
        if known is not None:
            body = {**known, "data": {**map_at(known, "data"), **map_at(encoded)}}
            await self._api.request("PUT", f"{self._secrets}/{name}", body=body)
            return
        labels = {INSTANCE: self._values.name, PART_OF: PRODUCT, MANAGED_BY: PRODUCT}
        metadata: Json = {"name": name, "namespace": self._values.namespace.name, "labels": labels}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": encoded}
        await self._api.request("POST", self._secrets, body=body)

    # Pulling

    async def write_pull_secret(self, namespace: str, login: Login) -> None:
        """Have a namespace's pods pull as this user: `imagePullSecrets: [{name: registry-pull}]`."""
        await self._api.apply(
            pull_secret(namespace, self._values.registry_host, login, self._values.name), dry_run=False
        )

    async def pull_account(self) -> Login:
        """The account that nodes pull with.

        Raises:
            NoPullAccountError: its Secret is not there, or is not for this registry.
        """
        secret = await self._api.get(f"{self._secrets}/{PULL_SECRET}")
        config = base64.b64decode(text_at(secret, "data", _KEY) or text_at(secret, "stringData", _KEY))
        entry = map_at(orjson.loads(config or b"{}"), "auths", self._values.registry_host)
        if not entry:
            raise NoPullAccountError(
                f"there is no Secret {PULL_SECRET} for {self._values.registry_host}",
                hint=f"homeport k8s user passwd {self._values.registry.pull_user} --generate writes it",
            )
        return Login(text_at(entry, "username"), text_at(entry, "password"))


def pull_secret(namespace: str, host: str, login: Login, installation: str) -> Object:
    """The Secret that a pod names in `imagePullSecrets`."""
    both = base64.b64encode(f"{login.name}:{login.password}".encode()).decode()
    config = {"auths": {host: {"username": login.name, "password": login.password, "auth": both}}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": PULL_SECRET,
            "namespace": namespace,
            "labels": {INSTANCE: installation, PART_OF: PRODUCT, MANAGED_BY: PRODUCT},
        },
        "type": _DOCKER_CONFIG,
        "data": {_KEY: base64.b64encode(orjson.dumps(config)).decode()},
    }
