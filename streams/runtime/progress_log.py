"""Counts finished batches, logs the counts periodically, and times the batches in work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from streams.core.engine.outcome import Outcome
from streams.transport.batch import PartitionBatch

log = structlog.get_logger(__name__)


class ProgressLog:
    """Log once per ``log_interval_s`` seconds what was processed since the last line."""

    def __init__(self, log_interval_s: float) -> None:
        self._log_interval_s = log_interval_s
        self._logged_at = time.monotonic()
        self._started: dict[object, float] = {}  # of the batches in work, the oldest first
        self._counts: Counter[str] = Counter()
        self.total = 0
        """Records of finished batches since the start."""

    @contextmanager
    def in_work(self) -> Iterator[None]:
        """Time a batch until the block ends, however it ends."""
        key = object()
        self._started[key] = time.monotonic()
        try:
            yield
        finally:
            del self._started[key]

    @property
    def in_work_s(self) -> float:
        """Age of the oldest batch in work, seconds; 0 when there is none."""
        return time.monotonic() - next(iter(self._started.values())) if self._started else 0.0

    def count(self, batch: PartitionBatch, outcome: Outcome) -> None:
        """Add a finished batch; log the counts when the interval is over."""
        self.total += len(batch)
        counts = self._counts
        counts["records"] += len(batch)
        counts["used"] += outcome.used
        counts["duplicates"] += outcome.duplicates
        counts["ticks"] += outcome.ticks
        counts["dead_letters"] += len(outcome.dead_letters)
        counts["means"] += len(outcome.means)
        counts["gaps"] += len(outcome.gaps)
        counts["violations"] += len(outcome.violations)
        now = time.monotonic()
        if now - self._logged_at >= self._log_interval_s:
            log.info(
                "batches_processed",
                seconds=round(now - self._logged_at),
                records=counts["records"],
                used=counts["used"],
                duplicates=counts["duplicates"],
                ticks=counts["ticks"],
                dead_letters=counts["dead_letters"],
                means=counts["means"],
                gaps=counts["gaps"],
                violations=counts["violations"],
            )
            self._logged_at = now
            counts.clear()
