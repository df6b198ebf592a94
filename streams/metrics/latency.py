"""Metrics of latency: how long a batch takes, and how late a result is."""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import Metric

END_TO_END_S: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 600, 1800, 3600, 21600, 86400)
"""Around the goals, and on to the lateness of readings that a station kept back."""

STAGE: Final = Metric(
    "emissions_batch_stage_seconds",
    "histogram",
    ("streams", "sinks"),
    "Time of each stage of a batch of one partition.",
    "The stage that grows says where to look: registry and replay (topics), judge (processor), "
    "produce and save (broker), insert (ClickHouse).",
    {
        "stage": "streams: restore, registry, replay, judge, encode, produce, save; sinks: decode, "
        "insert",
    },
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
VIOLATION: Final = Metric(
    "emissions_violation_latency_seconds",
    "histogram",
    ("streams",),
    "Time until the broker has confirmed a violation. Since arrival: of the record by which this "
    "revision was certain. Since measurement: from the end of a new one, where it has one; the "
    "grace of its window is in it.",
    "High since arrival: lag, or a slow broker. High only since measurement: stations send late.",
    {"since": "arrival or measurement"},
    END_TO_END_S,
)
ROW: Final = Metric(
    "emissions_row_latency_seconds",
    "histogram",
    ("sinks",),
    "Time until ClickHouse has confirmed the rows of a message. Since measurement (of readings): "
    "the end of their interval.",
    "High since arrival: lag of the sinks, or ClickHouse. High only since measurement: stations "
    "send late.",
    {"table": "table of ClickHouse", "since": "arrival or measurement"},
    END_TO_END_S,
)

METRICS: Final = (STAGE, VIOLATION, ROW)
