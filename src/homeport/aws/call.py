"""Who calls which operation, from where: what an operation knows of its request beside the request itself."""

from typing import NamedTuple

DEFAULT_ACCOUNT = "000000000000"
"""The account of every access key that names none."""

DEFAULT_REGION = "us-east-1"
"""The region of requests whose credential scope names none."""


class Call(NamedTuple):
    """One call of an operation.

    Attributes:
        account: twelve digits.
        region: of the credential scope; any text that looks like a region.
        service: the room's name, as in `sqs`.
        operation: AWS's own name, as in `SendMessage`.
        request_id: what the answer tells the client.
        access_key_id: empty when the request is anonymous.
        principal_arn: who calls; the account's root where the key is nobody's. Empty when anonymous.
        endpoint_url: scheme, host and port as the client addressed Homeport, without a trailing slash.
        source_ip: the client's address; empty on a Unix socket and for calls from inside.
        anonymous: whether the request carries no credentials at all.
        secure: whether policies are told that it came over HTTPS, to us or to the proxy before us; calls from inside
            cross no network, and in mode `open` plain HTTP counts.
        referer: the page that a browser says it comes from; policies may ask for it.
        trace: what X-Ray follows the request by, as its header says it; empty without one.
    """

    account: str
    region: str
    service: str
    operation: str
    request_id: str
    access_key_id: str = ""
    principal_arn: str = ""
    endpoint_url: str = "http://localhost:4566"
    source_ip: str = ""
    user_agent: str = ""
    anonymous: bool = False
    trace: str = ""
    secure: bool = True
    referer: str = ""
