"""Metrics of the quality of readings: what is refused, and which values count."""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import Metric

REFUSED: Final = Metric(
    "emissions_readings_refused_total",
    "counter",
    ("streams",),
    "Messages that became dead letters, by reason.",
    "`emissions dead-letters list --summary` says whose; the runbook says what each reason means.",
    {"reason": "reason of the dead letter (docs/reference/quality-codes.md)"},
)
VALUES: Final = Metric(
    "emissions_values_total",
    "counter",
    ("sinks",),
    "Values of accepted readings that ClickHouse has confirmed, by quality code.",
    "A code that grows: `SELECT * FROM availability`, and the operators of those sources.",
    {
        "quality": "quality code; VALID, ZEROED, UNVERIFIED: it counts "
        "(docs/reference/quality-codes.md)"
    },
)

METRICS: Final = (REFUSED, VALUES)
