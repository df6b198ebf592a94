"""When each violation was first seen: what had arrived is calculated again as of that moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.oracle import clock
from tests.oracle.case_rows import Row, Subject, name_of, rows
from tests.oracle.evidence import Evidence
from tests.oracle.gaps import source_gaps
from tests.oracle.input_reading import Row as Reading
from tests.oracle.measures import Measure
from tests.oracle.notices import Notice, told
from tests.oracle.registry_reading import ALMATY, END_OF_TIME, Enterprise, Source
from tests.oracle.rules import OUTAGE_LIMIT, Violation, of_gaps, of_means
from tests.oracle.windows import means
from tests.oracle.year import of_years

LATENESS = 72 * clock.HOUR
MARK_DEADLINE = 24 * clock.HOUR


@dataclass(frozen=True)
class History:
    """Everything that was accepted of a source, and told of it, each with its arrival."""

    source: Source
    rows: list[Reading]
    notices: list[Notice] | tuple[()]
    observed: int

    def detected(self, one: Violation) -> tuple[int, bool, int | None]:
        """When a violation was first seen, whether late data made it, and when it was back.

        It was back: it did not stand when late data could not change it any more, and did later.
        """
        if one.rule == "KZ-VERIF":
            first = min(self._arrival(row) for row in self.rows if row.start == one.start)
            return first, True, None
        if one.rule == "KZ-YEAR":
            return self._year(one)
        natural, over = self._natural(one)
        late = sorted(
            {self._arrival(r) for r in self.rows if self._since(one) < r.end and r.start < over}
            | {n.arrival for n in self.notices if n.source_id == one.source_id}
        )
        outage = one.rule == "KZ-GAP"
        late = [each for each in late if each > natural or (each == natural and not outage)]
        if not late or self._seen(one, natural - (not outage), natural + outage):
            return natural, False, None
        low, high = 0, len(late) - 1  # what stands at the end came once, and stayed
        while low < high:
            middle = (low + high) // 2
            seen = self._seen(one, late[middle], late[middle])
            low, high = (low, middle) if seen else (middle + 1, high)
        return late[low], True, None

    def _since(self, one: Violation) -> int:
        """From when readings matter; where a run was cut, its start hangs on all before it."""
        cut = clock.midnight(self.source.zone, clock.local_day(self.source.zone, one.start))
        if one.rule == "KZ-3H" and one.start == cut:
            return 0
        return one.start - clock.HOUR

    @staticmethod
    def _arrival(row: Reading) -> int:
        assert row.arrival is not None
        return row.arrival

    def _natural(self, one: Violation) -> tuple[int, int]:
        """The moment at which time shows it, and until when readings matter for that."""
        if one.rule == "KZ-GAP":
            return one.start + OUTAGE_LIMIT, one.start + OUTAGE_LIMIT
        if one.rule == "KZ-3H":
            window = (20 if self.source.cadence == 1200 else 30) * clock.MINUTE
            end = one.start + (3 * clock.HOUR // window + 1) * window
            return end + 5 * clock.MINUTE, end
        end = one.end or 0
        return end + (20 if one.rule in ("KZ-DAY", "KZ-15") else 5) * clock.MINUTE, end

    def _known(self, known: int, now: int, since: int, until: int) -> tuple[Source, list[Reading]]:
        near = [
            r for r in self.rows if self._arrival(r) <= known and since < r.end and r.start < until
        ]
        notes = [each for each in self.notices if each.arrival <= known]
        return told(self.source, near, notes, now)

    def _seen(self, one: Violation, known: int, now: int) -> bool:
        """Whether a violation stands by what had arrived at ``known``, at stream time ``now``."""
        if one.rule == "KZ-GAP":
            source, near = self._known(known, now, 0, END_OF_TIME)
            gaps = source_gaps(source, near, self.observed, now)
            found = of_gaps(Evidence(source, near, []), gaps, now)
        else:
            run = one.rule == "KZ-3H"
            until = min(one.end or one.start, one.start + 26 * clock.HOUR) + run * clock.HOUR
            source, near = self._known(known, now, self._since(one) if run else one.start, until)
            found = of_means(Evidence(source, near, []), means(source, near, now), now)
        return name_of(one) in {name_of(each) for each in found}

    def _year(self, one: Violation) -> tuple[int, bool, int | None]:
        """The first close of an hour, or arrival of a late reading, at which the mass was above."""
        closes: dict[int, bool] = {}
        for row in self.rows:
            _, end = clock.window(self.source.zone, "1h", row.start)
            shut, arrival = end + clock.GRACE["1h"], self._arrival(row)
            moment = max(shut, arrival)
            closes[moment] = closes.get(moment, True) and arrival >= shut

        def stands(at: int) -> bool:
            source, near = self._known(at, at, 0, END_OF_TIME)
            return name_of(one) in {
                name_of(each) for each in of_years(Evidence(source, near, []), at)
            }

        # Late data, or another limit, may take the excess away again: the first counts.
        first = next((at for at in sorted(closes) if stands(at)), None)
        if first is None:
            raise AssertionError(f"{name_of(one)} stands at the end and was never seen")
        ripe = first + LATENESS
        if stands(max(at for at in closes if at <= ripe)):
            return first, closes[first], None
        return first, closes[first], next(at for at in sorted(closes) if at > ripe and stands(at))


def of_source(
    owner: Enterprise,
    history: History,
    violations: Iterable[Violation],
    refused: list[int],
    until: int,
    measures: list[Measure],
) -> list[Row]:
    """The cases of a source."""
    source = history.source
    marks = []
    for each in history.notices:
        if each.kind != "MARK" or (each.bin, each.source_id) != (owner.bin, source.id):
            continue
        last = each.end + LATENESS
        for other in history.notices:
            if other.withdraws == each.id and other.bin == owner.bin:
                last = min(last, other.arrival)
        start = max(each.start, each.arrival - MARK_DEADLINE)
        if start < each.end:
            marks.append((start, each.end, each.arrival, last))
    subject = Subject(
        owner.bin,
        source.id,
        source.zone,
        owner.size,
        owner.category,
        owner.investor,
        tuple(refused),
        tuple(marks),
        source.cadence,
    )
    return rows(subject, violations, history.detected, until, measures)


def of_duties(
    owner: Enterprise,
    violations: Iterable[Violation],
    first: int,
    until: int,
    measures: list[Measure],
) -> list[Row]:
    """The cases of an enterprise on its duties: opened when they are published."""
    moments = [first, *clock.midnights(ALMATY, first, until)]

    def detected(one: Violation) -> tuple[int, bool, int | None]:
        return next(each for each in moments if one.start <= each), True, None

    deferring = {}
    for each in violations:
        roadmap = owner.roadmap if each.rule == "KZ-NOASM" else None
        at, _, _ = detected(each)
        deferring[each] = replace(
            each, deferred_until=roadmap if roadmap is not None and at < roadmap else None
        )
    subject = Subject(owner.bin, None, ALMATY, owner.size, owner.category, owner.investor)
    return rows(subject, deferring.values(), detected, until, measures)
