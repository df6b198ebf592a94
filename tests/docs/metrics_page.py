"""Writes the page of metrics from their catalogue."""

from __future__ import annotations

from streams.metrics.catalogue import AREAS
from streams.metrics.metric import Metric
from tests.docs.markdown import code, page, table


def metrics_page() -> str:
    """Show the metrics by area, with their labels, who tells them, and what to do."""
    parts = [
        "Every worker with `EMISSIONS_WEB_PORT` set tells its metrics at `/metrics`, as Prometheus "
        "reads them (text or OpenMetrics), beside its health pages. Names and labels are stable, "
        "so alerts and dashboards can rest on them. No label names a source or an enterprise: "
        "which source is silent or which case is over its term stands in ClickHouse. Beside these "
        "there are `process_*` of the client library: memory, processor time, open files.",
    ]
    for area, metrics in AREAS.items():
        rows = [
            (code(each.name), each.kind, _labels(each), ", ".join(each.workers), _said(each))
            for each in metrics
        ]
        head = ("metric", "type", "labels", "workers", "means, and what to do")
        parts += [f"## {area.capitalize()}", table(head, rows)]
    return page("Metrics", *parts)


def _labels(metric: Metric) -> str:
    return "; ".join(f"{code(name)}: {meaning}" for name, meaning in metric.labels.items())


def _said(metric: Metric) -> str:
    buckets = ", ".join(f"{each:g}" for each in metric.buckets)
    bounds = f" Buckets: {buckets} s." if buckets else ""
    return f"{metric.meaning}{bounds} {metric.remedy}".strip()
