"""Writes Grafana's dashboards from the catalogue of metrics: one for each area.

A dashboard begins with what a person looks at first (`HEADLINES`); below it every metric of its
area has a panel, whose description is what the catalogue says of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from streams.metrics.catalogue import AREAS
from streams.metrics.metric import Metric

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "grafana"

_RATE: Final = "$__rate_interval"
_WIDTH: Final = 24
_HEADLINE_HEIGHT: Final = 4
_PANEL_HEIGHT: Final = 8
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

TITLES: Final = {
    "flow": "Flow: how far the workers are",
    "latency": "Latency: from measurement to violation and to row",
    "quality": "Quality: which values count",
    "nation": "Nation: sources and their silence",
    "cases": "Cases: violations and terms",
    "evidence": "Evidence: the transparency log",
}


class Headline(NamedTuple):
    """A number that a person looks at first; ``bad`` is the value from which it is red."""

    title: str
    expression: str
    unit: str = "short"
    bad: float | None = None
    low_is_bad: bool = False


def _quantile(name: str, of: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({name}_bucket{of}[15m])))"


HEADLINES: Final[dict[str, tuple[Headline, ...]]] = {
    "flow": (
        Headline("Records that wait", "sum(kafka_consumergroup_lag)"),
        Headline("Oldest of them", "max(emissions_lag_seconds)", "s", 60),
        Headline("Readings a second", "sum(rate(emissions_readings_total[5m]))", "ops"),
        Headline("Workers not ready", "count(emissions_worker_ready == 0) or vector(0)", bad=1),
        Headline("Partitions held", "sum(emissions_partitions_held) or vector(0)", bad=1),
        Headline("Memory of workers", "sum(process_resident_memory_bytes{job!=\"\"})", "bytes"),
    ),
    "latency": (
        Headline(
            "Violations, 95 % since arrival",
            _quantile("emissions_violation_latency_seconds", '{since="arrival"}'), "s", 5,
        ),
        Headline(
            "Violations, 95 % since measurement",
            _quantile("emissions_violation_latency_seconds", '{since="measurement"}'), "s",
        ),
        Headline(
            "Rows of readings, 95 % since arrival",
            _quantile("emissions_row_latency_seconds", '{table="readings",since="arrival"}'),
            "s", 10,
        ),
        Headline(
            "Judging a batch, 95 %",
            _quantile("emissions_batch_stage_seconds", '{stage="judge"}'), "s",
        ),
    ),
    "quality": (
        Headline(
            "Values that count, of those that are due",
            'sum(rate(emissions_values_total{quality=~"VALID|ZEROED|UNVERIFIED"}[1h])) / '
            'sum(rate(emissions_values_total{quality!~"EXCUSED|STATE_.*|UNKNOWN_PARAMETER"}[1h]))',
            "percentunit", 0.75, low_is_bad=True,
        ),
        Headline(
            "Messages refused",
            'sum(rate(emissions_readings_total{outcome="refused"}[15m]))'
            " / sum(rate(emissions_readings_total[15m]))",
            "percentunit", 0.05,
        ),
        Headline(
            "Messages repeated",
            'sum(rate(emissions_readings_total{outcome="duplicate"}[15m]))'
            " / sum(rate(emissions_readings_total[15m]))",
            "percentunit",
        ),
    ),
    "nation": (
        Headline("Sources of which readings are due", "sum(emissions_sources)"),
        Headline("Silent for an hour", 'sum(emissions_sources_silent{longer_than="1h"})'),
        Headline("Silent for a day", 'sum(emissions_sources_silent{longer_than="24h"})'),
        Headline(
            "Share silent for a day",
            'sum(emissions_sources_silent{longer_than="24h"}) / sum(emissions_sources)',
            "percentunit", 0.05,
        ),
        Headline(
            "20-minute values received",
            "sum(emissions_20min_values_received) / sum(emissions_20min_values_due)",
            "percentunit", 0.95, low_is_bad=True,
        ),
        Headline(
            "In the worst region",
            "min(sum by (region) (emissions_20min_values_received)"
            " / sum by (region) (emissions_20min_values_due))",
            "percentunit", 0.8, low_is_bad=True,
        ),
        Headline(
            "Oldest mark without a verdict",
            "time() - min(emissions_mark_pending_timestamp_seconds)", "s", 604800,
        ),
        Headline(
            "Age of the last tick",
            "time() - min(max by (partition) (emissions_tick_timestamp_seconds))", "s", 60,
        ),
    ),
    "cases": (
        Headline(
            "Papers beyond their term",
            'sum(max by (track) (emissions_cases_undelivered{term="over"}))', bad=1,
        ),
        Headline(
            "Papers within their term",
            'sum(max by (track) (emissions_cases_undelivered{term="within"}))',
        ),
        Headline(
            "Cases at which a person must look",
            'sum(max by (track) (emissions_cases{state="REVIEW"}))',
        ),
        Headline(
            "New violations in a day",
            'sum(increase(emissions_violations_total{status="OPEN"}[24h]))',
        ),
    ),
    "evidence": (
        Headline("Leaves of the log", "max(emissions_log_leaves)"),
        Headline(
            "Leaves without a signed checkpoint",
            "max(emissions_log_leaves) - max(emissions_log_published_leaves)",
        ),
        Headline(
            "Age of the checkpoint",
            "time() - max(emissions_log_checkpoint_timestamp_seconds)", "s", 600,
        ),
        Headline(
            "Verifications that failed in a day",
            'sum(increase(emissions_log_verifications_total{result="failed"}[24h]))', bad=1,
        ),
    ),
}  # fmt: skip


def dashboards() -> dict[str, str]:
    """Return every dashboard as JSON, by its file name."""
    return {f"{area}.json": json.dumps(_dashboard(area), indent=1) + "\n" for area in AREAS}


def _dashboard(area: str) -> dict[str, Any]:
    panels = [*_headlines(area), *_panels(area)]
    return {
        "uid": f"emissions-{area}",
        "title": TITLES[area],
        "tags": ["emissions"],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [
            {"type": "dashboards", "title": "Emissions", "tags": ["emissions"], "keepTime": True}
        ],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "type": "datasource",
                    "query": "prometheus",
                    "label": "Prometheus",
                }
            ]
        },
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }


def _headlines(area: str) -> Iterator[dict[str, Any]]:
    width = _WIDTH // len(HEADLINES[area])
    for number, each in enumerate(HEADLINES[area]):
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if each.bad is not None and each.low_is_bad:
            steps = [{"color": "red", "value": None}, {"color": "green", "value": each.bad}]
        elif each.bad is not None:
            steps.append({"color": "red", "value": each.bad})
        yield {
            "type": "stat",
            "title": each.title,
            "datasource": _DATASOURCE,
            "gridPos": {"x": number * width, "y": 0, "w": width, "h": _HEADLINE_HEIGHT},
            "fieldConfig": {
                "defaults": {
                    "unit": each.unit,
                    "thresholds": {"mode": "absolute", "steps": steps},
                },
                "overrides": [],
            },
            "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area"},
            "targets": [{"refId": "A", "expr": each.expression, "instant": False}],
        }


def _panels(area: str) -> Iterator[dict[str, Any]]:
    for number, metric in enumerate(AREAS[area]):
        column, row = number % 2, number // 2
        yield {
            "type": "timeseries",
            "title": metric.name,
            "description": f"{metric.meaning} {metric.remedy}".strip(),
            "datasource": _DATASOURCE,
            "gridPos": {
                "x": column * _WIDTH // 2,
                "y": _HEADLINE_HEIGHT + row * _PANEL_HEIGHT,
                "w": _WIDTH // 2,
                "h": _PANEL_HEIGHT,
            },
            "fieldConfig": {"defaults": {"unit": _unit(metric), "min": 0}, "overrides": []},
            "options": {
                "legend": {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
            "targets": [
                {"refId": chr(ord("A") + at), "expr": expression, "legendFormat": legend}
                for at, (expression, legend) in enumerate(_queries(metric, area))
            ],
        }


def _queries(metric: Metric, area: str) -> Iterator[tuple[str, str]]:
    """Yield the expressions of a metric's panel, each with its legend."""
    labels = [*metric.labels]
    if metric.name in ("emissions_worker_ready", "emissions_worker_live"):
        labels = ["job", "instance"]
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    by = f" by ({', '.join(labels)}) " if labels else ""
    if metric.kind == "histogram":
        grouped = ", ".join(["le", *labels])
        series = f"sum by ({grouped}) (rate({metric.name}_bucket[{_RATE}]))"
        for share in (0.5, 0.95):
            yield f"histogram_quantile({share}, {series})", f"{share:.0%} {legend}".strip()
    elif metric.kind == "counter":
        yield f"sum{by}(rate({metric.name}[{_RATE}]))", legend or "a second"
    elif metric.name == "emissions_mark_pending_timestamp_seconds":  # of these the oldest matters
        yield f"time() - min({metric.name})", "age"
    elif metric.name.endswith("_timestamp_seconds"):
        yield f"time() - max{by}({metric.name})", legend or "age"
    else:  # every sinks worker tells of all cases
        yield f"{'max' if area == 'cases' else 'sum'}{by}({metric.name})", legend or "now"


def _unit(metric: Metric) -> str:
    if metric.kind == "counter":
        return "ops"
    if metric.name.endswith("_bytes"):
        return "bytes"
    return "s" if metric.name.endswith("_seconds") else "short"
