import math
import os
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.metrics import CONTENT_TYPE, MetricInvalid, Metrics, Sample
from homeport.kernel.metrics_text import bound, number
from homeport.kernel.process_metrics import add_process_metrics

LINE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')
PAIR = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"')
ESCAPE = re.compile(r"\\(.)")


def unescape(text: str) -> str:
    return ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def parse(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """A reader of the text format that shares nothing with its writer."""
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .*", line)
            continue
        found = LINE.fullmatch(line)
        assert found, line
        labels = {label: unescape(value) for label, value in PAIR.findall(found[2] or "")}
        yield found[1], labels, float(found[3])


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_the_text_is_prometheus_own_example_in_form(metrics: Metrics) -> None:
    """https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details."""
    requests = metrics.counter("http_requests_total", "All requests\nso \\far.", ("method", "code"))
    requests.inc("post", "200", by=1027)
    requests.inc("post", "400", by=3)
    metrics.gauge("temperature", "Now.").set(to=-1.5)
    duration = metrics.histogram("duration_seconds", "Durations.", (0.05, 0.1, 1))
    for value in (0.03125, 0.046875, 0.5, 7):
        duration.observe(value=value)

    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    assert metrics.render() == (
        "# HELP http_requests_total All requests\\nso \\\\far.\n"
        "# TYPE http_requests_total counter\n"
        'http_requests_total{method="post",code="200"} 1027\n'
        'http_requests_total{method="post",code="400"} 3\n'
        "# HELP temperature Now.\n"
        "# TYPE temperature gauge\n"
        "temperature -1.5\n"
        "# HELP duration_seconds Durations.\n"
        "# TYPE duration_seconds histogram\n"
        'duration_seconds_bucket{le="0.05"} 2\n'
        'duration_seconds_bucket{le="0.1"} 2\n'
        'duration_seconds_bucket{le="1"} 3\n'
        'duration_seconds_bucket{le="+Inf"} 4\n'
        "duration_seconds_sum 7.578125\n"
        "duration_seconds_count 4\n"
    )


def test_a_counter_without_labels_is_there_from_the_start_and_one_with_labels_is_not(metrics: Metrics) -> None:
    metrics.counter("a_total", "A.")
    metrics.counter("b_total", "B.", ("x",))

    assert list(parse(metrics.render())) == [("a_total", {}, 0)]


def test_a_child_that_is_kept_counts_with_the_others(metrics: Metrics) -> None:
    gauge = metrics.gauge("in_flight", "Now.", ("handler",))
    kept = gauge.child("blob")
    kept.inc()
    kept.inc()
    gauge.child("blob").dec()

    assert list(parse(metrics.render())) == [("in_flight", {"handler": "blob"}, 1)]


def test_what_is_gone_is_no_longer_shown(metrics: Metrics) -> None:
    gauge = metrics.gauge("size_bytes", "Size.", ("repository",))
    gauge.set("a", to=1)
    gauge.set("b", to=2)

    gauge.remove("a")
    gauge.remove("never seen")

    assert list(parse(metrics.render())) == [("size_bytes", {"repository": "b"}, 2)]


def test_numbers_that_are_elsewhere_are_read_at_each_scrape(metrics: Metrics) -> None:
    sizes: list[Sample] = [(("a",), 1)]
    metrics.read_gauges("size_bytes", "Size.", ("repository",), lambda: sizes)
    metrics.read_counter("seen_total", "Seen.", lambda: len(sizes))
    before = list(parse(metrics.render()))

    sizes.append((("b",), 2.5))

    assert before == [("size_bytes", {"repository": "a"}, 1), ("seen_total", {}, 1)]
    assert list(parse(metrics.render())) == [
        ("size_bytes", {"repository": "a"}, 1), ("size_bytes", {"repository": "b"}, 2.5), ("seen_total", {}, 2),
    ]  # fmt: skip


def test_a_number_that_the_system_will_not_say_is_left_out(metrics: Metrics) -> None:
    def fail() -> float:
        raise OSError

    metrics.read_gauge("unknown", "Unknown.", fail)
    metrics.gauge("known", "Known.")

    assert [name for name, _, _ in parse(metrics.render())] == ["known"]


@given(label_values=st.lists(st.text(), min_size=1, max_size=5, unique=True), help_text=st.text())
def test_any_text_survives_as_a_labels_value(label_values: list[str], help_text: str) -> None:
    metrics = Metrics()
    counter = metrics.counter("seen_total", help_text, ("value",))

    for at, value in enumerate(label_values):
        counter.inc(value, by=at)

    assert list(parse(metrics.render())) == [("seen_total", {"value": v}, at) for at, v in enumerate(label_values)]


@given(value=st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_any_number_survives(value: float) -> None:
    assert float(number(value)) == value
    assert float(bound(value)) == value


@given(
    bounds=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6, unique=True).map(sorted),
    observed=st.lists(st.floats(-1e6, 1e6), max_size=20),
)
def test_a_bucket_counts_every_value_up_to_its_bound(bounds: list[float], observed: list[float]) -> None:
    metrics = Metrics()
    histogram = metrics.histogram("h", "H.", bounds, ("label",))
    child = histogram.child("x")

    for value in observed:
        child.observe(value)

    samples = list(parse(metrics.render()))
    buckets = {float(labels["le"]): count for name, labels, count in samples if name == "h_bucket"}
    assert buckets == {edge: sum(value <= edge for value in observed) for edge in [*bounds, math.inf]}
    assert samples[-1] == ("h_count", {"label": "x"}, len(observed))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.005, "0.005"), (1.0, "1"), (10, "10"), (100_000.0, "100000"), (1e6, "1e+06"), (1048576.0, "1.048576e+06"),
        (2_147_483_648.0, "2.147483648e+09"), (0.00001, "1e-05"), (math.inf, "+Inf"), (-math.inf, "-Inf"),
    ],
)  # fmt: skip
def test_bounds_are_written_as_gos_client_writes_them(value: float, text: str) -> None:
    """Go's strconv.FormatFloat(value, 'g', -1, 64)."""
    assert bound(value) == text


