"""Metrics of what the law makes of it: violations, and cases within their terms."""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import Metric

VIOLATIONS: Final = Metric(
    "emissions_violations_total",
    "counter",
    ("streams",),
    "Revisions of violations that the broker has confirmed.",
    "Many of one rule at once: try its newest version with `emissions backtest`.",
    {"rule": "code of the rule", "status": "OPEN, AMENDED, CLOSED or WITHDRAWN"},
)
CASES: Final = Metric(
    "emissions_cases",
    "gauge",
    ("sinks",),
    "Cases that were not withdrawn, as ClickHouse has them. Every worker tells the same: take the "
    "maximum.",
    "",
    {"track": "PRESCRIPTION, COURT or INSPECTION", "state": "OPEN, REVIEW, DEFERRED or CLOSED"},
)
CASES_DUE: Final = Metric(
    "emissions_cases_undelivered",
    "gauge",
    ("sinks",),
    "Open cases and those to review whose paper was not delivered, by the term to draw it up "
    "(КоАП 806, 822-1; Ecological Code 174). Every worker tells the same: take the maximum.",
    "Over: `emissions cases --today` puts them first; the other side will name each day.",
    {"track": "PRESCRIPTION, COURT or INSPECTION", "term": "within or over"},
)
CASES_TIME: Final = Metric(
    "emissions_cases_timestamp_seconds",
    "gauge",
    ("sinks",),
    "When the counts of cases were last read from ClickHouse, Unix time.",
    "Old: ClickHouse is away, or lacks the view `cases_current`: `emissions migrate`.",
)

METRICS: Final = (VIOLATIONS, CASES, CASES_DUE, CASES_TIME)
