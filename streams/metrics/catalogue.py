"""The catalogue of metrics: everything that workers tell at ``/metrics``.

Names and labels are stable, so that alerts and dashboards can rest on them; a test holds both to
this table, and docs/reference/metrics.md is written from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from streams.metrics import cases, evidence, flow, latency, nation, quality
from streams.metrics.metric import Metric, Worker

AREAS: Final[Mapping[str, tuple[Metric, ...]]] = MappingProxyType(
    {
        "flow": flow.METRICS,
        "latency": latency.METRICS,
        "quality": quality.METRICS,
        "nation": nation.METRICS,
        "cases": cases.METRICS,
        "evidence": evidence.METRICS,
    }
)
"""Metrics by area; a dashboard is about one."""

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {metric.name: metric for metrics in AREAS.values() for metric in metrics}
)
"""Every metric by its name."""


def metrics_of(worker: Worker) -> tuple[Metric, ...]:
    """Return the metrics that a worker tells."""
    return tuple(metric for metric in METRICS.values() if worker in metric.workers)
