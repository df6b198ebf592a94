"""A histogram counts a batch as it would count its values one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.samples import Sample

from streams.metrics.histogram import BatchHistogram
from streams.metrics.metric import Metric

BUCKETS = (0.1, 0.5, 1.0, 5.0)
METRIC = Metric("emissions_x_seconds", "histogram", ("seal",), "X.", "", {"since": "s"}, BUCKETS)


@given(st.lists(st.floats(0, 10) | st.sampled_from(BUCKETS), max_size=30), st.integers(0, 30))
def test_counts_are_those_of_the_library(values: list[float], cut: int) -> None:
    ours, theirs = BatchHistogram(METRIC), Histogram("x", "X.", buckets=BUCKETS, registry=None)
    series = ours.labels(since="a")
    for each in values[:cut]:
        series.observe(each)
    series.observe_many(np.array(values[cut:]))
    for each in values:
        theirs.observe(each)
    expected = {sample.labels["le"]: sample.value for sample in _samples(theirs, "x_bucket")}
    buckets, total = series.snapshot()
    assert dict(buckets) == expected
    assert total == pytest.approx(sum(values))


def _samples(histogram: Histogram, name: str) -> list[Sample]:
    registry = CollectorRegistry()
    registry.register(histogram)
    return [s for family in registry.collect() for s in family.samples if s.name == name]


def test_a_block_is_timed_however_it_ends() -> None:
    series = BatchHistogram(METRIC).labels(since="a")
    with pytest.raises(KeyError), series.time():
        raise KeyError
    with series.time():
        pass
    buckets, total = series.snapshot()
    assert buckets[-1] == ("+Inf", 2.0)
    assert total >= 0


def test_labels_are_those_of_the_catalogue() -> None:
    histogram = BatchHistogram(METRIC)
    assert histogram.labels(since="a") is histogram.labels(since="a")
    with pytest.raises(KeyError):
        histogram.labels(until="a")
    with pytest.raises(ValueError, match="has the labels since"):
        histogram.labels(since="a", until="b")
