"""What of config.yml Homeport does not do: refused where ignoring it would be dangerous, told everywhere else."""

from collections.abc import Iterator
from typing import Final

from homeport.registry.distribution.document import DistributionConfigError
from homeport.registry.distribution.values import Values

_DRIVER: Final = "filesystem"
_BESIDE_DRIVERS: Final = frozenset({"cache", "delete", "maintenance", "redirect", "tag"})

_METRICS_PATH: Final = "/metrics"

# Stands in every copy of the official image's file, and says nothing.
_DEFAULT_LOG_FIELDS: Final = {"service": "registry"}

# Each would leave the registry open to people, or without content, that its owner believes to be kept out or there.
_REFUSED: Final = {
    "proxy.remoteurl": "a pull-through cache is not supported; without it this would be an empty registry to push to",
    "http.prefix": "a path before /v2/ is not supported",
    "http.tls.clientcas": "client certificates are not supported; without them everybody could connect",
    "http.tls.letsencrypt.cachefile": "certificates from Let's Encrypt are not supported",
}

_TOLD: Final = {
    "log.accesslog.disabled": "every request is logged",
    "log.hooks": "no mails are sent",
    "log.reportcaller": "callers are not logged",
    "storage.maintenance.uploadpurging.dryrun": "abandoned uploads are kept instead",
    "http.h2c.enabled": "HTTP/1.1 is spoken",
    "http.tls.minimumtls": "TLS 1.2 and later are spoken",
    "http.tls.clientauth": "client certificates are not asked for",
    "http.tls.ciphersuites": "OpenSSL's own choice of cipher suites is used",
    "notifications.endpoints": "no notifications are sent",
    "redis": "Redis is not used",
    "health.file": "only the storage is checked",
    "health.http": "only the storage is checked",
    "health.tcp": "only the storage is checked",
    "middleware": "no middleware is run",
    "reporting": "errors are not reported elsewhere",
    "compatibility.schema1.enabled": "Docker schema 1 manifests are refused",
    "validation.disabled": "manifests are always validated",
    "validation.manifests": "addresses of foreign layers and the children of indexes are checked in Homeport's own way",
    "policy.repository.classes": "every class of content may be pushed",
}


def refuse_dangerous(values: Values) -> None:
    """Stop where serving would not be what the file says.

    Raises:
        DistributionConfigError: with what stands in the way.
    """
    _check_driver(values)
    _check_auth(values)
    for path, reason in _REFUSED.items():
        if values.says(path) and values.text(path, "/") != "/":
            raise DistributionConfigError(f"{path}: {reason}")


def _check_driver(values: Values) -> None:
    drivers = [key for key in values.keys("storage") if key not in _BESIDE_DRIVERS]
    if len(drivers) != 1:
        found = " and ".join(sorted(drivers)) or "none"
        raise DistributionConfigError(
            f"storage: exactly one storage driver is needed, found {found}",
            hint="as in `storage: {filesystem: {rootdirectory: /var/lib/registry}}`; REGISTRY_STORAGE_* count as well",
        )
    if drivers != [_DRIVER]:
        raise DistributionConfigError(
            f"storage.{drivers[0]}: this storage driver is not supported, only {_DRIVER} is",
            hint="copy the bucket's docker/registry/v2 directory to a disk, and name that in rootdirectory",
        )


def _check_auth(values: Values) -> None:
    kinds = values.keys("auth")
    if len(kinds) > 1:
        raise DistributionConfigError(f"auth: exactly one kind is possible, found {' and '.join(sorted(kinds))}")
    if kinds and kinds[0] not in {"htpasswd", "none"}:
        raise DistributionConfigError(
            f"auth.{kinds[0]}: this kind of authentication is not supported, only htpasswd is",
            hint="without it everybody could push; make a password file with `homeport user add`",
        )
    if kinds == ["htpasswd"]:
        for key in ("realm", "path"):
            if not values.text(f"auth.htpasswd.{key}"):
                raise DistributionConfigError(f"auth.htpasswd.{key} must be set")


def told(values: Values) -> Iterator[tuple[str, str]]:
    """Paths that have no effect here, each with what happens instead."""
    yield from ((path, instead) for path, instead in _TOLD.items() if values.says(path))
    if values.says("log.fields") and values.tree("log.fields") != _DEFAULT_LOG_FIELDS:
        yield "log.fields", "no extra fields are logged"
    if "redis" in {values.text("storage.cache.blobdescriptor"), values.text("storage.cache.layerinfo")}:
        yield "storage.cache", "Redis is not used; there is nothing to cache in it"
    if values.text("http.debug.prometheus.path", _METRICS_PATH) != _METRICS_PATH:
        yield "http.debug.prometheus.path", f"metrics are at {_METRICS_PATH}"
    for key in values.keys("storage.filesystem"):
        if key not in {"rootdirectory", "maxthreads"}:
            yield f"storage.filesystem.{key}", "the filesystem driver has no such parameter"
