"""Which of Homeport's settings each key of config.yml stands for."""

from collections.abc import Iterator
from typing import Final

from homeport.kernel.config.kinds import Raw
from homeport.registry.distribution.document import DistributionConfigError, sections
from homeport.registry.distribution.values import Values, texts_in

_DEFAULT_ROOT: Final = "/var/lib/registry"
_DEFAULT_ADDRESS: Final = ":5000"
_LEVELS: Final = {"error": "error", "warn": "warning", "warning": "warning", "info": "info", "debug": "debug"}
_FORMATS: Final = {"": "auto", "text": "human", "json": "json", "logstash": "json"}
_DEFAULT_EXPIRY_SECONDS: Final = 168 * 3600.0
_NEVER_SECONDS: Final = 100 * 365 * 86400.0

Translated = tuple[str, Raw, str]
"""A setting's key, its value, and the path in config.yml that says so."""


def translate(values: Values) -> Iterator[Translated]:
    """Homeport's settings for one configuration; what config.yml leaves out has registry:2's default.

    Raises:
        DistributionConfigError: a value that registry:2 could not use either.
    """
    yield from _storage(values)
    yield from _addresses(values)
    yield from _tls(values)
    yield from _urls(values)
    yield from _log(values)
    yield from _lists(values)
    yield "registry.headers", _headers(values), "http.headers"
    yield "registry.auth", "htpasswd" if values.keys("auth") == ["htpasswd"] else "none", "auth"
    yield "registry.realm", values.text("auth.htpasswd.realm", "Homeport"), "auth.htpasswd.realm"
    if path := values.text("auth.htpasswd.path"):
        yield "registry.htpasswd", path, "auth.htpasswd.path"


def _storage(values: Values) -> Iterator[Translated]:
    root = "storage.filesystem.rootdirectory"
    yield "registry.root", values.text(root, _DEFAULT_ROOT), root
    delete, read_only = "storage.delete.enabled", "storage.maintenance.readonly.enabled"
    yield "registry.delete", _word(value=values.boolean(delete)), delete
    yield "registry.read_only", _word(value=values.boolean(read_only)), read_only
    purging = "storage.maintenance.uploadpurging"
    active = values.boolean(f"{purging}.enabled", default=True) and not values.boolean(f"{purging}.dryrun")
    age = values.seconds(f"{purging}.age", _DEFAULT_EXPIRY_SECONDS)
    yield "registry.upload_expiry", f"{age if active else _NEVER_SECONDS:f}", f"{purging}.age"


def _addresses(values: Values) -> Iterator[Translated]:
    address = values.text("http.addr", _DEFAULT_ADDRESS)
    match values.text("http.net", "tcp"):
        case "unix":
            yield "listen.registry", f"unix:{address}", "http.addr"
        case "tcp":
            yield "listen.registry", _with_port(address), "http.addr"
        case other:
            raise DistributionConfigError(f"http.net: expected tcp or unix, got {other!r}")
    debug = values.text("http.debug.addr")
    yield "listen.debug", _with_port(debug) if debug else "", "http.debug.addr"
    # Whoever starts us as a registry gets a registry, and no port that they never asked for.
    yield "listen.aws", "", "http.addr"


def _with_port(address: str) -> str:
    """Go takes a service's name for a port; the two that anybody uses are known."""
    host, colon, port = address.rpartition(":")
    return f"{host}{colon}{ {'http': '80', 'https': '443'}.get(port, port) }" if colon else address


def _tls(values: Values) -> Iterator[Translated]:
    certificate = values.text("http.tls.certificate")
    yield "tls.mode", "on" if certificate else "off", "http.tls"
    yield "tls.certificate", certificate, "http.tls.certificate"
    yield "tls.key", values.text("http.tls.key"), "http.tls.key"


def _urls(values: Values) -> Iterator[Translated]:
    yield "registry.public_url", values.text("http.host").rstrip("/"), "http.host"
    relative = values.boolean("http.relativeurls")
    yield "registry.relative_urls", _word(value=relative), "http.relativeurls"
    if drain := values.seconds("http.draintimeout", 0):
        yield "http.drain", f"{drain:f}", "http.draintimeout"


def _log(values: Values) -> Iterator[Translated]:
    level = values.text("log.level") or values.text("loglevel") or "info"
    if level.lower() not in _LEVELS:
        raise DistributionConfigError(f"log.level: expected error, warn, info or debug, got {level!r}")
    yield "log.level", _LEVELS[level.lower()], "log.level"
    formatter = values.text("log.formatter")
    if formatter not in _FORMATS:
        raise DistributionConfigError(f"log.formatter: expected text, json or logstash, got {formatter!r}")
    yield "log.format", _FORMATS[formatter], "log.formatter"


def _word(*, value: bool) -> str:
    return "true" if value else "false"


def _lists(values: Values) -> Iterator[Translated]:
    """registry:2 takes what is not above zero for its default."""
    for key, path in (("registry.catalog_max", "catalog.maxentries"), ("registry.tags_max", "tags.maxtags")):
        if (number := values.number(path, 0)) > 0:
            yield key, str(number), path


def _headers(values: Values) -> dict[str, Raw]:
    """Of names that differ only in their case the later one counts, which is the variable's."""
    found: dict[str, tuple[str, list[Raw]]] = {}
    for name, value in sections(values.tree("http.headers")):
        found[name.lower()] = (name, list[Raw](texts_in(value, f"http.headers.{name}")))
    return dict(found.values())
