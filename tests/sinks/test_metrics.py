"""What is written is counted by table, by how late it is, and values by their quality."""

from __future__ import annotations

from sinks.metrics import SinkMetrics
from sinks.tables import RAW_MESSAGES, READINGS, VIOLATIONS
from streams.metrics.metric_set import MetricSet
from tests.metrics.samples import value
from tests.sinks.make import MARCH, MINUTE, batch, entry, reading_entry, violation


def test_rows_of_readings_are_late_since_arrival_and_since_measurement() -> None:
    metrics = MetricSet("sinks")
    counted = SinkMetrics(metrics, lambda: (MARCH + 3 * MINUTE) / 1000)
    readings = batch([reading_entry(at) for at in range(3)])
    counted.inserted(READINGS, readings, 6)
    counted.inserted(RAW_MESSAGES, readings, 3)

    def late(since: str, le: str, table: str = "readings") -> float | None:
        name = "emissions_row_latency_seconds_bucket"
        return value(metrics, name, table=table, since=since, le=le)

    assert value(metrics, "emissions_inserted_rows_total", table="readings") == 6
    assert late("arrival", "60.0") == 0
    assert late("arrival", "300.0") == 3
    # Their minutes end 1, 2 and 3 minutes after the first one's begin.
    assert late("measurement", "0.1") == 1
    assert late("measurement", "60.0") == 2
    assert late("measurement", "300.0") == 3
    assert late("arrival", "300.0", RAW_MESSAGES.name) == 3
    assert late("measurement", "300.0", RAW_MESSAGES.name) is None
    assert value(metrics, "emissions_values_total", quality="VALID") == 3
    assert value(metrics, "emissions_values_total", quality="STATUS_C") == 3


def test_records_of_other_tables_are_late_since_arrival() -> None:
    metrics = MetricSet("sinks")
    counted = SinkMetrics(metrics, lambda: (MARCH + 400) / 1000)
    counted.inserted(VIOLATIONS, batch([entry(0, violation())], "emissions.violations"), 1)
    name, labels = "emissions_row_latency_seconds_bucket", {"since": "arrival"}
    assert value(metrics, name, table="violations", le="0.25", **labels) == 0
    assert value(metrics, name, table="violations", le="0.5", **labels) == 1


def test_failures_are_counted_by_table() -> None:
    metrics = MetricSet("sinks")
    counted = SinkMetrics(metrics)
    counted.retried(READINGS)
    counted.retried(READINGS)
    counted.rejected(VIOLATIONS)
    counted.rebalanced()
    assert value(metrics, "emissions_insert_retries_total", table="readings") == 2
    assert value(metrics, "emissions_insert_rejected_messages_total", table="violations") == 1
    assert value(metrics, "emissions_rebalances_total") == 1
