"""The rules on windows and gaps: KZ-DAY, KZ-30, KZ-3H, KZ-GS, KZ-GAP (section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle import clock
from tests.oracle.evidence import Evidence
from tests.oracle.gaps import Gap
from tests.oracle.registry_reading import Limit, Source
from tests.oracle.windows import Mean

IN_FORCE = date(2021, 7, 1)
AUTOMATIC = date(2026, 3, 12)
OUTAGE_LIMIT = 24 * clock.HOUR
EPISODE_DAYS = 5
TRACKS = {"KZ-3H": "COURT", "KZ-GAP": "INSPECTION"}
"""What follows from a rule; from every other one a PRESCRIPTION."""


@dataclass(frozen=True)
class Violation:
    """The fields of violations.ndjson that a batch calculation knows."""

    status: str
    rule: str
    bin: str
    source_id: str | None
    parameter: str | None
    unit: str | None
    start: int
    end: int | None
    value: float | None
    validated_value: float | None
    limit: float | None
    ratio: float | None
    automatic: bool
    deferred_until: int | None = None
    excess_mass_t: float | None = None

    @property
    def track(self) -> str:
        """What follows from it."""
        return TRACKS.get(self.rule, "PRESCRIPTION")


def of_means(evidence: Evidence, means: Iterable[Mean], until: int) -> list[Violation]:
    """One violation a window over its limit, and one a long run of windows twice over it."""
    source = evidence.source
    found = []
    runs: dict[str, list[Mean]] = {}
    for mean in sorted(means, key=lambda mean: mean.start):
        kind = (mean.window, mean.unit)
        if mean.status != "VALID" or mean.limit is None or mean.value is None:
            continue
        limit = mean.limit.value
        if kind == ("day", "mg/m3") and mean.value > limit:
            found.append(_window("KZ-DAY", evidence, [mean], "CLOSED"))
        if kind == ("30min", "mg/m3") and mean.value >= 2 * Fraction(limit):
            found.append(_window("KZ-30", evidence, [mean], "CLOSED"))
        if kind == ("1h", "g/s") and mean.value > limit:
            found.append(_window("KZ-GS", evidence, [mean], "CLOSED"))
        counted = "20min" if source.cadence == 1200 else "30min"
        if kind == (counted, "mg/m3") and mean.value >= 2 * Fraction(limit):
            run = runs.get(mean.parameter)
            if run and run[-1].end == mean.start < _cut(source, run):
                run.append(mean)
            else:
                found += _run(evidence, run, until)
                runs[mean.parameter] = [mean]
    for run in runs.values():
        found += _run(evidence, run, until)
    in_force = clock.midnight(source.zone, IN_FORCE)
    return [violation for violation in found if violation.start >= in_force]


def _cut(source: Source, run: list[Mean]) -> int:
    """Where a run ends at the latest: a midnight some local days after the day of its start."""
    day = clock.local_day(source.zone, run[0].start)
    return clock.midnight(source.zone, day + timedelta(days=EPISODE_DAYS))


def _run(evidence: Evidence, run: list[Mean] | None, until: int) -> list[Violation]:
    if not run or run[-1].end - run[0].start <= 3 * clock.HOUR:
        return []
    source, window = evidence.source, run[-1].window
    _, next_end = clock.window(source.zone, window, run[-1].end)
    over = next_end + clock.GRACE[window] <= until or run[-1].end >= _cut(source, run)
    return [_window("KZ-3H", evidence, run, "CLOSED" if over else "OPEN")]


def _window(rule: str, evidence: Evidence, run: list[Mean], status: str) -> Violation:
    source, first, last = evidence.source, run[0], run[-1]
    limit = first.limit
    assert limit is not None
    exact = sum((mean.weighted for mean in run), Fraction(0)) / sum(mean.valid_s for mean in run)
    value = float(exact)
    unverified = any(mean.unverified for mean in run)
    contradicted = evidence.contradicted(first.start, last.end)
    if rule == "KZ-DAY" and contradicted:
        contradicted = not evidence.day_stands(first)
    doubtful = unverified or contradicted
    automatic = first.start >= clock.midnight(source.zone, AUTOMATIC) and not doubtful
    return Violation(
        status=status,
        rule=rule,
        bin=source.bin,
        source_id=source.id,
        parameter=first.parameter,
        unit=first.unit,
        start=first.start,
        end=last.end,
        value=value,
        validated_value=_validated(value, limit),
        limit=limit.value,
        ratio=float(Fraction(value) / Fraction(limit.value)) if limit.value else None,
        automatic=automatic,
        excess_mass_t=evidence.excess(first.parameter, first.start, last.end, value, limit.value),
    )


def _validated(value: float, limit: Limit) -> float | None:
    if limit.interval_pct is None:
        return None
    return float(
        max(Fraction(0), Fraction(value) - limit.interval_pct * Fraction(limit.value) / 100)
    )


def of_gaps(evidence: Evidence, gaps: Iterable[Gap], until: int) -> list[Violation]:
    """Source gaps, counted from the connection on, that last longer than the outage limit."""
    source, found = evidence.source, []
    automatic_from = clock.midnight(source.zone, AUTOMATIC)
    in_force = clock.midnight(source.zone, IN_FORCE)
    for gap in gaps:
        if gap.parameter is not None or source.connected is None:
            continue
        start = max(gap.start, source.connected)
        end = until if gap.end is None else gap.end
        lasting = end - start
        if end <= in_force or lasting <= OUTAGE_LIMIT:
            continue
        standing = end >= automatic_from if gap.end is None else end > automatic_from
        value, limit = lasting / clock.SECOND, OUTAGE_LIMIT / clock.SECOND
        found.append(
            Violation(
                status="OPEN" if gap.end is None else "CLOSED",
                rule="KZ-GAP",
                bin=source.bin,
                source_id=source.id,
                parameter=None,
                unit="s",
                start=start,
                end=gap.end,
                value=value,
                validated_value=None,
                limit=limit,
                ratio=value / limit,
                automatic=standing and not evidence.contradicted(start, end),
            )
        )
    return found
