"""The metrics of health say what the pages say."""

from __future__ import annotations

from streams.health.metrics import HealthMetrics, Watched
from streams.health.progress import ProgressMonitor
from streams.health.report import ExternalChecks, WorkerSnapshot
from streams.metrics.metric_set import MetricSet
from tests.metrics.samples import value

READINGS = ("readings", 0)
OTHER = ("readings", 1)


def test_lag_and_positions_are_those_of_the_partitions_that_the_broker_told_of() -> None:
    now = [1000.0]
    snapshot = WorkerSnapshot(
        positions={READINGS: 40, OTHER: None, ("readings", 2): 5},
        conditions={"started": None},
        arrivals={READINGS: 990_000},
    )
    checks = ExternalChecks(None, {READINGS: (0, 100), OTHER: (10, 30)}, {})
    metrics = MetricSet("streams")
    health = HealthMetrics(
        metrics, "g", lambda: Watched(ProgressMonitor(60.0), snapshot, checks), lambda: now[0]
    )
    health.observe()
    now[0] = 1005.0
    place = {"topic": "readings", "partition": "0"}
    assert value(metrics, "kafka_consumergroup_lag", consumergroup="g", **place) == 60.0
    assert value(metrics, "kafka_consumergroup_current_offset", consumergroup="g", **place) == 40.0
    assert value(metrics, "kafka_topic_partition_current_offset", **place) == 100.0
    assert value(metrics, "emissions_lag_seconds", consumergroup="g", **place) == 15.0
    place["partition"] = "1"
    assert value(metrics, "kafka_consumergroup_lag", consumergroup="g", **place) == 20.0
    assert value(metrics, "kafka_consumergroup_current_offset", consumergroup="g", **place) is None
    assert value(metrics, "emissions_lag_seconds", consumergroup="g", **place) == 5.0
    place["partition"] = "2"
    assert value(metrics, "kafka_consumergroup_lag", consumergroup="g", **place) is None
    assert value(metrics, "emissions_partitions_assigned", topic="readings") == 3.0
    assert value(metrics, "emissions_worker_ready") == 1.0
    assert value(metrics, "emissions_worker_live") == 1.0


def test_a_worker_that_waits_is_live_and_not_ready() -> None:
    metrics = MetricSet("sinks")
    snapshot = WorkerSnapshot({}, {"started": "the worker is starting"})
    checks = ExternalChecks("the broker does not answer", {}, {})
    HealthMetrics(metrics, "g", lambda: Watched(ProgressMonitor(60.0), snapshot, checks))
    assert value(metrics, "emissions_worker_ready") == 0.0
    assert value(metrics, "emissions_worker_live") == 1.0
