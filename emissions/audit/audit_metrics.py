"""Writes what an audit found for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import write_to_textfile

from emissions.audit.check import AuditCheck
from streams.metrics import evidence
from streams.metrics.metric_set import MetricSet


def audit_metrics(
    checks: Iterable[AuditCheck], clock: Callable[[], float] = time.time
) -> MetricSet:
    """Count the checks of each part that did not hold; ``clock`` is Unix time."""
    metrics = MetricSet("audit")
    failed, parts = metrics.gauge(evidence.AUDIT_FAILED), Counter[str]()
    for check in checks:
        parts[check.part] += not check.holds
    for part, count in parts.items():
        failed.labels(part).set(count)
    metrics.gauge(evidence.AUDIT_TIME).set(clock())
    return metrics


def write_metrics(path: Path, checks: Iterable[AuditCheck]) -> None:
    """Write the metrics to a file, replaced as a whole. Raises OSError."""
    write_to_textfile(str(path), audit_metrics(checks).registry)
