"""Reads the metrics of a set as numbers, by name and labels."""

from __future__ import annotations

from streams.metrics.metric_set import MetricSet

Series = tuple[str, tuple[tuple[str, str], ...]]


def samples(metrics: MetricSet) -> dict[Series, float]:
    """Every sample by its name and its labels, sorted by name."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in metrics.families()
        for sample in family.samples
    }


def value(metrics: MetricSet, name: str, **labels: str) -> float | None:
    """One sample; None where there is none."""
    return samples(metrics).get((name, tuple(sorted(labels.items()))))
