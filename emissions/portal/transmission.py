"""Computes how much of the time sources transmitted, and adds it up; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from emissions.portal.periods import Period
from emissions.portal.queries.places import Place
from emissions.portal.queries.transmission import FirstData, Silence, ValidTime

Group = TypeVar("Group", bound=Hashable)


class SourceShare(NamedTuple):
    """A source in a period (its place in the list of periods), watched from its first data on.

    ``silent_s`` of ``observed_s``: in gaps of the whole source; ``silent_now``: it is in one.
    ``valid_s`` of ``due_s``: of the 1-hour means of pollutants; an hour without any data has none.
    """

    place: Place
    period: int
    observed_s: float
    silent_s: float
    silent_now: bool
    valid_s: int
    due_s: int


class Shares(NamedTuple):
    """Sums over sources; shares are from 0 to 1, None where there was nothing to share."""

    sources: int = 0
    silent_now: int = 0
    observed_s: float = 0.0
    silent_s: float = 0.0
    valid_s: int = 0
    due_s: int = 0

    @property
    def transmitted(self) -> float | None:
        """The share of the observed time in which the sources were not silent."""
        return 1 - self.silent_s / self.observed_s if self.observed_s else None

    @property
    def valid(self) -> float | None:
        """The share of what was due that was valid, in the hours in which data came."""
        return self.valid_s / self.due_s if self.due_s else None

    @property
    def both(self) -> float | None:
        """The product of both: what league tables are sorted by."""
        if self.transmitted is None or self.valid is None:
            return None if self.transmitted is None or self.transmitted > 0 else 0.0
        return self.transmitted * self.valid


def source_shares(
    places: Iterable[Place],
    periods: Sequence[Period],
    silences: Iterable[Silence],
    firsts: Iterable[FirstData],
    valid: Iterable[ValidTime],
    newest: datetime,
) -> list[SourceShare]:
    """Return each source in each period in which it was watched, up to the newest data.

    A source that never sent has no row. A gap that lasts goes on to the newest data.
    """
    begins = {each.source_id: _utc(each.first) for each in firsts}
    of_source: dict[str, list[tuple[datetime, datetime, bool]]] = defaultdict(list)
    for each in silences:
        start = _utc(each.start)
        last = max(_utc(newest), _utc(each.detected_at))
        until = last if each.end is None else _utc(each.end)
        of_source[each.source_id].append((start, max(start, until), each.end is None))
        begins[each.source_id] = min(begins.get(each.source_id, start), start)
    times = {(each.source_id, each.period): each for each in valid}
    found = []
    for place in places:
        begin = begins.get(place.source_id)
        if begin is None:
            continue
        for at, period in enumerate(periods):
            start = max(begin, period.start)
            end = min(_utc(newest), period.end)
            if start >= end:
                continue
            gaps = of_source.get(place.source_id, ())
            silent = sum(max(0.0, _seconds(max(a, start), min(b, end))) for a, b, _ in gaps)
            time = times.get((place.source_id, at + 1))
            found.append(
                SourceShare(
                    place,
                    at,
                    _seconds(start, end),
                    silent,
                    any(lasts for _, _, lasts in gaps),
                    time.valid_s if time else 0,
                    time.due_s if time else 0,
                )
            )
    return found


def shares(rows: Iterable[SourceShare]) -> Shares:
    """Add up sources of one period; a long watched source weighs more than one just connected."""
    found = list(rows)
    return Shares(
        len(found),
        sum(each.silent_now for each in found),
        sum(each.observed_s for each in found),
        sum(each.silent_s for each in found),
        sum(each.valid_s for each in found),
        sum(each.due_s for each in found),
    )


def shares_by(
    rows: Iterable[SourceShare], key: Callable[[SourceShare], Group]
) -> dict[Group, Shares]:
    """Add up sources by what ``key`` tells of them."""
    groups: dict[Group, list[SourceShare]] = defaultdict(list)
    for each in rows:
        groups[key(each)].append(each)
    return {name: shares(group) for name, group in groups.items()}


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
