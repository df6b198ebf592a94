"""Random logs: cut anywhere they give the same cases, and those of the plain calculation."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.core.cases.builder import Step, advance
from streams.core.cases.state import CaseState
from streams.core.cases.state_bytes import decode_cases, encode_case, encode_subject
from streams.core.records.case import AdministrativeCase, case_id
from streams.core.records.findings import Violation
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from tests.core.cases.facts import Docket, violation
from tests.core.examples import ALMATY, local
from tests.oracle import cases_of_law as law

BEGIN = local("2026-05-04")
UNTIL = BEGIN + 40 * DAY
ZONE = ZoneInfo(ALMATY)
OFF = {
    day
    for day in (date(2026, 5, 1) + timedelta(days=number) for number in range(120))
    if not load_calendar("KZ").is_working(day)
}
masses = st.none() | st.sampled_from([0.1, 0.25, 1.0, 2.5])
parameters = st.sampled_from(["SO2", "SO2", "DUST"])


class Entry(msgspec.Struct):
    """A violation and when its revisions would be published by a log full of ticks."""

    plain: Violation
    revisions: list[tuple[int, dict[str, object]]]
    late: bool


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    found: dict[str, Entry] = {}
    for _ in range(draw(st.integers(1, 14))):
        rule = draw(st.sampled_from(["KZ-DAY", "KZ-30", "KZ-30", "KZ-GS", "KZ-15", "KZ-3H", "KZ-3H",
                                     "KZ-YEAR", "KZ-VERIF", "KZ-GAP"]))  # fmt: skip
        parameter = draw(parameters) if rule not in ("KZ-VERIF", "KZ-GAP") else None
        day = draw(st.integers(0, 16))
        start, end = BEGIN + day * DAY, None
        if rule in ("KZ-30", "KZ-GS", "KZ-3H"):
            start += draw(st.integers(0, 23)) * HOUR
        if rule == "KZ-3H":
            end = start + draw(st.integers(7, 100)) * 30 * MINUTE
        if rule == "KZ-GAP":
            end = start + draw(st.integers(25, 200)) * HOUR
        if rule == "KZ-YEAR":
            start, end = local("2026-01-01"), local("2027-01-01")
        mass = draw(masses) if parameter is not None else None
        one = violation(rule, start, end, parameter=parameter, excess_mass_t=mass)
        overlap = any(
            each.plain.rule == rule == "KZ-3H"
            and each.plain.parameter == parameter
            and each.plain.start <= (end or 0) + HOUR
            and start <= (each.plain.end or 0) + HOUR
            for each in found.values()
        )
        again = rule == "KZ-GAP" and any(each.plain.rule == rule for each in found.values())
        if one.id in found or overlap or again:
            continue
        found[one.id] = draw(published(one, BEGIN + day * DAY))
    return list(found.values())


@st.composite
def published(draw: st.DrawFn, one: Violation, near: int) -> Entry:
    if one.rule == "KZ-GAP":
        assert one.end is not None
        shut = one.end + draw(st.integers(1, 60)) * MINUTE
        told: list[tuple[int, dict[str, object]]] = [
            (one.start + DAY + 1, {"end": None, "status": "OPEN"}),
            (shut, {}),
            (shut + HOUR, {"status": "WITHDRAWN"}),
        ]
        return Entry(one, told[: draw(st.integers(2, 3))], False)
    end = near if one.rule in ("KZ-YEAR", "KZ-VERIF") or one.end is None else one.end
    natural = end + (20 if one.rule in ("KZ-DAY", "KZ-15") else 5) * MINUTE
    revisions: list[tuple[int, dict[str, object]]] = []
    late = draw(st.integers(0, 5)) == 0 and one.rule != "KZ-3H"
    if one.rule == "KZ-3H":
        first = one.start + 215 * MINUTE
        if first < natural:
            revisions.append((first, {"end": one.start + 210 * MINUTE, "status": "OPEN"}))
    at = natural + draw(st.integers(1, 60)) * HOUR if late else natural
    revisions.append((at, {}))
    for _ in range(draw(st.integers(0, 2))):
        at += draw(st.integers(1, 20)) * HOUR
        change = draw(st.sampled_from(["withdraw", "mass", "back"]))
        if change == "withdraw":
            revisions.append((at, {"status": "WITHDRAWN"}))
        else:
            revisions.append((at, {"excess_mass_t": draw(masses) if one.parameter else None}))
    return Entry(one, revisions, late)


def steps_of(found: list[Entry], records: list[int]) -> list[Step]:
    """The log with records at these moments: each revision at the first that is not earlier."""
    news: dict[int, list[tuple[int, Violation]]] = {}
    for entry in found:
        for number, (at, changes) in enumerate(entry.revisions):
            moment = min(each for each in records if each >= at)
            one = msgspec.structs.replace(entry.plain, revision=number + 1, **changes)
            news.setdefault(moment, []).append((at, one))
    steps, before = [], BEGIN - HOUR
    late = frozenset((each.plain.id, 1) for each in found if each.late)
    for at in records:
        some = sorted(news.get(at, []), key=lambda pair: (pair[0], pair[1].id))
        steps.append(Step(before, at, tuple(one for _, one in some), late=late))
        before = at
    return [*steps, Step(UNTIL, UNTIL, tick=True)]


def told_of(found: list[Entry], records: list[int]) -> list[law.Told]:
    result = []
    for entry in found:
        versions = []
        for at, changes in entry.revisions:
            moment = min(each for each in records if each >= at)
            earlier = [each for each in records if each < moment]
            before = earlier[-1] if earlier else BEGIN - HOUR
            one = msgspec.structs.replace(entry.plain, **changes)
            stands = one.status != "WITHDRAWN"
            versions.append(law.Version(before, moment, stands, one.end, one.excess_mass_t))
        plain = entry.plain
        result.append(
            law.Told(plain.id, plain.rule, plain.parameter, plain.start, versions, entry.late)
        )
    return result


def run(steps: list[Step], cuts: set[int]) -> list[AdministrativeCase]:
    docket, state, published = Docket(), CaseState(), []
    for number, step in enumerate(steps):
        if number in cuts:
            saved = [encode_case(case, state.moment) for case in state.cases.values()]
            state = decode_cases(encode_subject(state), saved)
        published += advance(docket.scene, state, step)
    return published


@given(entries(), st.integers(0, 2), st.data())
def test_random_logs(found: list[Entry], ticks: int, data: st.DataObject) -> None:
    if ticks == 0:
        for entry in found:  # a withdrawn violation is forgotten after the lateness of its case
            gone = [
                n for n, (_, said) in enumerate(entry.revisions) if "WITHDRAWN" in said.values()
            ]
            entry.revisions = entry.revisions[: gone[0] + 1] if gone else entry.revisions
    moments = sorted({at for entry in found for at, _ in entry.revisions} | {UNTIL})
    if ticks == 0:  # stream time jumps
        count = len(moments) - 1
        kept = data.draw(st.sets(st.integers(0, max(count - 1, 0)), max_size=count))
        records = [at for number, at in enumerate(moments) if number in kept or at == UNTIL]
    else:
        records = sorted({*moments, *range(BEGIN, UNTIL, ticks * 9 * HOUR)})
    steps = steps_of(found, records)
    published = run(steps, set())
    cuts = data.draw(st.sets(st.integers(0, len(steps))))
    assert run(steps, cuts) == published

    told = told_of(found, records)
    expected = law.cases_of(told, UNTIL, ZONE)
    last = {each.id: each for each in published}
    names = {case.first.id: case_id(case.first.id) for case in expected}
    assert {name: last[name].opened_at for name in last} == {
        names[case.first.id]: case.opened for case in expected
    }
    for case in expected:
        record = last[names[case.first.id]]
        still = {each.id for each in case.violations if each.known(UNTIL).stands}
        assert set(record.violations) == still
        assert set(record.absorbed) == {
            each.id for each in case.absorbed if each.known(UNTIL).stands
        }
        assert (record.state == "WITHDRAWN") == (not still)
        assert record.detected_at == law.detected_at(case, UNTIL)
        assert set(record.related) == {
            names[each] for each in law.related_to(case, expected, UNTIL)
        }
        mass = law.mass_of(case, expected, told, UNTIL, ZONE)
        assert record.measured_mass_t == {name: float(tonnes) for name, (tonnes, _) in mass.items()}
        assert record.excess_mass_t == {
            name: float(tonnes) if whole else None for name, (tonnes, whole) in mass.items()
        }
        if still:
            assert record.fine_kzt == law.fine_of(case, mass)
        due = {name: day for name, day in record.due.items() if day is not None}
        assert due == law.dates_of(case, UNTIL, ZONE, OFF)
