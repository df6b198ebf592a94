"""Makes the instruments of one worker, and writes what Prometheus reads.

Instruments may be used in one thread and read in another. Nothing is registered with the library's
global registry: two sets in one process know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from streams.metrics.flow import BUILD
from streams.metrics.histogram import BatchHistogram
from streams.metrics.metric import Kind, Metric, Worker

Samples = Iterable[tuple[tuple[str, ...], float]]
"""The values of the labels, in the order of the catalogue, and the value."""


class MetricSet:
    """The instruments of one worker; each metric of the catalogue has at most one."""

    def __init__(self, worker: Worker, version: str = "") -> None:
        # Without: a series more for each counter, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._worker = worker
        self._registry = CollectorRegistry(auto_describe=True)
        self._made: set[str] = set()
        if worker in BUILD.workers:  # what is written to a file has no process
            ProcessCollector(registry=self._registry)
            self.gauge(BUILD).labels(version=version).set(1)

    def counter(self, metric: Metric) -> Counter:
        """Make the counter of a metric."""
        self._check(metric, "counter")
        return Counter(metric.name, metric.meaning, [*metric.labels], registry=self._registry)

    def gauge(self, metric: Metric) -> Gauge:
        """Make the gauge of a metric."""
        self._check(metric, "gauge")
        return Gauge(metric.name, metric.meaning, [*metric.labels], registry=self._registry)

    def histogram(self, metric: Metric) -> BatchHistogram:
        """Make the histogram of a metric."""
        self._check(metric, "histogram")
        made = BatchHistogram(metric)
        self._registry.register(made)
        return made

    def computed(self, metric: Metric, samples: Callable[[], Samples]) -> None:
        """Have a gauge computed whenever it is read, in the reader's thread."""
        self._check(metric, "gauge")
        self._registry.register(_ComputedGauge(metric, samples))

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the text of all metrics and its content type, as the reader accepts it."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    @property
    def registry(self) -> CollectorRegistry:
        """What the library reads."""
        return self._registry

    def families(self) -> list[Family]:
        """Return every metric with its samples."""
        return list(self._registry.collect())

    def _check(self, metric: Metric, kind: Kind) -> None:
        """Refuse a second instrument, one of another kind, and one of another worker."""
        if metric.kind != kind or self._worker not in metric.workers or metric.name in self._made:
            raise ValueError(f"{metric.name}: no second {kind} of the {self._worker} worker")
        self._made.add(metric.name)


class _ComputedGauge(Collector):
    def __init__(self, metric: Metric, samples: Callable[[], Samples]) -> None:
        self._metric = metric
        self._samples = samples

    def describe(self) -> Iterable[Family]:
        """Yield the family without samples."""
        yield GaugeMetricFamily(self._metric.name, self._metric.meaning)

    def collect(self) -> Iterable[Family]:
        """Yield the family as it is now."""
        family = GaugeMetricFamily(
            self._metric.name, self._metric.meaning, labels=[*self._metric.labels]
        )
        for labels, value in self._samples():
            family.add_metric(labels, value)
        yield family
