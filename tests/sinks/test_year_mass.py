"""The view of a year's mass: by the clock of the source, with its limit and when it is reached."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sinks.clickhouse import client
from sinks.migrate import migrate
from sinks.tables import MEANS
from tests.sinks.make import batch, entry, mean
from tests.sinks.test_local_views import SOURCE, register, registered
from tests.sinks.test_views import write
from tests.support.clickhouse import TestClickHouse

NEW_YEAR = datetime(2025, 12, 31, 19, tzinfo=UTC)  # at Almaty, UTC+5
HOUR = timedelta(hours=1)


def hour(start: datetime, value: float | None, **changes: Any) -> Any:
    at = int(start.timestamp()) * 1000
    told = {
        "window": "1h",
        "unit": "g/s",
        "start": at,
        "end": at + 3_600_000,
        "value": value,
        "valid_s": 3600,
        "revision": 1,
    }
    return mean(**({"source_id": SOURCE} | told | changes))


def limited(*limits: dict[str, Any]) -> Any:
    found = registered("Asia/Almaty")
    (source,) = found.record["sources"]
    source["document"] = json.dumps({"limits": limits})
    return found


async def test_mass_limit_and_date(clickhouse: TestClickHouse) -> None:
    migrate(clickhouse.client, clickhouse.settings.clickhouse_database)
    await register(
        clickhouse,
        limited(
            {"parameter": "SO2", "unit": "mg/m3", "value": 500.0},
            {"parameter": "SO2", "unit": "t/a", "value": 7.0, "valid_to": "2026-01-01"},
            {"parameter": "SO2", "unit": "t/a", "value": 36.0, "valid_from": "2026-01-01"},
        ),
    )
    hours = [
        hour(NEW_YEAR - HOUR, 1000.0),
        hour(NEW_YEAR, 500.0, valid_s=1800),
        hour(NEW_YEAR, 500.0, valid_s=3600, revision=2),
        hour(NEW_YEAR + HOUR, None, valid_s=0),
        hour(NEW_YEAR + 2 * HOUR, 500.0),
        hour(NEW_YEAR + 2 * HOUR, 500.0, unit="mg/m3"),
        hour(NEW_YEAR + 2 * HOUR, 500.0, parameter="CO"),
    ]
    await write(
        clickhouse,
        (MEANS,),
        batch([entry(at, each) for at, each in enumerate(hours)], "emissions.means"),
    )
    database = client(clickhouse.settings)
    rows = database.query(
        "SELECT parameter, year, observed_from, observed_until, valid_s, mass_t, limit, "
        "round(share, 6), reached_on FROM year_mass WHERE source_id = {source:String} "
        "ORDER BY parameter, year",
        parameters={"source": SOURCE},
    ).result_rows
    third = NEW_YEAR + 2 * HOUR
    assert [
        (*row[:2], *[each.replace(tzinfo=UTC) for each in row[2:4]], *row[4:]) for row in rows
    ] == [
        ("CO", 2026, third, third + HOUR, 3600, 1.8, None, None, None),
        ("SO2", 2025, NEW_YEAR - HOUR, NEW_YEAR, 3600, 3.6, 7.0, 0.514286, None),
        ("SO2", 2026, NEW_YEAR, third + HOUR, 7200, 3.6, 36.0, 0.1, date(2026, 1, 2)),
    ]
