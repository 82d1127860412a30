"""What prometheus-operator and Grafana read: a ServiceMonitor, alerts and a dashboard."""

import json
from collections.abc import Sequence

from homeport.deploy.documents import Json
from homeport.deploy.objects.certificates import TLS_SECRET
from homeport.deploy.objects.labels import INSTALLATION, INSTANCE, NAMESPACE, PART_OF, PRODUCT, labels, metadata
from homeport.deploy.templates.nodes import Document, Node, Ref, Text, given, join

FILE = "monitoring"
_API = "monitoring.coreos.com/v1"
_WATCHED = given("metrics.serviceMonitor")
_FREE_BYTES = 2 * 1024**3
_DURATION = "registry_http_request_duration_seconds"


def _metadata(name: str) -> dict[str, Node]:
    return {**metadata(name), "labels": {**labels(), "release": Ref("metrics.release")}}


def _alert(name: str, expression: Sequence[Text], minutes: int, severity: str, summary: str) -> Node:
    return {
        "alert": name,
        "expr": join(*expression),
        "for": f"{minutes}m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def _ends_in(label: str) -> Sequence[Text]:
    name = "certmanager_certificate_expiration_timestamp_seconds"
    return f'{name}{{{label}="', NAMESPACE, f'",name="{TLS_SECRET}"}}'


_HERE = ('{namespace="', NAMESPACE, '"}')
_ALERTS: Sequence[Node] = (
    _alert(
        "HomeportDown",
        ['up{namespace="', NAMESPACE, '",job=~"registry|aws"} == 0'],
        5,
        "critical",
        "{{ $labels.job }} of Homeport does not answer",
    ),
    _alert(
        "HomeportDiskNearlyFull",
        ["homeport_registry_disk_free_bytes", *_HERE, f" < {_FREE_BYTES}"],
        10,
        "warning",
        "the registry's disk has {{ $value | humanize1024 }}B left; local-path does not enforce claims",
    ),
    _alert(
        "HomeportErrors",
        [
            'sum(rate(registry_http_requests_total{namespace="',
            NAMESPACE,
            '",code=~"5.."}[5m])) / sum(rate(registry_http_requests_total{namespace="',
            NAMESPACE,
            '"}[5m])) > 0.05',
        ],
        10,
        "warning",
        "{{ $value | humanizePercentage }} of the registry's answers are errors of its own",
    ),
    _alert(
        "HomeportCertificateEnds",
        # Unless a monitor honours cert-manager's own label, `namespace` is cert-manager's, and ours has another name.
        ["(", *_ends_in("namespace"), " or ", *_ends_in("exported_namespace"), ") - time() < 1209600"],
        60,
        "warning",
        "the certificate was not renewed and ends in {{ $value | humanizeDuration }}",
    ),
)


def _panel(number: int, title: str, unit: str, expression: str, legend: str) -> Json:
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "gridPos": {"h": 8, "w": 12, "x": 12 * ((number - 1) % 2), "y": 8 * ((number - 1) // 2)},
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend}],
    }


_DASHBOARD = json.dumps(
    {
        "title": "Homeport",
        "uid": "homeport",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [
            _panel(1, "Requests", "reqps", "sum by (handler) (rate(registry_http_requests_total[5m]))", "{{handler}}"),
            _panel(2, "Answers by code", "reqps", "sum by (code) (rate(registry_http_requests_total[5m]))", "{{code}}"),
            _panel(
                3,
                "Slowest twentieth",
                "s",
                f"histogram_quantile(0.95, sum by (le, handler) (rate({_DURATION}_bucket[5m])))",
                "{{handler}}",
            ),
            _panel(4, "Bytes out", "Bps", "sum(rate(registry_http_response_size_bytes_sum[5m]))", "sent"),
            _panel(5, "Free disk", "bytes", "homeport_registry_disk_free_bytes", "{{pod}}"),
            _panel(6, "Blobs", "bytes", "homeport_registry_blob_bytes", "{{pod}}"),
            _panel(
                7, "Largest repositories", "bytes", "topk(10, homeport_registry_repository_bytes)", "{{repository}}"
            ),
            _panel(8, "Memory", "bytes", 'process_resident_memory_bytes{job=~"registry|aws"}', "{{job}}"),
        ],
    },
    indent=1,
)

DOCUMENTS = (
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "ServiceMonitor",
            "metadata": _metadata("homeport"),
            "spec": {
                "selector": {"matchLabels": {INSTANCE: INSTALLATION, PART_OF: PRODUCT}},
                "jobLabel": "app.kubernetes.io/name",
                "endpoints": [{"port": "metrics", "path": "/metrics", "interval": "30s", "scrapeTimeout": "10s"}],
            },
        },
        _WATCHED,
    ),
    Document(
        FILE,
        {
            "apiVersion": _API,
            "kind": "PrometheusRule",
            "metadata": _metadata("homeport"),
            "spec": {"groups": [{"name": "homeport", "rules": _ALERTS}]},
        },
        _WATCHED,
    ),
    Document(
        FILE,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                **metadata("homeport-dashboard"),
                # Grafana's sidecar looks for this label.
                "labels": {**labels(), "grafana_dashboard": "1"},
            },
            "data": {"homeport.json": _DASHBOARD},
        },
        given("metrics.dashboard"),
    ),
)
