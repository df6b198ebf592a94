"""What the catalogue says of one metric."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Worker = Literal["streams", "sinks", "seal", "audit"]
"""Who tells a metric: a worker at its port, or ``emissions audit`` in a file."""

EVERY: Final[tuple[Worker, ...]] = ("streams", "sinks", "seal")
"""The workers that have a port."""

_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


class Metric(NamedTuple):
    """One metric: its full name, what it means, what to do, its labels with their meaning.

    Names follow Prometheus' conventions: base units, counters end in ``_total``. No label has more
    values than a person can look through: never a source, an enterprise or an offset.
    ``buckets`` are the upper bounds of a histogram, without infinity.
    """

    name: str
    kind: Kind
    workers: tuple[Worker, ...]
    meaning: str
    remedy: str = ""
    labels: Mapping[str, str] = _NO_LABELS
    buckets: tuple[float, ...] = ()

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The names that queries use."""
        if self.kind == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_count", "_sum"))
        return (self.name,)
