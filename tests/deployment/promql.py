"""What a PromQL expression names: metrics with the labels that are asked of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.metrics.catalogue import METRICS

_WORDS: Final = frozenset(
    (
        *("and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right"),
        *("bool", "offset", "sum", "max", "min", "count", "avg", "topk", "bottomk", "quantile"),
        *("rate", "irate", "increase", "absent", "time", "histogram_quantile", "vector"),
        *("max_over_time", "label_replace"),
    )
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_DURATION = re.compile(r"\[[^\]]*\]|(?<=\boffset )\w+")

TARGET_LABELS: Final = frozenset(("job", "instance"))
"""Labels that Prometheus gives to every series."""

_SAMPLES: Final[Mapping[str, frozenset[str]]] = {
    "up": frozenset(),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    "alertmanager_notifications_failed_total": frozenset(("integration", "reason")),  # its own
    **{
        sample: frozenset((*metric.labels, *(("le",) if sample.endswith("_bucket") else ())))
        for metric in METRICS.values()
        for sample in metric.sample_names
    },
}
"""Labels of every series that may be asked for, by its name."""


class Query(NamedTuple):
    """The metrics that an expression names, and what it asks that does not exist."""

    metrics: frozenset[str]
    mistakes: list[str]


def read_query(expression: str) -> Query:
    """Find the metrics of an expression, and names and labels that no worker tells."""
    text = _DURATION.sub("", _STRING.sub('""', expression))
    named: dict[str, set[str]] = {}
    for name, matchers in _SELECTOR.findall(text):
        named.setdefault(name, set()).update(_NAME.findall(matchers))
    grouped = {label for labels in _GROUPING.findall(text) for label in _NAME.findall(labels)}
    rest = _SELECTOR.sub(" ", _GROUPING.sub(" ", text))
    for name in _NAME.findall(rest):
        if name not in _WORDS:
            named.setdefault(name, set())
    mistakes = [f"no metric {name}" for name in named if name not in _SAMPLES]
    known = {name: _SAMPLES[name] | TARGET_LABELS for name in named if name in _SAMPLES}
    mistakes += [
        f"{name} has no label {label}"
        for name, labels in named.items()
        if name in known
        for label in sorted(labels - known[name])
    ]
    mistakes += [
        f"none has the label {label}"
        for label in sorted(grouped)
        if not any(label in labels for labels in known.values())
    ]
    return Query(frozenset(named), mistakes)
