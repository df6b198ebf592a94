"""Views of cases: the last revision, every revision, and the work list as of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from emissions.cli.support.nation_report import FUNNEL, SECTIONS
from emissions.explain.store import Store
from emissions.pending_cases import read_pending
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.migrate import migrate
from sinks.reference_tables import write_reference_tables
from sinks.tables import CASES, VIOLATIONS
from streams.core.cases.scene import CasePolicy
from streams.core.law.policy import Policy
from streams.rules.load import load_rules
from tests.sinks.make import DAY, MARCH, batch, case, entry, violation
from tests.sinks.test_views import write
from tests.support.clickhouse import TestClickHouse


async def stored(clickhouse: TestClickHouse, *cases: dict[str, Any]) -> None:
    migrate(clickhouse.client, clickhouse.settings.clickhouse_database)
    write_reference_tables(clickhouse.client, load_rules())
    entries = [entry(at, each) for at, each in enumerate(cases)]
    await write(clickhouse, (CASES,), batch(entries, "emissions.cases"))


async def test_a_case_is_kept_whole_and_shown_as_it_stands(clickhouse: TestClickHouse) -> None:
    first = case(fine_kzt=900, fine_missing=None)
    await stored(
        clickhouse,
        first,
        case(revision=2, state="REVIEW", reasons=("MARK_PENDING",), excess_mass_t={"SO2": 1.5}),
        case(start=MARCH + 30 * DAY, state="WITHDRAWN"),
    )
    with client(clickhouse.settings) as connected:
        told = list(
            connected.query(
                "SELECT toString(id) AS id, state, reasons, excess_mass_t, items.rule, "
                "items.excess_mass_t, due_on, due_term, region_name_en, start_local, "
                "arrayMap(each -> toString(each), violations) AS violations FROM cases_current"
            ).named_results()
        )
        history = connected.query("SELECT revision, fine_kzt FROM case_history ORDER BY ALL")
        region = connected.query("SELECT region, cases, review, fines_kzt FROM cases_by_region")
        track = connected.query("SELECT track, article, part, cases, review FROM cases_by_track")
        due = connected.query("SELECT due_on, due_term, cases FROM cases_by_due")
    assert told == [
        {
            "id": first["id"],
            "state": "REVIEW",
            "reasons": ["MARK_PENDING"],
            "excess_mass_t": {"SO2": 1.5},
            "items.rule": ["KZ-DAY"],
            "items.excess_mass_t": [None],
            "due_on": date(2026, 3, 17),
            "due_term": "prescription_by",
            "region_name_en": "Pavlodar Region",
            "start_local": "2026-03-01 00:00:00",
            "violations": first["violations"],
        }
    ]
    assert history.result_rows == [(1, 900), (1, None), (2, None)]
    assert region.result_rows == [("KZ-55", 1, 1, None)]
    assert track.result_rows == [("PRESCRIPTION", "328", "1", 1, 1)]
    assert due.result_rows == [(date(2026, 3, 17), "prescription_by", 1)]


async def test_the_work_list_begins_with_what_is_due_first(clickhouse: TestClickHouse) -> None:
    await stored(
        clickhouse,
        case(start=MARCH),
        case(start=MARCH + DAY, state="REVIEW", due={"protocol_by": "2026-03-27"}),
        case(
            start=MARCH + 2 * DAY,
            delivered_at=MARCH + 9 * DAY,
            due={"prescription_by": "2026-03-10", "decided_on": "2026-04-02"},
        ),
        case(start=MARCH + 3 * DAY, state="DEFERRED", due={"prescription_by": None}),
        case(start=MARCH + 4 * DAY, state="CLOSED"),
    )
    question = (
        "SELECT due_term, due_on, days_left, working_days_left "
        "FROM case_work_list_on(today = '2026-03-20')"
    )
    with client(clickhouse.settings) as connected:
        rows = connected.query(question).result_rows
        same = connected.query("SELECT id FROM case_work_list").result_rows
    # Nowruz: of 21 to 25 March no day is worked.
    assert rows == [
        ("prescription_by", date(2026, 3, 17), -3, -3),
        ("protocol_by", date(2026, 3, 27), 7, 2),
        ("decided_on", date(2026, 4, 2), 13, 6),
    ]
    assert len(same) == 3


async def test_the_demo_tells_how_windows_became_cases(clickhouse: TestClickHouse) -> None:
    known = violation()
    await stored(clickhouse, case(violations=(known["id"],), fine_kzt=900, fine_missing=None))
    law = [{"act": "КоАП", "article": "328", "part": "1", "point": None, "subpoint": None}]
    found = [entry(0, known), entry(1, violation(rule="KZ-30", legal_basis=law))]
    await write(clickhouse, (VIOLATIONS,), batch(found, "emissions.violations"))
    sections = dict(SECTIONS)
    with client(clickhouse.settings) as connected:
        assert connected.query(FUNNEL).result_rows == [(0, 2, 1, 1)]
        cases = connected.query(sections["Cases by what follows; fines are estimates"]).result_rows
        dates = connected.query(sections["The nearest dates of cases"]).result_rows
        rules = load_rules()
        store = Store(connected, Codec(FileIds()), rules, Policy(), "emissions.readings")
        pending = read_pending(store, Policy(), CasePolicy())
    assert cases == [("PRESCRIPTION", "328", "1", 1, 1, 0, 0, 900, date(2026, 3, 17))]
    assert dates == [(date(2026, 3, 17), "prescription_by", 1)]
    assert [(each.violations, each.article) for each in pending] == [
        ((found[1].record["id"],), "328")
    ]
