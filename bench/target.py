"""A registry under measurement: where it is, who may use it, and which process it is."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.process_cost import ProcessCost, listener_pid
from tests.wire import Client


@dataclass(frozen=True, slots=True)
class Target:
    """One registry, as a column of the table.

    Attributes:
        writer: a client that may push; with a password, or at a registry that asks for none.
        guest: a client that may pull without a password; None where nobody may.
        user: a client with a password; None where no password is known.
        cost: of the process behind `writer`, and `guest_cost` and `user_cost` of those behind the others.
    """

    name: str
    writer: Client
    guest: Client | None
    user: Client | None
    cost: ProcessCost
    guest_cost: ProcessCost
    user_cost: ProcessCost


def remote_target(endpoint: str, *, user: str, password: str, cacert: Path | None, pid: int | None) -> Target:
    """A registry that somebody else has started.

    Its process, if not given, is the one that listens at the endpoint's port; with pid 0 no server costs are measured.
    """
    client = Client(endpoint, user=user, password=password, cacert=cacert)
    local = client.host in {"127.0.0.1", "localhost", "::1"}
    cost = ProcessCost((listener_pid(client.port) if local else 0) if pid is None else pid)
    # A registry from which everybody may pull can still answer 401 at its base, so that clients log in there.
    open_to_all = client.anonymous().get("/v2/_catalog?n=1").status == 200
    return Target(
        name=urlsplit(endpoint).netloc,
        writer=client,
        guest=client.anonymous() if open_to_all else None,
        user=client if user else None,
        cost=cost,
        guest_cost=cost,
        user_cost=cost,
    )
