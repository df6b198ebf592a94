"""What Prometheus reads is text of the form that it asks for, with every series once."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from streams.metrics import flow, latency
from streams.metrics.metric_set import MetricSet
from tests.metrics.samples import value


def filled() -> MetricSet:
    metrics = MetricSet("streams", "1.2.3")
    metrics.counter(flow.RECORDS).labels("readings").inc(7)
    metrics.computed(flow.LAG, lambda: [(("group", "readings", "0"), 3.0)])
    metrics.histogram(latency.VIOLATION).labels(since="arrival").observe_many([0.2, 400.0])
    return metrics


def test_both_formats_are_what_their_parsers_read() -> None:
    text, content_type = filled().render("text/plain")
    assert content_type.startswith("text/plain")
    families = {family.name: family for family in plain(text.decode())}
    assert families["kafka_consumergroup_lag"].samples[0].value == 3.0
    text, content_type = filled().render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    parsed = open_metrics(text.decode())  # type: ignore[no-untyped-call]
    found = {family.name: family for family in parsed}
    assert found["emissions_records"].samples[0].value == 7.0
    assert found["emissions_violation_latency_seconds"].type == "histogram"


def test_series_are_there_without_those_that_nobody_reads() -> None:
    text = filled().render()[0].decode()
    assert 'emissions_build_info{version="1.2.3"} 1.0' in text
    assert 'emissions_violation_latency_seconds_bucket{le="0.25",since="arrival"} 1.0' in text
    assert 'emissions_violation_latency_seconds_sum{since="arrival"} 400.2' in text
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text


def test_two_sets_know_nothing_of_each_other() -> None:
    first, second = filled(), MetricSet("streams")
    second.counter(flow.RECORDS)
    assert value(first, "emissions_records_total", topic="readings") == 7.0
    assert value(second, "emissions_records_total", topic="readings") is None
