"""The catalogue follows the conventions, and workers tell what it says and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from emissions.audit.audit_metrics import audit_metrics
from sinks.case_counts import CaseCounts
from sinks.metrics import SinkMetrics
from streams.health.metrics import HealthMetrics, Watched
from streams.health.progress import ProgressMonitor
from streams.health.report import ExternalChecks, WorkerSnapshot
from streams.holds.hold_metrics import count_holds
from streams.metrics.catalogue import AREAS, METRICS, metrics_of
from streams.metrics.metric import Metric, Worker
from streams.metrics.metric_set import MetricSet
from streams.runtime.batch_metrics import BatchMetrics
from streams.runtime.trace_export import start_traces
from streams.sealing.seal_metrics import SealMetrics
from streams.settings import Settings

OF_OTHERS = re.compile(r"kafka_(consumergroup_(lag|current_offset)|topic_partition_current_offset)")
"""Names that Kafka's exporters gave first (kafka_exporter)."""

MANY_VALUES = {"source", "source_id", "bin", "enterprise", "device", "case", "id", "offset", "key"}
UNITS = ("_seconds", "_bytes", "_info", "_ratio")
NOT_A_UNIT = re.compile(r"_(ms|milliseconds|minutes|hours|days|kb|mb|percent)(_|$)")

each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)


def wired(worker: Worker) -> MetricSet:
    """The instruments that a worker makes when it is wired."""
    if worker == "audit":
        return audit_metrics([])
    metrics = MetricSet(worker, "1")
    watched = Watched(ProgressMonitor(9.0), WorkerSnapshot({}, {}), ExternalChecks(None, {}, {}))
    HealthMetrics(metrics, "group", lambda: watched)
    if worker == "seal":
        SealMetrics(metrics)
        return metrics
    count_holds(metrics, {})
    start_traces(Settings(), "group", metrics)
    if worker == "streams":
        BatchMetrics(metrics)
    else:
        SinkMetrics(metrics)
        nowhere: Any = None
        CaseCounts(metrics, nowhere)
    return metrics


@each_metric
def test_names_and_labels_follow_the_conventions(metric: Metric) -> None:
    assert metric.name.startswith("emissions_") or OF_OTHERS.fullmatch(metric.name)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") is (metric.kind == "counter")
    assert not NOT_A_UNIT.search(metric.name)
    assert not MANY_VALUES & metric.labels.keys(), "the number of its values has no bound"
    assert bool(metric.buckets) is (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    if metric.kind == "histogram":
        assert metric.name.endswith(UNITS)
    assert "le" not in metric.labels
    assert metric.workers
    assert list(metric.workers) == [each for each in get_args(Worker) if each in metric.workers]


@each_metric
def test_each_says_what_it_means_in_sentences(metric: Metric) -> None:
    assert metric.meaning.endswith(".")
    assert not metric.remedy or metric.remedy.endswith((".", "`."))
    assert all(metric.labels.values())


def test_no_name_is_there_twice_and_areas_are_the_files() -> None:
    assert sum(len(metrics) for metrics in AREAS.values()) == len(METRICS)
    folder = Path(__file__).parents[2] / "streams" / "metrics"
    parts = {"__init__", "metric", "catalogue", "histogram", "metric_set"}
    assert {path.stem for path in folder.glob("*.py")} - parts == AREAS.keys()


@pytest.mark.parametrize("worker", get_args(Worker))
def test_a_worker_tells_every_metric_that_it_is_said_to(worker: Worker) -> None:
    told = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in wired(worker).families()
        if not family.name.startswith("process_")
    }
    assert told == {metric.name for metric in metrics_of(worker)}


def test_what_is_not_in_the_catalogue_of_a_worker_is_refused() -> None:
    metrics = MetricSet("streams")
    lag, rows = METRICS["kafka_consumergroup_lag"], METRICS["emissions_inserted_rows_total"]
    metrics.gauge(lag)
    for make in (lambda: metrics.gauge(lag), lambda: metrics.counter(rows)):
        with pytest.raises(ValueError, match="no second"):
            make()
    with pytest.raises(ValueError, match="no second counter"):
        MetricSet("streams").counter(lag)
