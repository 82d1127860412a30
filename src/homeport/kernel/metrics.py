"""Numbers about the running server: counters, gauges, histograms, and the registry that a scrape reads.

Counting belongs to the event loop's thread. Where something is counted often, keep its child (`counter.child("GET")`)
instead of looking it up each time. What already is a number somewhere is not counted again but read when a scrape
asks (`Metrics.read_gauge`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Generic, Protocol, TypeVar

from homeport.kernel.metrics_text import CONTENT_TYPE, Kind, MetricInvalid, bound, check_labels, head, pairs, sample

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "MetricInvalid", "Metrics", "Sample"]

Sample = tuple[tuple[str, ...], float]
"""Values of the labels, in the metric's order, and the number."""


class CounterChild:
    """One number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def inc(self, by: float = 1) -> None:
        """Count; `by` is never negative."""
        self.value += by


class GaugeChild:
    """One number that goes up and down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0

    def inc(self, by: float = 1) -> None:
        """Add."""
        self.value += by

    def dec(self, by: float = 1) -> None:
        """Take away."""
        self.value -= by

    def set(self, value: float) -> None:
        """Replace."""
        self.value = value


class HistogramChild:
    """How many values fell into each bucket, and their sum."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total: float = 0

    def observe(self, value: float) -> None:
        """Count one value; a bucket's upper bound belongs to it."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


Child = TypeVar("Child", CounterChild, GaugeChild, HistogramChild)


class _Family(Generic[Child]):
    """A metric's name and help, and a child for each combination of its labels' values."""

    kind: Kind

    def __init__(self, name: str, help_text: str, labels: Sequence[str], make: Callable[[], Child]) -> None:
        self.name = name
        self._head = head(name, self.kind, help_text)
        self._labels = check_labels(name, labels)
        self._make: Callable[[], Child] = make
        self._children: dict[tuple[str, ...], Child] = {}
        if not labels:
            self.child()

    def child(self, *values: str) -> Child:
        """The one with these values of the labels, made at the first call."""
        found = self._children.get(values)
        if found is None:
            if len(values) != len(self._labels):
                raise MetricInvalid(f"{self.name} has the labels {self._labels}, got the values {values}")
            found = self._children[values] = self._make()
        return found

    def remove(self, *values: str) -> None:
        """Forget what is gone, such as a deleted repository."""
        self._children.pop(values, None)

    def _inside(self) -> Iterable[tuple[str, Child]]:
        return ((pairs(self._labels, values), child) for values, child in self._children.items())


class Counter(_Family[CounterChild]):
    """What only grows until the process ends; the name ends in `_total`."""

    kind: Kind = "counter"

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, help_text, labels, CounterChild)

    def inc(self, *values: str, by: float = 1) -> None:
        """Count on the child with these values."""
        self.child(*values).inc(by)

    def lines(self) -> Iterable[str]:
        """In the text format."""
        yield self._head
        yield from (sample(self.name, inside, child.value) for inside, child in self._inside())


class Gauge(_Family[GaugeChild]):
    """What goes up and down."""

    kind: Kind = "gauge"

    def __init__(self, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, help_text, labels, GaugeChild)

    def set(self, *values: str, to: float) -> None:
        """Replace the number of the child with these values."""
        self.child(*values).set(to)

    def lines(self) -> Iterable[str]:
        """In the text format."""
        yield self._head
        yield from (sample(self.name, inside, child.value) for inside, child in self._inside())


class Histogram(_Family[HistogramChild]):
    """How values are spread, in buckets up to each of `bounds`, ascending, and one above them."""

    kind: Kind = "histogram"

    def __init__(self, name: str, help_text: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> None:
        if not bounds or any(low >= high for low, high in pairwise(bounds)):
            raise MetricInvalid(f"the bounds of {name} do not ascend")
        ascending = tuple(bounds)
        self._bound_texts = (*map(bound, ascending), "+Inf")
        super().__init__(name, help_text, labels, lambda: HistogramChild(ascending))

    def observe(self, *values: str, value: float) -> None:
        """Count a value on the child with these values of the labels."""
        self.child(*values).observe(value)

    def lines(self) -> Iterable[str]:
        """In the text format; buckets are cumulative there."""
        yield self._head
        for inside, child in self._inside():
            counts = list(accumulate(child.counts))
            before = f"{inside}," if inside else ""
            for text, count in zip(self._bound_texts, counts, strict=True):
                yield sample(f"{self.name}_bucket", f'{before}le="{text}"', count)
            yield sample(f"{self.name}_sum", inside, child.total)
            yield sample(f"{self.name}_count", inside, counts[-1])


class _Read:
    """A counter or gauge that is read from elsewhere at each scrape."""

    def __init__(
        self, name: str, kind: Kind, help_text: str, labels: Sequence[str], read: Callable[[], Iterable[Sample]]
    ) -> None:
        self.name = name
        self._head = head(name, kind, help_text)
        self._labels = check_labels(name, labels)
        self._read = read

    def lines(self) -> Iterable[str]:
        """In the text format; nothing when the system will not say."""
        with suppress(OSError):
            samples = list(self._read())
            yield self._head
            yield from (sample(self.name, pairs(self._labels, values), value) for values, value in samples)


class _Lines(Protocol):
    """A metric of any kind."""

    name: str

    def lines(self) -> Iterable[str]:
        """In the text format."""
        ...


Metric = TypeVar("Metric", bound=_Lines)


class Metrics:
    """All metrics of one server, in the order in which they were added."""

    def __init__(self) -> None:
        self._metrics: dict[str, _Lines] = {}

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """Add a counter."""
        return self._add(Counter(name, help_text, labels))

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """Add a gauge."""
        return self._add(Gauge(name, help_text, labels))

    def histogram(self, name: str, help_text: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        """Add a histogram."""
        return self._add(Histogram(name, help_text, bounds, labels))

    def read_gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read at each scrape; an `OSError` leaves it out of that one."""
        self._add(_Read(name, "gauge", help_text, (), lambda: [((), read())]))

    def read_gauges(
        self, name: str, help_text: str, labels: Sequence[str], read: Callable[[], Iterable[Sample]]
    ) -> None:
        """Add a gauge with labels, all of them read at each scrape."""
        self._add(_Read(name, "gauge", help_text, labels, read))

    def read_counter(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a counter that is read at each scrape; an `OSError` leaves it out of that one."""
        self._add(_Read(name, "counter", help_text, (), lambda: [((), read())]))

    def read_counters(
        self, name: str, help_text: str, labels: Sequence[str], read: Callable[[], Iterable[Sample]]
    ) -> None:
        """Add a counter with labels, all of them read at each scrape."""
        self._add(_Read(name, "counter", help_text, labels, read))

    def render(self) -> str:
        """What `/metrics` answers, of `CONTENT_TYPE`."""
        return "\n".join([line for metric in self._metrics.values() for line in metric.lines()] + [""])

    def _add(self, metric: Metric) -> Metric:
        if metric.name in self._metrics:
            raise MetricInvalid(f"{metric.name} is there already")
        self._metrics[metric.name] = metric
        return metric
