"""Tells how far the transparency log is, and whether it is still the log that was signed."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from streams.metrics import evidence
from streams.metrics.metric_set import MetricSet
from streams.sealing.log_watch import log_differences
from streams.sealing.sealer import Sealer

log = structlog.get_logger(__name__)


class SealMetrics:
    """The instruments of a seal worker; ``clock`` is Unix time."""

    def __init__(self, metrics: MetricSet, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._leaves = metrics.gauge(evidence.LEAVES)
        self._published = metrics.gauge(evidence.PUBLISHED_LEAVES)
        self._covered_at = metrics.gauge(evidence.CHECKPOINT_TIME)
        self._unsealed = metrics.counter(evidence.UNSEALED)
        results = metrics.counter(evidence.VERIFICATIONS)
        self._held, self._failed = results.labels("held"), results.labels("failed")
        self._told = 0

    def appended(self, sealer: Sealer) -> None:
        """Take over how far the log is."""
        self._leaves.set(sealer.size)
        self._unsealed.inc(sealer.unsealed - self._told)
        self._told = sealer.unsealed

    def published(self, sealer: Sealer) -> None:
        """Take over that the checkpoint covers the whole log, and verify the last ones."""
        self.appended(sealer)
        self._published.set(sealer.size)
        self._covered_at.set(self._clock())
        differences = log_differences(sealer.files)
        (self._failed if differences else self._held).inc()
        for difference in differences:
            log.error("log_verification_failed", problem=difference)
