"""The registry's numbers, under the names and labels that dashboards of distribution know."""

from collections.abc import Sequence
from typing import Final

from homeport.kernel.http.access_log import AccessLog
from homeport.kernel.http.message import Request
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics, Sample
from homeport.registry.operations.context import Registry
from homeport.registry.store.index import RepositoryStatistics

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)
_BYTES: Final = tuple(1024 * 2**power for power in range(22))
_METHODS: Final = frozenset({"get", "head", "post", "put", "patch", "delete", "options"})
_STORAGE_SECONDS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)


class RegistryObserver(AccessLog):
    """Counts the registry's requests and logs them."""

    def __init__(self, metrics: Metrics, log: Log) -> None:
        super().__init__(log)
        route, method = "handler", "method"
        self._total = metrics.counter(
            "registry_http_requests_total", "Total number of HTTP requests made.", (route, "code", method)
        )
        self._in_flight = metrics.gauge(
            "registry_http_in_flight_requests", "A gauge of in-flight requests for the http handler.", (route,)
        )
        self._seconds = metrics.histogram(
            "registry_http_request_duration_seconds",
            "The HTTP request latencies in seconds.",
            _SECONDS,
            (route, method),
        )
        self._received = metrics.histogram(
            "registry_http_request_size_bytes", "The HTTP request sizes in bytes.", _BYTES, (route,)
        )
        self._sent = metrics.histogram(
            "registry_http_response_size_bytes", "The HTTP response sizes in bytes.", _BYTES, (route,)
        )
        self._busy = 0
        metrics.read_gauge("homeport_registry_requests_running", "Requests being answered.", lambda: self._busy)

    def started(self, _request: Request) -> None:
        """A request has come; which kind it is shows only later."""
        self._busy += 1

    def finished(self, request: Request, status: int, sent_bytes: int, seconds: float) -> None:
        """Count and log it."""
        self._busy -= 1
        route = request.route
        if route:
            method = request.method.lower()
            method = method if method in _METHODS else "other"
            self._total.child(route, str(status), method).inc()
            self._seconds.child(route, method).observe(seconds)
            self._received.child(route).observe(request.body.received)
            self._sent.child(route).observe(sent_bytes)
        super().finished(request, status, sent_bytes, seconds)

    def entered(self, route: str) -> None:
        """A request of this kind is being answered."""
        self._in_flight.child(route).inc()

    def left(self, route: str) -> None:
        """It is not any more."""
        self._in_flight.child(route).dec()


class StorageTimes:
    """How long file operations take, as distribution's storage drivers count them."""

    def __init__(self, metrics: Metrics) -> None:
        family = metrics.histogram(
            "registry_storage_action_seconds",
            "The number of seconds that the storage action takes",
            _STORAGE_SECONDS,
            ("driver", "action"),
        )
        self.get_content = family.child("filesystem", "GetContent")
        self.put_content = family.child("filesystem", "PutContent")
        self.stat = family.child("filesystem", "Stat")
        self.move = family.child("filesystem", "Move")
        self.delete = family.child("filesystem", "Delete")


class StorageNumbers:
    """Sizes and times of repositories, taken from the index now and then and shown at each scrape."""

    def __init__(self, metrics: Metrics, registry: Registry) -> None:
        self._registry = registry
        self._repositories: Sequence[RepositoryStatistics] = ()
        space = registry.space
        metrics.read_gauge(
            "homeport_registry_disk_free_bytes", "Free bytes of the disk that holds the registry.", space.free_bytes
        )
        metrics.read_gauge(
            "homeport_registry_blob_bytes", "Bytes of all blobs, each counted once.", lambda: space.used_bytes
        )
        metrics.read_gauges(
            "homeport_registry_repository_bytes",
            "Bytes of a repository's manifests and blobs, shared ones included.",
            ("repository",),
            lambda: [((entry.name,), entry.size_bytes) for entry in self._repositories],
        )
        metrics.read_gauges(
            "homeport_registry_last_push_timestamp_seconds",
            "When a manifest was last pushed to a repository.",
            ("repository",),
            self._last_pushes,
        )
        metrics.read_gauges(
            "homeport_registry_last_pull_timestamp_seconds",
            "When a manifest was last pulled from a repository.",
            ("repository",),
            self._last_pulls,
        )

    def take(self, repositories: Sequence[RepositoryStatistics]) -> None:
        """Show these from now on."""
        self._repositories = repositories

    def _last_pushes(self) -> list[Sample]:
        newest = {entry.name: entry.pushed_at for entry in self._repositories if entry.pushed_at is not None}
        newest.update(self._registry.pushes)
        return [((name,), at / 1000) for name, at in newest.items()]

    def _last_pulls(self) -> list[Sample]:
        newest = {entry.name: entry.pulled_at for entry in self._repositories if entry.pulled_at is not None}
        newest.update(self._registry.pulls)
        return [((name,), at / 1000) for name, at in newest.items()]
