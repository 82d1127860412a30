"""DNS records as lines to put somewhere by hand: hosts files, Pi-hole 5, Pi-hole 6, dnsmasq, CoreDNS."""

from homeport.deploy.dns.records import Records
from homeport.deploy.documents import kind_of, map_at, name_of
from homeport.deploy.render import render, to_yaml
from homeport.deploy.values import load_values
from homeport.deploy.values.table import Values


def hosts_lines(records: Records) -> str:
    """Lines for /etc/hosts, which knows no wildcards."""
    return "\n".join(
        [
            *records.hosts,
            f"# Buckets as host names (BUCKET.{records.wildcard}) need a DNS server: a hosts file has no wildcards.",
        ]
    )


def pihole_v6_lines(records: Records) -> str:
    """What to enter in Pi-hole 6 where it may not be changed by its API."""
    return "\n".join(
        [
            "# Settings > Local DNS Records, one each (or dns.hosts, or FTLCONF_dns_hosts with `;` between):",
            *records.hosts,
            "# Settings > All settings > misc.dnsmasq_lines (or FTLCONF_misc_dnsmasq_lines with `;` between):",
            *records.dnsmasq,
        ]
    )


def pihole_v5_files(records: Records) -> str:
    """What Pi-hole 5 reads; version 6 ignores the first file and overwrites it."""
    return "\n".join(
        [
            "# Append to /etc/pihole/custom.list:",
            *records.hosts,
            "# Write to /etc/dnsmasq.d/10-homeport.conf:",
            *records.dnsmasq,
            "# Then: pihole restartdns",
        ]
    )


def dnsmasq_lines(records: Records) -> str:
    """A file for /etc/dnsmasq.d."""
    return "\n".join([*(f"host-record={name},{records.address}" for name in records.names), *records.dnsmasq])


def coredns_manifest(values: Values, address: str) -> str:
    """The ConfigMap that K3s' CoreDNS reads beside its own; without labels, by which an upgrade would remove it."""
    settings = [
        f"domain={values.domain}",
        f"name={values.name}",
        *(f"hosts.{key}={host}" for key, host in _given_hosts(values).items()),
        "coredns=true",
        f"lbAddress={address}",
    ]
    objects = render(load_values(None, settings))
    [found] = [each for each in objects if kind_of(each) == "ConfigMap" and name_of(each) == "coredns-custom"]
    metadata = {key: each for key, each in map_at(found, "metadata").items() if key != "labels"}
    return to_yaml([{**found, "metadata": metadata}])


def _given_hosts(values: Values) -> dict[str, str]:
    hosts = {"registry": values.hosts.registry, "ui": values.hosts.ui, "aws": values.hosts.aws}
    return {key: host for key, host in hosts.items() if host}
