"""The statement of the feeds over a real ClickHouse: cases beside what is open at once."""

from __future__ import annotations

from random import Random

from emissions.portal.database import Database
from emissions.portal.queries.changes_feed import changes
from sinks.tables import MEANS
from tests.sinks.make import MARCH, batch, entry, mean
from tests.sinks.test_publication_views import set_policy, situation, stored
from tests.sinks.test_views import write
from tests.support.clickhouse import TestClickHouse


async def test_a_feed_holds_the_cases_that_may_be_named_and_none_under_a_hold(
    clickhouse: TestClickHouse,
) -> None:
    await stored(clickhouse, situation(Random(36), 60))
    await write(clickhouse, (MEANS,), batch([entry(0, mean(start=MARCH))], "emissions.means"))
    shown = sorted(
        (str(id_), str(bin_)) for id_, bin_ in clickhouse.rows("SELECT id, bin FROM public_cases")
    )
    some_bin = shown[0][1]
    found = {}
    for held in (False, True):
        if held:
            set_policy(clickhouse, 1, "AFTER_APPEAL", held=True)
        database = Database(clickhouse.settings)
        try:
            everywhere, _ = await changes(database, 1)
            of_one, _ = await changes(database, 1, bin_=some_bin)
            in_region, _ = await changes(database, 1, region="KZ-00")
        finally:
            database.close()
        found[held] = [
            sorted(each.id for each in told if each.kind == "case")
            for told in (everywhere, of_one, in_region)
        ]
    assert found[False][0] == [id_ for id_, _ in shown]
    assert found[False][1] == [id_ for id_, bin_ in shown if bin_ == some_bin]
    assert found[False][2] == []
    assert found[True] == [[], [], []]
