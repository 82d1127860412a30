"""Accounts with keys of their own, on a server that proves signatures."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.aws_server import AwsServer

from homeport.aws.auth.keys import AccessKey
from homeport.aws.auth.offline import new_root_key

OWNER, OTHER = "111111111111", "222222222222"


def code(do: Callable[..., Any], **request: Any) -> str:
    """The code of the error that a call has to end with."""
    with pytest.raises(ClientError) as caught:
        do(**request)
    found: str = caught.value.response["Error"]["Code"]
    return found


@dataclass
class Accounts:
    """boto3 clients of a server in mode `signed`, each signing with its account's key."""

    server: AwsServer
    _keys: dict[str, AccessKey] = field(default_factory=dict)

    def key(self, account: str) -> AccessKey:
        """The root key of an account, which is made when it is first asked for."""
        key = self._keys.get(account)
        if key is None:
            key = self._keys[account] = new_root_key(self.server.ids, self.server.clock, account)
            self.server.run(self.server.half.db.write(lambda tx: self.server.half.keys.put(tx, key)))
        return key

    def get(self, path: str, account: str) -> int:
        """The status of a page that the account asks for."""
        key = self.key(account)
        request = AWSRequest("GET", f"{self.server.url}{path}")
        SigV4Auth(Credentials(key.id, key.secret), "sns", "us-east-1").add_auth(request)
        prepared = request.prepare()
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        try:
            connection.request("GET", path, headers=dict(prepared.headers.items()))
            return connection.getresponse().status
        finally:
            connection.close()

    def client(self, service: str, account: str) -> Any:
        """A client with the root key of an account."""
        key = self.key(account)
        return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
            service,
            endpoint_url=self.server.url,
            region_name="us-east-1",
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            config=Config(retries={"max_attempts": 0}),
        )
