"""Prometheus' text format, version 0.0.4: how names, labels and numbers are written.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "histogram"]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_PLAIN_EXPONENTS = range(-4, 21)
_PLAIN_BOUND_EXPONENTS = range(-4, 6)


class MetricInvalid(ValueError):
    """A metric that Prometheus would refuse, or one of the same name twice: a mistake in the program."""


def head(name: str, kind: Kind, help_text: str) -> str:
    """The two lines before a metric's samples."""
    if not _NAME.fullmatch(name):
        raise MetricInvalid(f"{name!r} is no name for a metric")
    escaped = help_text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {name} {escaped}\n# TYPE {name} {kind}"


def check_labels(name: str, labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, if Prometheus takes them; `le` is the histograms' own."""
    for label in labels:
        if not _LABEL.fullmatch(label) or label == "le":
            raise MetricInvalid(f"{label!r} is no name for a label of {name}")
    if len(set(labels)) != len(labels):
        raise MetricInvalid(f"{name} has a label twice")
    return tuple(labels)


def pairs(labels: Sequence[str], values: Sequence[str]) -> str:
    """`a="1",b="2"`, escaped."""
    return ",".join(f'{label}="{_escape(value)}"' for label, value in zip(labels, values, strict=True))


def sample(name: str, inside: str, value: float) -> str:
    """One line; `inside` is what `pairs` gave."""
    return f"{name}{{{inside}}} {number(value)}" if inside else f"{name} {number(value)}"


def number(value: float) -> str:
    """A sample's value: as short as it can be without losing a bit."""
    return str(value) if isinstance(value, int) else _write(value, _PLAIN_EXPONENTS)


def bound(value: float) -> str:
    """A bucket's upper bound, as Go's client writes it (`1.048576e+06`): queries compare it as text."""
    return _write(float(value), _PLAIN_BOUND_EXPONENTS)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _write(value: float, plain_exponents: range) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    shortest = Decimal(repr(value)).normalize()
    if shortest.adjusted() in plain_exponents:
        return f"{shortest:f}"
    mantissa, exponent = f"{shortest:e}".split("e")
    return f"{mantissa}e{int(exponent):+03}"
