"""Cases of one source, slow and plain, from the words of section 12 of the specification alone.

A violation is what was told of it: its versions in the order of the log. At every moment at which
something was told, or at which something may open, everything is formed again from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from zoneinfo import ZoneInfo

from tests.oracle import clock

HOUR = clock.HOUR
LATENESS = 72 * HOUR
OUTAGE_LIMIT = 24 * HOUR
EPISODE_GAP = 24 * HOUR
RUN_WINDOW = 30 * clock.MINUTE
DUTIES = ("KZ-NOASM", "KZ-NOLINK")
ALONE = ("KZ-GAP", "KZ-VERIF", "KZ-YEAR", *DUTIES)
CONCENTRATION = ("KZ-DAY", "KZ-30", "KZ-3H")
TRACK = {
    "KZ-3H": ("COURT", "328"),
    "KZ-15": ("INSPECTION", "26 (1)"),
    "KZ-GAP": ("INSPECTION", "26 (2)"),
    "KZ-VERIF": ("PRESCRIPTION", "331"),
    "KZ-NOASM": ("PRESCRIPTION", "325"),
    "KZ-NOLINK": ("PRESCRIPTION", "325"),
}


@dataclass(frozen=True)
class Version:
    """What the log said at a moment: stream time went from ``before`` to ``at``."""

    before: int
    at: int
    stands: bool
    end: int | None
    mass: float | None
    reasons: tuple[str, ...] = ()


@dataclass
class Told:
    """A violation and its versions, the first one first."""

    id: str
    rule: str
    parameter: str | None
    start: int
    versions: list[Version]
    late: bool = False
    run_window: int = RUN_WINDOW

    def natural(self) -> int | None:
        """The moment at which time shows it."""
        end = self.versions[0].end
        if self.rule == "KZ-3H":
            length = 0
            while length <= 3 * HOUR:
                length += self.run_window
            return self.start + length + 5 * clock.MINUTE
        if self.rule == "KZ-GAP":
            return self.start + OUTAGE_LIMIT
        if self.rule in ("KZ-DAY", "KZ-15"):
            return (end or 0) + 20 * clock.MINUTE
        if self.rule == "KZ-YEAR":
            return self.hour_closed(self.versions[0])
        return None if self.rule in ALONE else (end or 0) + 5 * clock.MINUTE

    @staticmethod
    def hour_closed(one: Version) -> int:
        """The first close of an hour (whole hours of the clock) after what came before."""
        before = one.before - 5 * clock.MINUTE
        return before - before % HOUR + HOUR + 5 * clock.MINUTE

    def detected(self) -> int:
        """When its first version counts."""
        first, natural = self.versions[0], self.natural()
        if natural is None or self.late or natural > first.at:
            return first.at
        passed = first.before >= natural if self.rule != "KZ-GAP" else first.before > natural
        return first.at if passed else natural

    @cached_property
    def moments(self) -> list[int]:
        """When each version counts: asked for at every moment, and always the same."""
        found = [self.detected()]
        for each in self.versions[1:]:
            at = each.at
            if self.rule == "KZ-3H" and each.stands and each.end is not None and not self.late:
                closed = each.end + 5 * clock.MINUTE  # of the window by which it grew
                at = closed if each.before < closed <= each.at else at
            if self.rule == "KZ-YEAR" and each.stands:
                closed = self.hour_closed(each)
                at = closed if each.before < closed <= each.at else at
            found.append(max(at, found[-1]))
        return found

    def version(self, now: int) -> Version | None:
        """What was known of it at a moment."""
        known = None
        for moment, each in zip(self.moments, self.versions, strict=True):
            if moment <= now:
                known = each
        return known

    def ripe(self, now: int) -> int:
        """From when late data cannot change it."""
        end = self.known(now).end or 0
        if self.rule == "KZ-GAP":
            return self.start + OUTAGE_LIMIT + LATENESS
        if self.rule in ("KZ-VERIF", "KZ-YEAR"):
            return self.detected() + LATENESS
        if self.rule in DUTIES:
            return self.detected()
        return end + LATENESS + (self.run_window if self.rule == "KZ-3H" else 0)

    def known(self, now: int) -> Version:
        """What was known of it at a moment at which something was."""
        found = self.version(now)
        assert found is not None
        return found


@dataclass
class CaseOfLaw:
    """A case: its first violation, when it opened, and what is in it."""

    first: Told
    opened: int
    violations: list[Told]
    absorbed: list[Told] = field(default_factory=list)


def cases_of(told: list[Told], until: int, zone: ZoneInfo) -> list[CaseOfLaw]:
    """Every case that had opened by ``until``, in the order of opening."""
    opened: list[CaseOfLaw] = []
    changes = sorted({moment for each in told for moment in each.moments if moment <= until})
    for number, change in enumerate(changes):
        following = changes[number + 1] if number + 1 < len(changes) else until + 1
        now = change
        _absorb(told, opened, now)  # what a run that is withdrawn frees is of no case again
        while True:
            episode, due = _next(told, opened, now, zone)
            if episode is None or max(due, now) >= following:
                break
            now = max(due, now)
            opened.append(CaseOfLaw(episode[0], now, episode))
            _absorb(told, opened, now)
        _absorb(told, opened, change)
    return opened


def standing(told: list[Told], now: int) -> list[Told]:
    """The violations that stand at a moment."""
    return [each for each in told if (v := each.version(now)) is not None and v.stands]


def runs_of(told: list[Told], now: int) -> dict[str | None, list[Told]]:
    """The runs that stand at a moment, by parameter."""
    found: dict[str | None, list[Told]] = {}
    for run in standing([each for each in told if each.rule == "KZ-3H"], now):
        found.setdefault(run.parameter, []).append(run)
    return found


def in_run(one: Told, runs: dict[str | None, list[Told]], now: int) -> Told | None:
    """The run that a half hour or an hour of mass flow lies wholly in."""
    if one.rule in ("KZ-30", "KZ-GS"):
        for run in runs.get(one.parameter, []):
            if run.start <= one.start:
                end, last = one.known(now).end, run.known(now).end
                if end is not None and last is not None and end <= last:
                    return run
    return None


def _absorb(told: list[Told], opened: list[CaseOfLaw], now: int) -> None:
    runs = runs_of(told, now)
    for case in opened:
        case.absorbed = [each for each in case.absorbed if in_run(each, runs, now) is not None]
    taken = {each.id for case in opened for each in case.violations + case.absorbed}
    for one in standing(told, now):
        run = in_run(one, runs, now)
        if one.id not in taken and run is not None:
            for case in opened:
                if run in case.violations:
                    case.absorbed.append(one)


def _next(
    told: list[Told], opened: list[CaseOfLaw], now: int, zone: ZoneInfo
) -> tuple[list[Told] | None, int]:
    """The episode that opens first, and when."""
    taken = {each.id for case in opened for each in case.violations + case.absorbed}
    runs = runs_of(told, now)
    loose = [
        each
        for each in standing(told, now)
        if each.id not in taken and in_run(each, runs, now) is None
    ]
    found = []
    for place in sorted({TRACK.get(each.rule, ("PRESCRIPTION", "328")) for each in loose}):
        group = [e for e in loose if TRACK.get(e.rule, ("PRESCRIPTION", "328")) == place]
        found += [[each] for each in group if each.rule in ALONE]
        rest = [each for each in group if each.rule not in ALONE]
        rest.sort(key=lambda e: (e.start, e.known(now).end or 0, e.rule, e.parameter or ""))
        while rest:
            episode = [rest.pop(0)]
            while rest and _takes(episode, rest[0], now, zone):
                episode.append(rest.pop(0))
            found.append(episode)
    dated = [
        (_due(episode, now, zone), episode[0].start, episode[0].id, episode) for episode in found
    ]
    if not dated:
        return None, 0
    first = min(dated, key=lambda each: (max(each[0], now), each[1], each[2]))
    return first[3], first[0]


def _takes(episode: list[Told], one: Told, now: int, zone: ZoneInfo) -> bool:
    latest = max(each.known(now).end or 0 for each in episode)
    end = one.known(now).end or 0
    return one.start < latest + EPISODE_GAP and end <= _limit(episode, zone)


def _limit(episode: list[Told], zone: ZoneInfo) -> int:
    return clock.midnight(zone, clock.local_day(zone, episode[0].start) + timedelta(days=5))


def _due(episode: list[Told], now: int, zone: ZoneInfo) -> int:
    ripe = max(each.ripe(now) for each in episode)
    if episode[0].rule in ALONE:
        return ripe
    latest = max(each.known(now).end or 0 for each in episode)
    day = clock.local_day(zone, latest + EPISODE_GAP)
    by_gap = clock.midnight(zone, day + timedelta(days=1)) + LATENESS
    by_limit = _limit(episode, zone) + 4 * HOUR + LATENESS
    return max(ripe, min(by_gap, by_limit))


def mass_of(
    case: CaseOfLaw, cases: list[CaseOfLaw], told: list[Told], until: int, zone: ZoneInfo
) -> dict[str, tuple[Fraction, bool]]:
    """By parameter: the measured tonnes, and whether all of them were measured."""
    found = _plain_mass(case, told, until, zone)
    for one in _still(case, until):
        if one.rule == "KZ-YEAR" and one.parameter is not None:
            mass = one.known(until).mass
            year = clock.local_day(zone, one.start).year
            rest = Fraction(mass or 0)
            for other in cases:
                for (parameter, day), tonnes in _by_day(other, told, until, zone)[0].items():
                    if parameter == one.parameter and day.year == year:
                        rest -= tonnes
            found[one.parameter] = (max(rest, Fraction(0)), mass is not None)
    return found


def _still(case: CaseOfLaw, until: int) -> list[Told]:
    return [each for each in case.violations if each.known(until).stands]


def _plain_mass(
    case: CaseOfLaw, told: list[Told], until: int, zone: ZoneInfo
) -> dict[str, tuple[Fraction, bool]]:
    by_day, incomplete = _by_day(case, told, until, zone)
    parameters = {e.parameter for e in _still(case, until) if e.rule in (*CONCENTRATION, "KZ-GS")}
    return {
        name: (
            sum((t for (p, _), t in by_day.items() if p == name), Fraction(0)),
            name not in incomplete,
        )
        for name in parameters
        if name is not None
    }


def _by_day(
    case: CaseOfLaw, told: list[Told], until: int, zone: ZoneInfo
) -> tuple[dict[tuple[str, date], Fraction], set[str]]:
    """The mass that a case counts of each parameter and day, and what is incomplete."""
    found: dict[tuple[str, date], Fraction] = {}
    incomplete: set[str] = set()
    all_of_it = standing(told, until)
    for one in _still(case, until):
        if one.parameter is None or one.rule not in (*CONCENTRATION, "KZ-GS"):
            continue
        same = [each for each in all_of_it if each.parameter == one.parameter]
        end, mass = one.known(until).end or 0, one.known(until).mass
        for day in _days(one.start, end, zone):
            runs = [r for r in same if r.rule == "KZ-3H" and _part(r, day, until, zone)]
            has_day = [
                d for d in same if d.rule == "KZ-DAY" and clock.local_day(zone, d.start) == day
            ]
            touched = any(_part(e, day, until, zone) for e in same if e.rule in CONCENTRATION)
            if (one.rule == "KZ-30" and has_day) or (one.rule == "KZ-GS" and touched):
                continue
            lost = one.rule == "KZ-DAY" and any(r.known(until).mass is None for r in runs)
            if mass is None or lost:
                incomplete.add(one.parameter)
                continue
            tonnes = Fraction(mass) * _part(one, day, until, zone)
            if one.rule == "KZ-DAY":
                for run in runs:
                    tonnes -= Fraction(run.known(until).mass or 0) * _part(run, day, until, zone)
            key = one.parameter, day
            found[key] = found.get(key, Fraction(0)) + max(tonnes, Fraction(0))
    return found, incomplete


def _days(start: int, end: int, zone: ZoneInfo) -> list[date]:
    first, last = clock.local_day(zone, start), clock.local_day(zone, end - 1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _part(one: Told, day: date, until: int, zone: ZoneInfo) -> Fraction:
    """The share of a violation's time that lies in a day."""
    start, end = one.start, one.known(until).end or 0
    low, high = clock.midnight(zone, day), clock.midnight(zone, day + timedelta(days=1))
    return Fraction(max(0, min(end, high) - max(start, low)), end - start)


