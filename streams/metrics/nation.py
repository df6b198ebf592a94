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
    "Sources of this worker's partitions of which readings are due.",
    "0 although enterprises are registered: `emissions registry load`, and the log of the worker.",
)
SILENT: Final = Metric(
    "emissions_sources_silent",
    "gauge",
    ("streams",),
    "Of them those whose last reading ends longer ago, by stream time, whether excused or not.",
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

METRICS: Final = (SOURCES, SILENT, STREAM_TIME, TICK_TIME)
