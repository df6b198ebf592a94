"""Moments and conditions of the API."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.api.filters import MomentError, equal, moment, overlapping, starting
from emissions.portal.api.resource import KeyColumn, Resource, edge_query, page_query


def test_a_date_is_its_day_in_almaty() -> None:
    assert moment("2026-05-04") == datetime(2026, 5, 3, 19, tzinfo=UTC)
    assert moment("2026-05-04", end=True) == datetime(2026, 5, 4, 19, tzinfo=UTC)


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
def test_every_date_of_the_calendar_begins_where_the_one_before_ends(day: date) -> None:
    assert moment(day.isoformat()) < moment(day.isoformat(), end=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-05-04T00:00Z", datetime(2026, 5, 4, tzinfo=UTC)),
        ("2026-05-04T05:00:00+05:00", datetime(2026, 5, 4, tzinfo=UTC)),
        ("2026-05-04T00:00:00.250Z", datetime(2026, 5, 4, 0, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_a_moment_has_a_zone(text: str, found: datetime) -> None:
    assert moment(text) == found


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "yesterday", "2026-05-04T00:00", "0001-01-01", "2026-05-04\n", "٢٠٢٦-05-04"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MomentError):
        moment(text)


@given(st.text(max_size=40))
def test_no_value_gets_into_the_text_of_a_statement(value: str) -> None:
    resource = Resource("r", ("a", "b"), "t", (KeyColumn("a"), KeyColumn("b", "number")))
    filters = [*equal("a", value), *starting("2026-05-04", None), *overlapping(None, "2026-05-05")]
    with_value = page_query(resource, filters, (value, 1), 10)
    assert (
        with_value.statement
        == page_query(resource, [*equal("a", "x"), *filters[1:]], ("y", 2), 10).statement
    )
    assert with_value.parameters["is_a"] == with_value.parameters["after_0"] == value


def test_the_edge_of_a_page_is_its_last_row_and_the_one_behind_it() -> None:
    resource = Resource("r", ("a", "toString(b) AS b", "c"), "t", (KeyColumn("a"), KeyColumn("b")))
    statement = edge_query(resource, [], None, 10).statement
    assert statement.startswith("SELECT a, toString(b) AS b FROM t ORDER BY a, b LIMIT 2 OFFSET 9")
