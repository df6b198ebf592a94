"""The rules on windows and gaps: KZ-DAY, KZ-30, KZ-3H, KZ-GS, KZ-GAP (section 9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle import clock
from tests.oracle.gaps import Gap
from tests.oracle.registry_reading import Limit, Source
from tests.oracle.windows import Mean

IN_FORCE = date(2021, 7, 1)
AUTOMATIC = date(2026, 3, 12)
OUTAGE_LIMIT = 24 * clock.HOUR


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


def of_means(source: Source, means: Iterable[Mean], until: int) -> list[Violation]:
    """One violation a window over its limit, and one a long run of windows twice over it."""
    found = []
    runs: dict[str, list[Mean]] = {}
    for mean in sorted(means, key=lambda mean: mean.start):
        kind = (mean.window, mean.unit)
        if mean.status != "VALID" or mean.limit is None or mean.value is None:
            continue
        limit = mean.limit.value
        if kind == ("day", "mg/m3") and mean.value > limit:
            found.append(_window("KZ-DAY", source, [mean], "CLOSED"))
        if kind == ("30min", "mg/m3") and mean.value >= 2 * Fraction(limit):
            found.append(_window("KZ-30", source, [mean], "CLOSED"))
        if kind == ("1h", "g/s") and mean.value > limit:
            found.append(_window("KZ-GS", source, [mean], "CLOSED"))
        counted = "20min" if source.cadence == 1200 else "30min"
        if kind == (counted, "mg/m3") and mean.value >= 2 * Fraction(limit):
            run = runs.get(mean.parameter)
            if run and run[-1].end == mean.start:
                run.append(mean)
            else:
                found += _run(source, run, until)
                runs[mean.parameter] = [mean]
    for run in runs.values():
        found += _run(source, run, until)
    in_force = clock.midnight(source.zone, IN_FORCE)
    return [violation for violation in found if violation.start >= in_force]


def _run(source: Source, run: list[Mean] | None, until: int) -> list[Violation]:
    if not run or run[-1].end - run[0].start <= 3 * clock.HOUR:
        return []
    window = run[-1].window
    _, next_end = clock.window(source.zone, window, run[-1].end)
    over = next_end + clock.GRACE[window] <= until
    return [_window("KZ-3H", source, run, "CLOSED" if over else "OPEN")]


def _window(rule: str, source: Source, run: list[Mean], status: str) -> Violation:
    first, last = run[0], run[-1]
    limit = first.limit
    assert limit is not None
    exact = sum((mean.weighted for mean in run), Fraction(0)) / sum(mean.valid_s for mean in run)
    value = float(exact)
    unverified = any(mean.unverified for mean in run)
    automatic = first.start >= clock.midnight(source.zone, AUTOMATIC) and not unverified
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
    )


def _validated(value: float, limit: Limit) -> float | None:
    if limit.interval_pct is None:
        return None
    return float(
        max(Fraction(0), Fraction(value) - limit.interval_pct * Fraction(limit.value) / 100)
    )


def of_gaps(source: Source, gaps: Iterable[Gap], until: int) -> list[Violation]:
    """Source gaps, counted from the connection on, that last longer than the outage limit."""
    found = []
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
        still_open = end >= automatic_from if gap.end is None else end > automatic_from
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
                automatic=still_open,
            )
        )
    return found
