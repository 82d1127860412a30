"""Alerts and dashboard: that they ask for numbers which the servers give."""

import json
import re
import urllib.request
from collections.abc import Iterator

from tests.deploy.lab import ADMIN, Lab
from tests.images import build_image
from tests.wire import Client

from homeport.deploy.documents import kind_of, list_at, map_at, name_of, text_at
from homeport.deploy.render import render
from homeport.deploy.values import load_values

_OURS = re.compile(r"\b((?:homeport|registry|process)_[a-z_]+?)(?:_bucket|_sum|_count)?(?=[\[{),\s<]|$)")


def expressions() -> Iterator[str]:
    objects = render(load_values(None, ["metrics.serviceMonitor=true", "metrics.dashboard=true"]))
    for each in objects:
        if kind_of(each) == "PrometheusRule":
            for group in list_at(each, "spec", "groups"):
                yield from (text_at(rule, "expr") for rule in list_at(group, "rules"))
        if name_of(each) == "homeport-dashboard":
            dashboard = json.loads(str(map_at(each, "data")["homeport.json"]))
            yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def test_every_number_that_alerts_and_dashboard_ask_for_is_there(lab: Lab) -> None:
    client = Client(f"http://127.0.0.1:{lab.ports['registry', 'http']}", user=ADMIN[0], password=ADMIN[1])
    client.push_image("monitoring/one", build_image(), "1")
    with urllib.request.urlopen(f"http://127.0.0.1:{lab.ports['registry', 'metrics']}/metrics") as answer:
        text = answer.read().decode()
    there = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}

    asked = {name for expression in expressions() for name in _OURS.findall(expression)}

    assert len(asked) >= 6
    assert asked - there == set()


def test_alerts_look_only_into_their_own_namespace() -> None:
    objects = render(load_values(None, ["metrics.serviceMonitor=true", "namespace.name=tools"]))
    rule = next(each for each in objects if kind_of(each) == "PrometheusRule")
    expressions = [text_at(each, "expr") for each in list_at(rule, "spec", "groups", 0, "rules")]

    assert len(expressions) == 4
    assert all('namespace="tools"' in each for each in expressions)


def test_the_certificates_end_is_seen_whoever_scrapes_cert_manager() -> None:
    """Without `honorLabels`, as in cert-manager's own ServiceMonitor, its label is `exported_namespace`."""
    [found] = [each for each in expressions() if "certmanager" in each]

    assert '{namespace="homeport",name="homeport-tls"}' in found
    assert '{exported_namespace="homeport",name="homeport-tls"}' in found
