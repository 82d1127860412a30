"""What a resolver has to know: three names, everything below one of them, and that it need not ask anybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.deploy.values.table import Values

_PRIVATE = (".local", ".home.arpa", ".internal", ".lan", ".home")
"""Ends of domains that nobody on the internet answers for."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one installation.

    Attributes:
        address: IPv4 address that Traefik answers on. An A record leads to it; a CNAME to an address leads nowhere.
        names: hosts with an A record each.
        wildcard: the host below which every name has the same address.
        own: domains for which upstream is not asked.
    """

    address: str
    names: tuple[str, ...]
    wildcard: str
    own: tuple[str, ...]

    @property
    def hosts(self) -> Sequence[str]:
        """Lines of a hosts file."""
        return [f"{self.address} {name}" for name in self.names]

    @property
    def dnsmasq(self) -> Sequence[str]:
        """Lines for dnsmasq, which Pi-hole's resolver is.

        Without `local=` questions for AAAA go upstream; what comes back from there makes musl programs (Alpine images)
        fail although the A record is there.
        """
        return [
            f"address=/{self.wildcard}/{self.address}",
            *(f"local=/{domain}/" for domain in self.own),
        ]

    def is_ours(self, line: str) -> bool:
        """Whether a dnsmasq line speaks of the same names, with this address or an older one."""
        return line.startswith(f"address=/{self.wildcard}/") or line in self.dnsmasq


def records_for(values: Values, address: str) -> Records:
    """The records of an installation that answers on an address."""
    names = (values.registry_host, values.ui_host, values.aws_host)
    domain = f".{values.domain}"
    private = domain.endswith(_PRIVATE)
    # Where the domain is public its other names have to be asked for as before.
    own = (values.aws_host, *((values.domain,) if private else names[:2]))
    return Records(address, names, values.aws_host, tuple(dict.fromkeys(own)))
