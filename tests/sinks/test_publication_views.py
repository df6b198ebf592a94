"""The views of publication say of every case and violation what the pure function decides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest

from emissions.publication import (
    PUBLIC,
    Decision,
    Names,
    PublicationPolicy,
    Record,
    RecordKind,
    case_facts,
    decide,
    pooled_cells,
)
from schemas.records import record_of
from sinks.tables import CASES, ENTERPRISES, GAPS, MEANS, REGISTRY, VIOLATIONS
from streams.core.law.calendar import WorkCalendar
from streams.core.records.case import AdministrativeCase, case_id
from streams.core.records.findings import violation_id
from streams.core.registry.measure import Measure
from streams.core.time.local_clock import midnight, to_datetime
from streams.rules.calendar import load_calendar
from tests.emissions.publication.situations import LIKELY, STATES, TRACKS
from tests.schemas.examples import CASE
from tests.sinks.make import DAY, HOUR, MARCH, batch, entry, gap, mean, violation
from tests.sinks.test_views import enterprise, write
from tests.support.clickhouse import TestClickHouse
from tests.support.generated import shared

TODAY = date(2026, 4, 6)
"""Nowruz lies within the terms that end about now."""

ALMATY = "Asia/Almaty"
BINS = {
    "990140001233": ("KZ-55", False),
    "990140001243": ("KZ-55", False),
    "990140001253": ("KZ-55", False),
    "990140001263": ("KZ-55", False),
    "990140001273": ("KZ-10", False),
    "990140001283": ("KZ-10", True),
    "990140001293": ("KZ-35", False),
}
"""БИН -> region, test stream. KZ-10 is no crowd, and KZ-35 neither: they are counted with KZ-55."""

SWITCHES = (
    *((Names.AFTER_APPEAL, False), (Names.FINAL_DECISIONS_ONLY, False), (Names.NOBODY, False)),
    (Names.AFTER_APPEAL, True),
)


class Situation(NamedTuple):
    """What was written: cases, measures, and the violations with whether they were withdrawn."""

    cases: list[AdministrativeCase]
    measures: list[Measure]
    violations: list[dict[str, Any]]


def some_day(chance: Random) -> date:
    return TODAY + timedelta(chance.randrange(-45, 4))


def some_measure(chance: Random, number: int, case: AdministrativeCase) -> Measure:
    kind = chance.choice(LIKELY)
    at = midnight(ALMATY, some_day(chance)) + chance.randrange(DAY)
    return Measure(
        id=f"M-{number}",
        kind=kind,
        bin=case.bin if chance.random() < 0.85 else "990140001293",
        case_id=case.id,
        imposed_on=some_day(chance) if chance.random() < 0.8 else None,
        overturned_on=some_day(chance) if chance.random() < 0.06 else None,
        delivered_at=at if kind == "DELIVERED" else None,
        amount_kzt=chance.choice((None, 0, 43_250)),
    )


def situation(chance: Random, count: int) -> Situation:
    """Cases by chance; every third violation is in no case, in two, or was withdrawn.

    The second case is mostly that of another operator, also of a test stream: the violation of a
    source that went over by a correction of the registry.
    """
    cases: list[AdministrativeCase] = []
    measures: list[Measure] = []
    violations = []
    for number in range(count):
        start = MARCH + number * HOUR
        bin_ = chance.choice(list(BINS))
        source = f"{bin_}-1"
        known = violation_id("KZ-30", source, "SO2", start)
        within = [known]
        if cases and chance.random() < 0.2:
            within += cases[-1].violations
        track = chance.choice(TRACKS)
        case = msgspec.structs.replace(
            CASE,
            id=case_id(known),
            revision=1,
            state=chance.choice(STATES),
            track=track,
            act="ORDER-208" if track == "INSPECTION" else "KoAP",
            bin=bin_,
            region=BINS[bin_][0],
            source_id=source,
            start=start,
            violations=() if chance.random() < 0.1 else tuple(within),
            absorbed=(),
            items=(),
            systematic_with=(),
            related=(),
            due={
                "prescription_by": "2026-03-17",
                "appeal_until": some_day(chance).isoformat() if chance.random() < 0.4 else None,
            },
        )
        cases.append(case)
        measures += [
            some_measure(chance, len(measures) + at, case) for at in range(chance.randrange(5))
        ]
        status = "WITHDRAWN" if chance.random() < 0.1 else "CLOSED"
        violations.append(
            violation(
                rule="KZ-30",
                source_id=source,
                bin=bin_,
                region=BINS[bin_][0],
                start=start,
                end=start + HOUR // 2,
                status=status,
            )
        )
    return Situation(cases, measures, violations)


async def stored(clickhouse: TestClickHouse, made: Situation) -> None:
    database = clickhouse.settings.clickhouse_database
    clickhouse.client.command(
        f"CREATE OR REPLACE VIEW publication_day AS SELECT toDate32('{TODAY}') AS day"
    )
    entries = [
        enterprise(at, [], bin_, region=region, test=test)
        for at, (bin_, (region, test)) in enumerate(BINS.items())
    ]
    await write(clickhouse, (ENTERPRISES,), batch(entries, "emissions.registry"))
    cases = [record_of(each) for each in made.cases]
    # An earlier revision, which says something else.
    earlier = [{**each, "state": "OPEN", "revision": 1} for each in cases]
    later = [{**each, "revision": 2} for each in cases]
    rows = [entry(at, each) for at, each in enumerate([*earlier, *later])]
    await write(clickhouse, (CASES,), batch(rows, "emissions.cases"))
    rows = [entry(at, each) for at, each in enumerate(made.violations)]
    await write(clickhouse, (VIOLATIONS,), batch(rows, "emissions.violations"))
    columns = (
        *("id", "kind", "bin", "case_id", "imposed_on", "overturned_on", "delivered_at"),
        *("amount_kzt", "offset", "version"),
    )
    clickhouse.client.insert(
        "measures",
        [measure_row(each, at) for at, each in enumerate(made.measures)],
        column_names=columns,
        database=database,
    )


def measure_row(each: Measure, at: int) -> list[Any]:
    days = ("" if day is None else day.isoformat() for day in (each.imposed_on, each.overturned_on))
    delivered = None if each.delivered_at is None else to_datetime(each.delivered_at)
    return [each.id, each.kind, each.bin, each.case_id, *days, delivered, each.amount_kzt, at, at]


def expected(
    made: Situation, calendar: WorkCalendar, policy: PublicationPolicy
) -> tuple[dict[str, Decision], dict[str, Decision]]:
    """Decide every case and violation by the pure function."""
    measures: defaultdict[str | None, list[Measure]] = defaultdict(list)
    for told in made.measures:
        measures[told.case_id].append(told)
    facts = {
        each.id: case_facts(each, measures[each.id], ALMATY, calendar) for each in made.cases
    }  # fmt: skip
    holding: defaultdict[str, list[str]] = defaultdict(list)
    for case in sorted(made.cases, key=lambda each: each.id):
        for violation_ in case.violations:
            holding[violation_].append(case.id)
    cases = {
        each.id: decide(PUBLIC, seen(RecordKind.CASE, each.bin, [facts[each.id]]), TODAY, policy)
        for each in made.cases
    }
    violations = {}
    for each in made.violations:
        of_cases = [facts[one] for one in holding[each["id"]]]
        record = seen(RecordKind.VIOLATION, each["bin"], of_cases)
        withdrawn = each["status"] == "WITHDRAWN"
        violations[each["id"]] = decide(
            PUBLIC, record._replace(withdrawn=withdrawn), TODAY, policy
        )  # fmt: skip
    return cases, violations


def seen(kind: RecordKind, bin_: str, cases: Sequence[Any]) -> Record:
    region, test = BINS[bin_]
    return Record(kind, bin_, region, test=test, cases=tuple(cases))


def said(clickhouse: TestClickHouse, view: str) -> dict[str, tuple[str, str, date | None]]:
    rows = clickhouse.rows(f"SELECT toString(id), visibility, reason, shown_from FROM {view}")
    return {id_: (visibility, reason, day) for id_, visibility, reason, day in rows}


def as_told(found: dict[str, Decision]) -> dict[str, tuple[str, str, date | None]]:
    return {
        id_: (each.visibility.name, str(each.reason), each.shown_from)
        for id_, each in found.items()
    }


def set_policy(clickhouse: TestClickHouse, revision: int, names: str, held: bool) -> None:
    clickhouse.client.insert(
        "publication_policy",
        [[revision, names, held, "a test"]],
        column_names=["revision", "names", "held", "set_by"],
        database=clickhouse.settings.clickhouse_database,
    )


@pytest.mark.parametrize(
    "count", [shared(300), pytest.param(20_000, marks=pytest.mark.long)]
)  # fmt: skip
async def test_views_say_what_the_function_decides(clickhouse: TestClickHouse, count: int) -> None:
    made = situation(Random(36), count)
    calendar = load_calendar("kz")
    await stored(clickhouse, made)
    for revision, (names, held) in enumerate(SWITCHES):
        if revision:  # the first one is what holds while nothing was set
            set_policy(clickhouse, revision, names, held)
        policy = PublicationPolicy(names, held)
        cases, violations = expected(made, calendar, policy)
        assert said(clickhouse, "case_publication") == as_told(cases)
        assert said(clickhouse, "violation_publication") == as_told(violations)
        for view, found in (("public_cases", cases), ("public_violations", violations)):
            shown = {id_: each.shown_from for id_, each in found.items() if each.named}
            assert bool(shown) is (names is not Names.NOBODY and not held)
            rows = clickhouse.rows(f"SELECT toString(id), shown_from FROM {view} ORDER BY ALL")
            assert [tuple(row) for row in rows] == sorted(shown.items())
        assert case_counts(clickhouse) == expected_counts(made, cases)
        total = clickhouse.value("SELECT sum(violations) FROM public_violation_counts")
        assert total == sum(bool(each.visibility) for each in violations.values())
    cases, _ = expected(made, calendar, PublicationPolicy())
    assert len({each.reason for each in cases.values()}) > 5


CROWDS = {
    f"9901400012{number}3": (region, False)
    for number, region in enumerate(("KZ-10", "KZ-35", "KZ-55") * 3)
}
"""Three enterprises in each region: all are counted by themselves, but for small counts."""


def case_counts(clickhouse: TestClickHouse) -> list[tuple[str, tuple[str, str], int]]:
    rows = clickhouse.rows("SELECT region, track, state, cases FROM public_case_counts")
    return sorted((region, (track, state), number) for region, track, state, number in rows)


def expected_counts(
    made: Situation, cases: dict[str, Decision]
) -> list[tuple[str, tuple[str, str], int]]:
    """Count the cases by the pure function."""
    seen_by_all = [each for each in made.cases if cases[each.id].visibility]
    counted = Counter((each.region, (each.track, each.state)) for each in seen_by_all)
    named = Counter(
        (each.region, (each.track, each.state)) for each in seen_by_all if cases[each.id].named
    )
    numbers = Counter(region for region, test in BINS.values() if not test)
    cells = pooled_cells(counted, numbers, named=named)
    return [(region, what, number) for region, what, number in cells]  # type: ignore[misc]


async def test_small_counts_are_given_without_their_region(
    clickhouse: TestClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "BINS", CROWDS)
    made = situation(Random(38), 400)
    await stored(clickhouse, made)
    cases, violations = expected(made, load_calendar("kz"), PublicationPolicy())
    counts = case_counts(clickhouse)
    assert counts == expected_counts(made, cases)
    assert {region for region, _, _ in counts} == {"", "KZ-10", "KZ-35", "KZ-55"}
    named = clickhouse.value("SELECT sum(named) FROM public_case_counts")
    assert named == sum(each.named for each in cases.values()) > 0
    stood: Counter[tuple[str, bool]] = Counter()
    shown: Counter[tuple[str, bool]] = Counter()
    for each in made.violations:
        key = each["region"], each["status"] == "WITHDRAWN"
        stood[key] += bool(violations[each["id"]].visibility)
        shown[key] += violations[each["id"]].named
    rows = clickhouse.rows("SELECT region, withdrawn, violations FROM public_violation_counts")
    cells = pooled_cells(stood, Counter(region for region, _ in CROWDS.values()), named=shown)
    assert sorted((region, bool(withdrawn), number) for region, withdrawn, number in rows) == [
        tuple(cell) for cell in cells
    ]


async def test_what_is_open_leaves_out_test_streams_and_a_hold_does_not_close_it(
    clickhouse: TestClickHouse,
) -> None:
    station: dict[str, Any] = {"plant": "other", "fuel": None, "electric_mw": None}
    sources = [{**station, "thermal_mw": None, "gross_t_a": 600.0}]
    good, worse, test = list(BINS)[:3]
    entries = [
        enterprise(at, sources, bin_, test=bin_ == test)
        for at, bin_ in enumerate((good, worse, test))
    ]
    await write(clickhouse, (ENTERPRISES, REGISTRY), batch(entries, "emissions.registry"))
    rows = [
        mean(source_id=f"{bin_}-0", start=MARCH + hour * HOUR, revision=1 + hour)
        for bin_ in (good, worse, test)
        for hour in (0, 9)
    ]
    means = [entry(at, each) for at, each in enumerate(rows)]
    await write(clickhouse, (MEANS,), batch(means, "emissions.means"))
    gaps = [entry(0, gap(MARCH + HOUR, MARCH + 3 * HOUR, source_id=f"{worse}-0", revision=2))]
    await write(clickhouse, (GAPS,), batch(gaps, "emissions.gaps"))
    league = clickhouse.rows(
        "SELECT place, bin, silent_s, round(transmitted_share, 6) FROM public_transmission "
        "ORDER BY place"
    )
    assert [tuple(row) for row in league] == [(1, good, 0, 1.0), (2, worse, 7200, 0.8)]
    region = clickhouse.rows(
        "SELECT region, enterprises, sources, round(transmitted_share, 6) "
        "FROM public_transmission_by_region"
    )
    assert [tuple(row) for row in region] == [("KZ-55", 2, 2, 0.9)]
    revised = clickhouse.value("SELECT count() FROM public_revised_means WHERE revision = 10")
    assert (revised, clickhouse.value("SELECT status FROM public_revised_gaps")) == (2, "CLOSED")
    set_policy(clickhouse, 1, "AFTER_APPEAL", held=True)
    views = clickhouse.rows(
        "SELECT name FROM system.tables WHERE startsWith(name, 'public_') "
        f"AND database = '{clickhouse.settings.clickhouse_database}'"
    )
    assert len(views) == 13
    told = {view for (view,) in views if clickhouse.value(f"SELECT count() FROM {view}")}
    assert told == {
        *("public_availability", "public_transmission", "public_transmission_by_region"),
        *("public_revised_means", "public_revised_gaps", "public_publication"),
    }
    assert clickhouse.rows("SELECT revision, names, held FROM public_publication") == [
        (1, "AFTER_APPEAL", True)
    ]
