"""Rows of cases.ndjson from the violations that this calculation finds (section 12).

What is ripe does not change any more, so a case has the violations that stand at the end of the
run; when each was detected is found by calculating again what had arrived by then. Names stand for
ids: rule, parameter and start of a violation, and of a case those of its first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tests.oracle import cases_of_law as law
from tests.oracle import clock
from tests.oracle.measures import Measure, in_force, on_case
from tests.oracle.rules import Violation

Row = dict[str, Any]
RULES = Path(__file__).parents[2] / "streams" / "rules"
PLACES = {
    "KZ-GAP": ("ORDER-208", "26 (2)", None),
    "KZ-15": ("ORDER-208", "26 (1)", None),
    "KZ-VERIF": ("KoAP", "331", "1"),
    "KZ-NOASM": ("KoAP", "325", None),
    "KZ-NOLINK": ("KoAP", "325", None),
}
Detected = Callable[[Violation], tuple[int, bool, int | None]]
"""When a violation was first seen, whether late data made it, and when it was back, if it was."""


@dataclass(frozen=True)
class Subject:
    """A source of an enterprise, or the enterprise itself for its duties."""

    bin: str
    source_id: str | None
    zone: ZoneInfo
    size: str
    category: int
    investor: bool
    refused: tuple[int, ...] = ()
    marks: tuple[tuple[int, int, int, int], ...] = ()
    """Start and end, and from when until when they are pending."""
    cadence: int = 0


def name_of(violation: Violation) -> str:
    """What stands for the id of a violation."""
    return " ".join((violation.rule, violation.parameter or "-", clock.written(violation.start)))


def rows(
    subject: Subject,
    violations: Iterable[Violation],
    detected: Detected,
    until: int,
    measures: Iterable[Measure],
) -> list[Row]:
    """The cases of one subject at the end of the run."""
    kept = {name_of(each): each for each in violations}
    told: list[law.Told] = []
    for name, each in kept.items():
        at, late, back = detected(each)
        versions = [law.Version(at - 1, at, True, each.end, each.excess_mass_t)]
        if back is not None:
            versions.append(law.Version(at, at + 1, False, each.end, each.excess_mass_t))
            versions.append(law.Version(back - 1, back, True, each.end, each.excess_mass_t))
        window = (20 if subject.cadence == 1200 else 30) * clock.MINUTE
        told.append(_Told(name, each.rule, each.parameter, each.start, versions, late, window, at))
    cases = law.cases_of(told, until, subject.zone)
    book = _Book(subject, kept, told, cases, until, list(measures))
    return [row for case in cases if (row := book.row(case)) is not None]


@dataclass
class _Told(law.Told):
    """A violation whose detection is known."""

    at: int = 0

    def detected(self) -> int:
        return self.at


@dataclass
class _Book:
    subject: Subject
    violations: dict[str, Violation]
    told: list[law.Told]
    cases: list[law.CaseOfLaw]
    until: int
    measures: list[Measure]

    def row(self, case: law.CaseOfLaw) -> Row | None:
        """The row of a case; None for one that a duty met in time withdraws."""
        first = self.violations[case.first.id]
        own = [self.violations[each.id] for each in case.violations]
        act, article, part = PLACES.get(first.rule, ("KoAP", "328", None))
        deferred = first.deferred_until
        pending = deferred is not None and deferred > self.until
        if first.end is not None and deferred is not None and first.end <= deferred:
            return None
        opened = case.opened if deferred is None else max(case.opened, deferred)
        detected = min(each.detected() for each in case.violations)
        if deferred is not None and not pending:
            detected = opened
        mass = law.mass_of(case, self.cases, self.told, self.until, self.subject.zone)
        repeat, systematic = self._repeat(case, own, opened) if article == "328" else ([], False)
        track = "COURT" if systematic else law.TRACK.get(first.rule, ("PRESCRIPTION", ""))[0]
        if article == "328":
            long = any(each.rule == "KZ-3H" for each in own)
            part = "3" if systematic or long else "2" if repeat else "1"
        reasons = self._reasons(own, mass)
        state, delivered = self._told(case, reasons, pending)
        open_end = any(each.end is None for each in own)
        day = clock.local_day(self.subject.zone, detected)
        return {
            "case": self._name(case),
            "state": state,
            "reasons": reasons,
            "track": track,
            "act": act,
            "article": article,
            "part": part,
            "bin": self.subject.bin,
            "source_id": self.subject.source_id,
            "start": clock.written(min(each.start for each in own)),
            "end": None if open_end else clock.written(max(each.end or 0 for each in own)),
            "violations": sorted(name_of(each) for each in own),
            "absorbed": sorted(each.id for each in case.absorbed),
            "excess_mass_t": {
                name: float(tonnes) if whole else None for name, (tonnes, whole) in mass.items()
            },
            "fine_kzt": None
            if pending or act != "KoAP"
            else self._fine(article, part, mass, opened),
            "repeat_of": repeat,
            "related": sorted(
                self._name(other)
                for other in self.cases
                if other.first.id in law.related_to(case, self.cases, self.until)
            ),
            "deferred_until": clock.written(deferred) if pending and deferred else None,
            "detected_at": clock.written(detected),
            "opened_at": None if pending else clock.written(opened),
            "due": {} if pending else self._dates(track, act, article, own, day, delivered),
        }

    def _name(self, case: law.CaseOfLaw) -> str:
        who = self.subject.source_id or self.subject.bin
        return f"{who} {case.first.id}"

    def _repeat(
        self, case: law.CaseOfLaw, own: list[Violation], opened: int
    ) -> tuple[list[str], bool]:
        zone = self.subject.zone
        first, today = clock.local_day(zone, own[0].start), clock.local_day(zone, opened)
        since = _years_before(first, 3 if self.subject.size == "large" else 1)
        fines = [
            each.id
            for each in in_force(self.measures, opened, today)
            if each.kind == "FINE"
            and (each.bin, each.source_id) == (self.subject.bin, self.subject.source_id)
            and (each.act, each.article) == ("KoAP", "328")
            and each.imposed_on is not None
            and since < each.imposed_on < first
        ]
        year = _years_before(first, 1)
        punished = [
            other
            for other in self.cases
            if other is not case
            and other.opened <= opened
            and PLACES.get(other.first.rule, ("", "328"))[1] == "328"
            and year < clock.local_day(zone, other.first.start) <= first
            and any(
                each.kind == "FINE" or (each.kind == "DECIDED" and (each.amount_kzt or 0) > 0)
                for each in in_force(on_case(self.measures, self._name(other)), opened, today)
            )
        ]
        return sorted(fines), len(punished) >= 2

    def _reasons(
        self, own: list[Violation], mass: dict[str, tuple[Fraction, bool]]
    ) -> list[str] | None:
        found: set[str] = set()
        for each in own:
            if each.reasons is None:
                return None
            if not each.automatic:
                found.update(each.reasons)
            end = each.end if each.end is not None else 1 << 60
            if each.rule == "KZ-GAP" and any(each.start <= at < end for at in self.subject.refused):
                found.add("DATA_REFUSED")
            for start, over, since, last in self.subject.marks:
                if since <= self.until < last and start < end and each.start < over:
                    found.add("MARK_PENDING")
        if any(not whole for _, whole in mass.values()):
            found.add("MASS_INCOMPLETE")
        if found and self.subject.investor:
            found.add("PROSECUTOR_CONSENT")
        return sorted(found)

    def _told(
        self, case: law.CaseOfLaw, reasons: list[str] | None, pending: bool
    ) -> tuple[str | None, int | None]:
        told = [each for each in on_case(self.measures, self._name(case)) if self._counts(each)]
        today = clock.local_day(self.subject.zone, self.until)
        delivered = min((e.delivered_at for e in told if e.delivered_at is not None), default=None)
        if any(each.closes for each in in_force(told, self.until, today)):
            return "CLOSED", delivered
        if pending:
            return "DEFERRED", delivered
        if reasons is None or any(each.kind == "REVIEWED" for each in told):
            return None, delivered
        return "REVIEW" if reasons else "OPEN", delivered

    def _counts(self, measure: Measure) -> bool:
        return measure.bin == self.subject.bin and measure.arrival <= self.until

    def _fine(
        self, article: str, part: str | None, mass: dict[str, tuple[Fraction, bool]], opened: int
    ) -> int | None:
        table, day = _payment(), clock.local_day(self.subject.zone, opened)
        index = [e["kzt"] for e in table["index"] if e["valid_from"] <= day]
        if article != "328":
            for each in table["fixed"]:
                if (each["article"], each.get("part")) == (article, part) and index:
                    return int(each[self.subject.size] * index[-1])
            return None
        rates = [
            each["per_tonne"]
            for each in table["rates"]
            if each["valid_from"] <= day < each.get("valid_to", date.max)
        ]
        total = Fraction(0)
        for parameter, (tonnes, whole) in mass.items():
            if not whole or not rates or not index or parameter not in table["substances"]:
                return None
            substance = table["substances"][parameter]
            rate = Fraction(table["unnamed"] if substance is None else rates[0][substance])
            times = 100 if part == "1" else 200
            total += rate * index[-1] * times * Fraction(float(tonnes))
        fine = int((2 * total + 1) // 2)
        return fine if mass and fine < 2**63 else None  # no record holds more

    def _dates(
        self, track: str, act: str, article: str, own: list[Violation], day: date,
        delivered: int | None,
    ) -> dict[str, str]:  # fmt: skip
        name, count = {
            "COURT": ("protocol_by", 3),
            "INSPECTION": ("letter_by", 10),
            "PRESCRIPTION": ("prescription_by", 10),
        }[track]
        found = {name: _working(day, count), "limitation_detection": _months(day, 2)}
        if delivered is not None and act == "KoAP":
            at = clock.local_day(self.subject.zone, delivered)
            if article != "328":
                found["half_fine_until"] = _working(at, 7)
            found |= {"decided_on": _working(at, 15), "appeal_until": _working(at, 10)}
        if own[0].rule not in law.ALONE:
            began = clock.local_day(self.subject.zone, min(each.start for each in own))
            found["limitation_act"] = _months(began, 36)
        return {key: value.isoformat() for key, value in found.items()}


def _working(day: date, count: int) -> date:
    off, worked = _days()
    while count:
        day += timedelta(days=1)
        count -= day in worked or (day.isoweekday() < 6 and day not in off)
    return day


def _months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@cache
def _days() -> tuple[frozenset[date], frozenset[date]]:
    text = (RULES / "calendars" / "kz.yaml").read_text(encoding="utf-8")
    written = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (a key is "off")
    years = written["years"].values()
    return (
        frozenset(date.fromisoformat(day) for year in years for day in year["off"]),
        frozenset(date.fromisoformat(day) for year in years for day in year["worked"]),
    )


@cache
def _payment() -> Any:
    return yaml.safe_load((RULES / "kz" / "payment.yaml").read_text(encoding="utf-8"))


def _years_before(day: date, years: int) -> date:
    """The same date so many years before; of 29 February the last day of that month."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if leap else day.day)
