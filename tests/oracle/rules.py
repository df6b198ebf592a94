"""The rules on windows and gaps: KZ-DAY, KZ-15, KZ-30, KZ-3H, KZ-GS, KZ-GAP (section 9)."""

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
TRACKS = {"KZ-3H": "COURT", "KZ-GAP": "INSPECTION", "KZ-15": "INSPECTION"}
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
    automatic: bool | None
    deferred_until: int | None = None
    excess_mass_t: float | None = None
    reasons: tuple[str, ...] | None = None
    """Why a person must look; None: not known to a batch calculation."""

    @property
    def track(self) -> str:
        """What follows from it."""
        return TRACKS.get(self.rule, "PRESCRIPTION")


def why(*, early: bool, unverified: bool, contradicted: bool) -> tuple[str, ...]:
    """Why a violation is not automatic, sorted."""
    found = (
        (contradicted, "CONFLICTING_DATA"),
        (early, "NOT_AUTOMATIC_YET"),
        (unverified, "UNVERIFIED_DEVICE"),
    )
    return tuple(name for true, name in found if true)


def of_means(evidence: Evidence, means: list[Mean], until: int) -> list[Violation]:
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
    found += _days_of_the_order(evidence, means, until)
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


def _days_of_the_order(evidence: Evidence, means: list[Mean], until: int) -> list[Violation]:
    """KZ-15: the plain mean of a day's valid means of 20 minutes is 1.5 limits or more."""
    source, found = evidence.source, []
    days: dict[tuple[str, int, int], list[Mean]] = {}
    for mean in means:
        if (mean.window, mean.unit, mean.status) == ("20min", "mg/m3", "VALID"):
            day = clock.window(source.zone, "day", mean.start)
            days.setdefault((mean.parameter, *day), []).append(mean)
    for (parameter, start, end), windows in days.items():
        limit = source.limit(parameter, "mg/m3", start)
        if limit is None or end + clock.GRACE["day"] > until:
            continue
        value = _plain(windows)
        if 2 * Fraction(value) < 3 * Fraction(limit.value):
            continue
        doubtful = any(window.unverified for window in windows)
        if evidence.contradicted(start, end):
            others = _doubtful_windows(evidence, {mean.start for mean in windows}, start, end)
            doubtful |= 2 * _least(evidence, windows, others) < 3 * Fraction(limit.value)
        automatic = start >= clock.midnight(source.zone, AUTOMATIC) and not doubtful
        found.append(
            of_limit(
                "KZ-15",
                evidence,
                limit,
                start,
                end,
                value,
                status="CLOSED",
                automatic=automatic,
                reasons=why(
                    early=start < clock.midnight(source.zone, AUTOMATIC),
                    unverified=any(window.unverified for window in windows),
                    contradicted=evidence.contradicted(start, end),
                ),
            )
        )
    return found


def _plain(windows: list[Mean]) -> float:
    return float(sum(Fraction(mean.value or 0) for mean in windows) / len(windows))


def _doubtful_windows(evidence: Evidence, valid: set[int], start: int, end: int) -> int:
    """Windows of 20 minutes that have no valid mean, and with the other reading might have one."""
    zone, found, at = evidence.source.zone, 0, start
    while at < end:
        _, until = clock.window(zone, "20min", at)
        found += at not in valid and evidence.contradicted(at, until)
        at = until
    return found


def _least(evidence: Evidence, windows: list[Mean], others: int) -> Fraction:
    """The plain mean if every window of which something is disputed counted, and were 0."""
    sure = [mean for mean in windows if not evidence.contradicted(mean.start, mean.end)]
    total = sum((Fraction(mean.value or 0) for mean in sure), Fraction(0))
    return total / (len(windows) + others)


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
    return of_limit(
        rule, evidence, limit, first.start, last.end, value, status=status, automatic=automatic,
        reasons=why(
            early=first.start < clock.midnight(source.zone, AUTOMATIC),
            unverified=unverified,
            contradicted=evidence.contradicted(first.start, last.end),
        ),
    )  # fmt: skip


def of_limit(
    rule: str,
    evidence: Evidence,
    limit: Limit,
    start: int,
    end: int,
    value: float,
    *,
    status: str,
    automatic: bool,
    excess: float | None = None,
    reasons: tuple[str, ...] | None = None,
) -> Violation:
    """A violation of a limit; its mass too much is that of its interval, if not given."""
    source = evidence.source
    if excess is None:
        excess = evidence.excess(limit.parameter, start, end, value, limit.value)
    return Violation(
        status=status,
        rule=rule,
        bin=source.bin,
        source_id=source.id,
        parameter=limit.parameter,
        unit=limit.unit,
        start=start,
        end=end,
        value=value,
        validated_value=_validated(value, limit),
        limit=limit.value,
        ratio=float(Fraction(value) / Fraction(limit.value)) if limit.value else None,
        automatic=automatic,
        excess_mass_t=excess,
        reasons=reasons,
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
                reasons=why(
                    early=not standing,
                    unverified=False,
                    contradicted=evidence.contradicted(start, end),
                ),
            )
        )
    return found
