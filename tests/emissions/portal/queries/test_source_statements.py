"""What the pages of a source ask, on rows in a ClickHouse: each statement and its values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from emissions.portal.database import Database
from emissions.portal.queries.changes import revised_days, revised_gaps, revised_means
from emissions.portal.queries.roots import root_of
from emissions.portal.queries.rules_of_mean import rules_of_mean
from emissions.portal.queries.source_gaps import gaps_between
from emissions.portal.queries.source_means import (
    days_between,
    latest_of,
    means_between,
    revisions_of,
)
from emissions.portal.queries.sources import find_source, times_of
from emissions.portal.queries.vocabulary import code_meanings, parameter_names
from emissions.portal.series import moment
from sinks.tables import ENTERPRISES, GAPS, MEANS, REGISTRY
from streams.rules.load import load_rules
from tests.sinks.make import DAY, HOUR, MARCH, MINUTE, batch, entry, gap, mean
from tests.sinks.test_views import BIG, enterprise, write
from tests.support.clickhouse import TestClickHouse

SOURCE, OTHER, TESTING = "000000000001-0", "000000000002-0", "000000000003-0"
HALF = 30 * MINUTE


@pytest.fixture
async def database(clickhouse: TestClickHouse) -> AsyncIterator[Database]:
    """A source with means and gaps of two days, another one, and one of a test stream."""
    firms = [enterprise(1, [BIG]), enterprise(2, [BIG]), enterprise(3, [BIG], test=True)]
    await write(clickhouse, (REGISTRY, ENTERPRISES), batch(firms, "emissions.registry"))
    half = {"source_id": SOURCE, "window": "30min"}
    means = [
        *(mean(**half, start=MARCH + n * HALF, end=MARCH + (n + 1) * HALF) for n in range(4)),
        mean(**half, start=MARCH + 4 * HALF, end=MARCH + 5 * HALF, value=1000.0),
        mean(**half, start=MARCH, end=MARCH + HALF, value=90.0, revision=2),
        mean(**half, start=MARCH, end=MARCH + HALF, value=80.0, revision=3,
             stream_time=MARCH + 5 * HOUR),
        mean(source_id=SOURCE, window="day", start=MARCH, end=MARCH + DAY, value=450.0),
        mean(source_id=SOURCE, unit="g/s", start=MARCH, limit=None, value=7.0),
        mean(source_id=SOURCE, start=MARCH + DAY, value=None, status="INSUFFICIENT", valid_s=60),
        mean(source_id=OTHER, start=MARCH + HOUR, revision=2, stream_time=MARCH + 9 * HOUR),
        mean(source_id=TESTING, start=MARCH + HOUR, revision=2, stream_time=MARCH + 9 * HOUR),
    ]  # fmt: skip
    gaps = [
        gap(MARCH + HOUR, MARCH + 2 * HOUR, source_id=SOURCE),
        gap(MARCH + DAY, None, source_id=SOURCE, parameter="SO2"),
        gap(MARCH + 3 * HOUR, MARCH + 4 * HOUR, source_id=SOURCE, status="WITHDRAWN", revision=2),
        gap(MARCH + 5 * HOUR, MARCH + 6 * HOUR, source_id=OTHER, revision=3),
        gap(MARCH + 5 * HOUR, MARCH + 6 * HOUR, source_id=TESTING, revision=3),
    ]
    await write(clickhouse, (MEANS,), batch([entry(n, m) for n, m in enumerate(means)], "means"))
    await write(clickhouse, (GAPS,), batch([entry(n, g) for n, g in enumerate(gaps)], "gaps"))
    root = f"'{SOURCE}', '000000000001', '2026-03-01', 0, 0, 'emissions.readings', 3, 5, 9"
    clickhouse.client.command(
        "INSERT INTO roots VALUES "
        f"({root}, 4, 'aa', 1, false, true, 0, 1), ({root}, 5, 'bb', 2, true, true, 0, 2)"
    )
    found = Database(clickhouse.settings)
    yield found
    found.close()


async def test_every_statement_answers_with_the_rows_that_were_written(database: Database) -> None:
    source = await find_source(database, SOURCE)
    assert source is not None
    assert (source.bin, source.enterprise_ru, source.region) == ("000000000001", "Предприятие 1",
                                                                 "KZ-55")  # fmt: skip
    assert await find_source(database, TESTING) is None
    assert await find_source(database, "' OR 1") is None

    times = await times_of(database, SOURCE)
    assert times is not None
    start = datetime(2026, 2, 28, 19, tzinfo=UTC)
    assert (moment(times.first), moment(times.last)) == (start, start + timedelta(days=1))
    assert await times_of(database, "nobody") is None

    latest = {(row.window, row.unit): row for row in await latest_of(database, SOURCE)}
    assert set(latest) == {("30min", "mg/m3"), ("day", "mg/m3"), ("1h", "g/s"), ("1h", "mg/m3")}
    assert latest["30min", "mg/m3"].value == 1000.0
    assert latest["1h", "mg/m3"].status == "INSUFFICIENT"

    rows = await means_between(database, SOURCE, MARCH, MARCH + DAY, ("30min",))
    assert [row.value for row in rows] == [80.0, 100.0, 100.0, 100.0, 1000.0]
    assert [row.revision for row in rows] == [3, 1, 1, 1, 1]
    assert rows[0].seconds_by_code == {"STATUS_C": 60}
    part = await means_between(database, SOURCE, MARCH + HALF, MARCH + HOUR, ("30min", "day"))
    assert [moment(row.start) for row in part] == [start + timedelta(minutes=30)]

    first, second = await days_between(database, SOURCE, MARCH, MARCH + 2 * DAY)
    assert (first.day, first.worst, first.valid, first.halves_above, first.days_above) == (
        date(2026, 3, 1), 0.9, 1, 1, 0,
    )  # fmt: skip
    assert (second.day, second.worst, second.valid, second.valid_parts) == (
        date(2026, 3, 2), None, 0, 0,
    )  # fmt: skip

    revisions = await revisions_of(database, SOURCE, "SO2", "30min", MARCH)
    assert revisions[0].revision == 3
    assert revisions[0].value == 80.0
    hours = await revisions_of(database, SOURCE, "SO2", "1h", MARCH)
    assert [each.unit for each in hours] == ["g/s"]

    gaps = await gaps_between(database, SOURCE, MARCH, MARCH + DAY)
    assert [(each.parameter, moment(each.start)) for each in gaps] == [
        ("", start + timedelta(hours=1))
    ]
    lasting = await gaps_between(database, SOURCE, MARCH + 8 * DAY, MARCH + 9 * DAY)
    assert [(each.parameter, each.end) for each in lasting] == [("SO2", None)]

    root = await root_of(database, SOURCE, date(2026, 3, 1))
    assert root is not None
    assert (root.root, root.count, root.revision, root.final) == ("bb", 5, 2, True)
    assert await root_of(database, SOURCE, date(2026, 3, 2)) is None

    assert (await parameter_names(database))["O2"].auxiliary is True
    codes = await code_meanings(database)
    assert codes["ZEROED"].scope == "mark"
    assert "UNKNOWN_SOURCE" not in codes

    version = load_rules().version
    for window, unit, code, factor in (
        ("30min", "mg/m3", "KZ-30", 2), ("day", "mg/m3", "KZ-DAY", 1), ("1h", "g/s", "KZ-GS", 1),
    ):  # fmt: skip
        (rule,) = await rules_of_mean(database, version, window, unit, date(2026, 3, 1))
        assert (rule.code, rule.factor) == (code, factor)
    assert await rules_of_mean(database, version, "day", "mg/m3", date(2021, 6, 30)) == []

    other, own = await revised_means(database, 1)
    assert (own.source_id, own.day, own.means, own.most_revisions, own.parameters) == (
        SOURCE, date(2026, 3, 1), 1, 3, ["SO2"],
    )  # fmt: skip
    assert (other.source_id, moment(other.revised_at)) == (OTHER, start + timedelta(hours=9))
    assert await revised_means(database, 2) == []
    assert [(each.source_id, each.status) for each in await revised_gaps(database, 1)] == [
        (OTHER, "CLOSED"),
        (SOURCE, "WITHDRAWN"),
    ]
    (day,) = await revised_days(database, SOURCE, MARCH, MARCH + DAY)
    assert (day.means, day.most_revisions) == (1, 3)