def test_not_a_number_is_written_as_go_reads_it() -> None:
    assert number(math.nan) == "NaN"


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "ä"])
def test_names_that_prometheus_refuses_are_refused(metrics: Metrics, name: str) -> None:
    with pytest.raises(MetricInvalid):
        metrics.counter(name, "It.")
    with pytest.raises(MetricInvalid):
        metrics.counter("a_total", "It.", (name,))


@pytest.mark.parametrize("labels", [("le",), ("__name",), ("a:b",), ("a", "a")])
def test_labels_that_prometheus_refuses_are_refused(metrics: Metrics, labels: tuple[str, ...]) -> None:
    with pytest.raises(MetricInvalid):
        metrics.gauge("a", "It.", labels)


def test_mistakes_in_the_program_are_refused(metrics: Metrics) -> None:
    counter = metrics.counter("a_total", "It.", ("x", "y"))

    with pytest.raises(MetricInvalid, match="is there already"):
        metrics.gauge("a_total", "It.")
    with pytest.raises(MetricInvalid, match="got the values"):
        counter.inc("x")
    with pytest.raises(MetricInvalid, match="do not ascend"):
        metrics.histogram("h", "It.", (1, 1))


def test_the_process_says_what_it_uses(metrics: Metrics) -> None:
    add_process_metrics(metrics)
    before = {name: value for name, _, value in parse(metrics.render())}

    descriptors = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    after = {name: value for name, _, value in parse(metrics.render())}
    for descriptor in descriptors:
        os.close(descriptor)

    assert after["process_open_fds"] == before["process_open_fds"] + 3
    assert after["process_open_fds"] < after["process_max_fds"]
    assert after["process_cpu_seconds_total"] > 0
    assert 10e6 < after["process_resident_memory_bytes"] < after["process_virtual_memory_bytes"]
    assert time.time() - 86_400 < after["process_start_time_seconds"] <= time.time()
