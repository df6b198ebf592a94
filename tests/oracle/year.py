"""KZ-YEAR: the mass of a local year above a limit in tonnes a year (section 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle import clock, quality
from tests.oracle.evidence import GRAMS, Evidence
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Limit
from tests.oracle.rules import AUTOMATIC, IN_FORCE, Violation, of_limit, why


@dataclass(frozen=True)
class YearMass:
    """What the closed hours of a local year ``[start, end)`` emitted, in t, with the limit that is
    in force in the last of them."""

    limit: Limit
    start: int
    end: int
    value: float
    counted: list[Row]


def of_years(evidence: Evidence, until: int) -> list[Violation]:
    """One violation a parameter and year whose mass is above the limit."""
    zone = evidence.source.zone
    found = []
    for mass in masses(evidence, until):
        if mass.value <= mass.limit.value or mass.start < clock.midnight(zone, IN_FORCE):
            continue
        closed = mass.end + clock.GRACE["1h"] <= until
        automatic_from = clock.midnight(zone, AUTOMATIC)
        automatic = mass.end > automatic_from if closed else until >= automatic_from
        doubtful = any(quality.unverified(row, evidence.source) for row in mass.counted)
        _, last = clock.window(zone, "1h", mass.counted[-1].start)
        doubtful |= evidence.contradicted(mass.start, last)
        violation = of_limit(
            "KZ-YEAR",
            evidence,
            mass.limit,
            mass.start,
            mass.end,
            mass.value,
            status="CLOSED" if closed else "OPEN",
            automatic=automatic and not doubtful,
            excess=float(Fraction(mass.value) - Fraction(mass.limit.value)),
            reasons=why(
                early=not automatic,
                unverified=any(quality.unverified(row, evidence.source) for row in mass.counted),
                contradicted=evidence.contradicted(mass.start, last),
            ),
        )
        found.append(violation)
    return found


def masses(evidence: Evidence, until: int) -> Iterator[YearMass]:
    """The mass of each parameter with a limit in t/a, year by year."""
    source = evidence.source
    for parameter in sorted({limit.parameter for limit in source.limits if limit.unit == "t/a"}):
        years: dict[int, list[Row]] = defaultdict(list)
        for row in evidence.rows:
            _, end = clock.window(source.zone, "1h", row.start)
            if end + clock.GRACE["1h"] <= until and row.start in evidence.emitted(parameter):
                years[clock.local_day(source.zone, row.start).year].append(row)
        for year, rows in sorted(years.items()):
            limits = [_limit(evidence, parameter, row) for row in rows]
            while limits and limits[-1] is None:  # what follows the end of the last limit has none
                limits.pop()
            if limits and limits[-1] is not None:
                counted = rows[: len(limits)]
                grams = sum(
                    (evidence.emitted(parameter)[row.start] for row in counted), Fraction(0)
                )
                start, end = (
                    clock.midnight(source.zone, date(number, 1, 1)) for number in (year, year + 1)
                )
                yield YearMass(limits[-1], start, end, float(grams / GRAMS), counted)


def _limit(evidence: Evidence, parameter: str, row: Row) -> Limit | None:
    hour, _ = clock.window(evidence.source.zone, "1h", row.start)
    return evidence.source.limit(parameter, "t/a", hour)
