"""Metrics of the nation: its sources, their silence, and the time of the log.

Counts only: which source is silent stands in ClickHouse (view ``gaps_current``).
"""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import Metric

SOURCES: Final = Metric(
    "emissions_sources",
    "gauge",
    ("streams",),
    "Sources of this worker's partitions of which readings are due now: none while it is excused.",
    "0 although enterprises are registered: `emissions registry load`, and the log of the worker.",
)
SILENT: Final = Metric(
    "emissions_sources_silent",
    "gauge",
    ("streams",),
    "Of them those whose last reading ends longer ago, by stream time without what was excused.",
    "Many at once: the way from the stations. Single ones: `SELECT * FROM gaps_current`.",
    {"longer_than": "1h or 24h"},
)
STREAM_TIME: Final = Metric(
    "emissions_stream_timestamp_seconds",
    "gauge",
    ("streams",),
    "Stream time of a partition: the latest arrival that its results are about, Unix time.",
    "Behind the clock: lag, or no ticks.",
    {"partition": "partition of the readings"},
)
TICK_TIME: Final = Metric(
    "emissions_tick_timestamp_seconds",
    "gauge",
    ("streams",),
    "Stream time of the last batch of a partition with a tick in it, Unix time.",
    "Old: no streams worker leads, or the partition has lag. Without ticks windows stay open.",
    {"partition": "partition of the readings"},
)
VALUES_DUE: Final = Metric(
    "emissions_20min_values_due",
    "gauge",
    ("streams",),
    "20-minute values that were due in the last full hour of stream time: one a source and "
    "interval, but for what is excused and for sources whose readings are longer (Order 208, "
    "point 20).",
    "",
    {"region": "region of the enterprise (ISO 3166-2:KZ)"},
)
VALUES_RECEIVED: Final = Metric(
    "emissions_20min_values_received",
    "gauge",
    ("streams",),
    "Of them those of which a reading was accepted by now, whatever it is worth.",
    "One region: its gateway or link. Few everywhere: `SELECT * FROM gaps_current`.",
    {"region": "region of the enterprise (ISO 3166-2:KZ)"},
)
PENDING_MARK: Final = Metric(
    "emissions_mark_pending_timestamp_seconds",
    "gauge",
    ("streams",),
    "When the oldest mark of an operator that has no final verdict yet arrived, Unix time; none "
    "while there is no such mark.",
    "A mark is pending until 72 h after its interval. Older: stream time does not advance.",
)

METRICS: Final = (
    SOURCES, SILENT, VALUES_DUE, VALUES_RECEIVED, PENDING_MARK, STREAM_TIME, TICK_TIME,
)  # fmt: skip