def detected_at(case: CaseOfLaw, until: int) -> int:
    """The earliest detection of what stands of a case."""
    return min(each.detected() for each in _still(case, until) or case.violations)


def related_to(case: CaseOfLaw, cases: list[CaseOfLaw], until: int) -> set[str]:
    """The first violations of the cases that overlap a case in time."""
    found = set()
    for other in cases:
        for one in _still(case, until):
            for each in _still(other, until):
                ends = [
                    v.end if v.end is not None else 1 << 60
                    for v in (one.known(until), each.known(until))
                ]
                if other is not case and max(one.start, each.start) < min(ends):
                    found.add(other.first.id)
    return found


RATES = {"SO2": 20, "DUST": 10}
INDEX_2026 = 4325


def fine_of(case: CaseOfLaw, mass: dict[str, tuple[Fraction, bool]]) -> int | None:
    """The estimate in whole tenge: of 328 by mass, of 331 for a large business, else none."""
    rule = case.first.rule
    if rule in ("KZ-15", "KZ-GAP"):
        return None
    if rule == "KZ-VERIF":
        return 800 * INDEX_2026
    times = 200 if rule == "KZ-3H" else 100
    total = Fraction(0)
    for parameter, (tonnes, whole) in mass.items():
        if not whole:
            return None
        total += RATES[parameter] * INDEX_2026 * times * Fraction(float(tonnes))
    below = total.numerator // total.denominator
    return below + 1 if total - below >= Fraction(1, 2) else below


def dates_of(case: CaseOfLaw, until: int, zone: ZoneInfo, off: set[date]) -> dict[str, str]:
    """The dates that run without a delivery; ``off`` are the days on which nobody works."""
    found = {}
    day = detected = clock.local_day(zone, detected_at(case, until))
    name, left = {
        "COURT": ("protocol_by", 3),
        "INSPECTION": ("letter_by", 10),
        "PRESCRIPTION": ("prescription_by", 10),
    }[TRACK.get(case.first.rule, ("PRESCRIPTION", "328"))[0]]
    while left:
        day += timedelta(days=1)
        if day not in off:
            left -= 1
    found[name] = day.isoformat()
    month = detected.month + 2
    found["limitation_detection"] = date(
        detected.year + (month > 12), (month - 1) % 12 + 1, detected.day
    ).isoformat()
    if case.first.rule not in ALONE:
        began = clock.local_day(zone, min(e.start for e in _still(case, until) or case.violations))
        found["limitation_act"] = date(began.year + 3, began.month, began.day).isoformat()
    return found
