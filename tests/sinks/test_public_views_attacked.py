"""The views of the public, attacked by statements of somebody who has its role."""

from __future__ import annotations

from random import Random

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from tests.sinks.test_publication_views import situation, stored
from tests.support.clickhouse import TestClickHouse


async def test_no_condition_is_asked_of_a_row_that_is_not_shown(clickhouse: TestClickHouse) -> None:
    """A condition moved down to the rows beneath a view would tell by its error what they hold."""
    await stored(clickhouse, situation(Random(36), 60))
    told = []
    for kind, views in (
        ("case", ("public_cases",)),
        ("violation", ("public_violations", "public_violation_revisions")),
    ):
        rows = clickhouse.rows(
            f"SELECT toString(p.id), toString(t.start), p.visibility = 'SHOW' "
            f"FROM {kind}_publication AS p INNER JOIN {kind}s AS t ON t.id = p.id"
        )
        shown = {(id_, start) for id_, start, named in rows if named}
        hidden = {(id_, start) for id_, start, named in rows if not named}
        starts = {start for _, start in hidden} - {start for _, start in shown}
        assert shown
        assert starts
        for view in views:
            conditions = [f"toString(id) IN ({', '.join(repr(id_) for id_, _ in hidden)})"]
            if view != "public_violation_revisions":
                conditions.append(f"toString(start) IN ({', '.join(map(repr, sorted(starts)))})")
            for condition in conditions:
                for asked in ("throwIf({}) = 0",):
                    try:
                        clickhouse.rows(
                            f"SELECT count() FROM {view} WHERE {asked.format(condition)}"
                        )
                    except ClickHouseError:
                        told.append((view, asked, condition[:20]))
            with pytest.raises(ClickHouseError):  # it would be told of a row that is shown
                clickhouse.rows(f"SELECT count() FROM {view} WHERE throwIf(toString(id) != '')")
    assert told == []
