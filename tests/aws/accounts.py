"""Accounts with keys of their own, on a server that proves signatures."""

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from tests.aws_server import AwsServer

from homeport.aws.auth.offline import new_root_key


@dataclass
class Accounts:
    """boto3 clients of a server in mode `signed`, each signing with its account's key."""

    server: AwsServer
    _keys: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, account: str) -> Any:
        """A client with the root key of an account, which is made when it is first asked for."""
        key = self._keys.get(account)
        if key is None:
            key = self._keys[account] = new_root_key(self.server.ids, self.server.clock, account)
            self.server.run(self.server.half.db.write(lambda tx: self.server.half.keys.put(tx, key)))
        return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
            service,
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            config=Config(retries={"max_attempts": 0}),
        )
