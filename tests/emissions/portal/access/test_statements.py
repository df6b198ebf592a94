"""The statements on what is not public, over a real ClickHouse, with the look recorded first."""

from __future__ import annotations

from datetime import date

from emissions.portal.access.private_data import AccessRecords, PrivateData
from emissions.portal.access.sessions import Session
from emissions.portal.database import Database
from emissions.portal.queries.private import (
    access_records,
    own_cases,
    own_notices,
    own_sources,
    readings_of_day,
)
from emissions.publication import AUTHORITY, Viewer, inspector, operator
from sinks.tables import CASES, ENTERPRISES, REGISTRY
from tests.sinks.make import batch, case, entry
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse

BIN, OTHER = "000000000001", "000000000002"
SOURCE = f"{BIN}-0"


def session(viewer: Viewer) -> Session:
    return Session("somebody", viewer, 0.0, b"")


async def test_each_sees_what_the_rights_say_and_every_look_is_kept(
    clickhouse: TestClickHouse,
) -> None:
    registered = [enterprise(1, [BIG]), enterprise(2, [BIG], region="KZ-10")]
    await write(clickhouse, (ENTERPRISES, REGISTRY), batch(registered, "emissions.registry"))
    cases = [
        case(bin=BIN, source_id=SOURCE, region="KZ-55"),
        case(bin=OTHER, source_id=f"{OTHER}-0", region="KZ-10"),
    ]
    entries = [entry(at, each) for at, each in enumerate(cases)]
    await write(clickhouse, (CASES,), batch(entries, "emissions.cases"))
    for at in ("2026-02-28 18:59", "2026-02-28 19:00", "2026-03-01 18:59", "2026-03-01 19:00"):
        clickhouse.client.command(
            "INSERT INTO readings (source_id, parameter, interval_start, measured_at, period_s,"
            f" digits, scale) VALUES ('{SOURCE}', 'SO2', '{at}:00', '{at}:00', 60, 125, 1)"
        )
    public = Database(clickhouse.settings)
    data = PrivateData(Database(clickhouse.settings), AccessRecords(clickhouse.settings))
    try:
        seen = {
            name: (
                [each.bin for each in await own_cases(data, session(viewer))],
                [each.source_id for each in await own_sources(public, viewer)],
            )
            for name, viewer in {
                "operator": operator([BIN]),
                "inspector": inspector(["KZ-10"]),
                "nation": inspector(nation=True),
                "nobody": operator([]),
            }.items()
        }
        own = operator([BIN])
        (source,) = await own_sources(public, own, SOURCE)
        assert await own_sources(public, operator([OTHER]), SOURCE) == []
        readings = await readings_of_day(data, session(own), source, date(2026, 3, 1), most=10)
        notices = await own_notices(data, session(own))
        records = await access_records(data, session(AUTHORITY))
    finally:
        public.close()
        data.close()
    assert seen["operator"] == ([BIN], [SOURCE])
    assert seen["inspector"] == ([OTHER], [f"{OTHER}-0"])
    assert sorted(seen["nation"][0]) == [BIN, OTHER]
    assert seen["nobody"] == ([], [])
    assert [(each.measured_local[:16], each.value) for each in readings] == [
        ("2026-03-01 00:00", 12.5),
        ("2026-03-01 23:59", 12.5),
    ]
    assert notices == []
    assert sorted(each.kind for each in records) == sorted(
        ["CASE"] * 4 + ["RAW_READING", "NOTICE_TEXT", "REGISTRATION"]
    )
    assert {each.what for each in records if each.kind == "RAW_READING"} == {f"{SOURCE} 2026-03-01"}
