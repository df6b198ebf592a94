"""What officials decided, as a file for a replay tells it (section 14)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from tests.oracle import clock


@dataclass(frozen=True)
class Measure:
    """One version of a measure; ``case`` names a case as `tests.oracle.case_rows` does."""

    id: str
    kind: str
    bin: str
    source_id: str | None
    case: str | None
    act: str
    article: str | None
    imposed_on: date | None
    overturned_on: date | None
    delivered_at: int | None
    amount_kzt: int | None
    closes: bool
    arrival: int


def read(path: Path, names: dict[str, str]) -> list[Measure]:
    """The measures of a file by arrival; ``names`` are those of cases by their id."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = [
        Measure(
            id=entry["id"],
            kind=entry["kind"],
            bin=entry["bin"],
            source_id=entry.get("source_id"),
            case=names.get(entry.get("case_id", ""), entry.get("case_id")),
            act=entry.get("act", "KoAP"),
            article=entry.get("article"),
            imposed_on=entry.get("imposed_on"),
            overturned_on=entry.get("overturned_on"),
            delivered_at=_moment(entry.get("delivered_at")),
            amount_kzt=entry.get("amount_kzt"),
            closes=entry.get("closes", False),
            arrival=_moment(entry["arrived_at"]) or 0,
        )
        for entry in document["measures"]
    ]
    return sorted(found, key=lambda each: each.arrival)


def _moment(text: object) -> int | None:
    if text is None:
        return None
    return clock.timestamp(text if isinstance(text, str) else str(text))


def in_force(measures: Iterable[Measure], known: int, day: date) -> list[Measure]:
    """The last versions that had arrived, and are not overturned on a day."""
    last = {each.id: each for each in measures if each.arrival <= known}
    return [
        each for each in last.values() if each.overturned_on is None or each.overturned_on > day
    ]


def on_case(measures: Iterable[Measure], case: str) -> list[Measure]:
    """The measures on a case."""
    return [each for each in measures if each.case == case]
