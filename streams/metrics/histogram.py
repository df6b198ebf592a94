"""A histogram that takes the values of a whole batch at once."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import add

import numpy as np
from numpy.typing import ArrayLike
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from streams.metrics.metric import Metric


class Timer:
    """Counts the seconds of one block; a class, since a generator takes several times as long."""

    __slots__ = ("_began", "_series")

    def __init__(self, series: HistogramSeries) -> None:
        self._series = series
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._series.observe(time.perf_counter() - self._began)


class HistogramSeries:
    """Counts the values of one set of labels; may be read in another thread meanwhile."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self._bounds = list(buckets)
        self._array = np.asarray(buckets, dtype=np.float64)
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Count one value."""
        at = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[at] += 1
            self._sum += value

    def observe_many(self, values: ArrayLike) -> None:
        """Count every value of an array (float64[n])."""
        found = np.asarray(values, dtype=np.float64)
        if not len(found):
            return
        counts = np.bincount(self._array.searchsorted(found), minlength=len(self._counts)).tolist()
        total = float(found.sum())
        with self._lock:
            self._counts = list(map(add, self._counts, counts))
            self._sum += total

    def time(self) -> Timer:
        """Count the seconds until the block ends, however it ends."""
        return Timer(self)

    def snapshot(self) -> tuple[list[tuple[str, float]], float]:
        """Return the cumulated counts by upper bound as it is written, and the sum of all."""
        with self._lock:
            cumulated, total = list(accumulate(self._counts)), self._sum
        bounds = [*map(floatToGoString, map(float, self._bounds)), "+Inf"]
        return list(zip(bounds, map(float, cumulated), strict=True)), total


class BatchHistogram(Collector):
    """The series of one metric by the values of its labels."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._names = tuple(metric.labels)
        self._series: dict[tuple[str, ...], HistogramSeries] = {}

    def labels(self, **values: str) -> HistogramSeries:
        """Return the series of these labels, new at its first use."""
        key = tuple(values[name] for name in self._names)
        if len(values) != len(key):
            raise ValueError(f"{self._metric.name} has the labels {', '.join(self._names)}")
        return self._series.setdefault(key, HistogramSeries(self._metric.buckets))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the family as Prometheus reads it."""
        family = HistogramMetricFamily(self._metric.name, self._metric.meaning, labels=self._names)
        for key, series in list(self._series.items()):
            buckets, total = series.snapshot()
            family.add_metric(key, buckets, total)
        yield family
