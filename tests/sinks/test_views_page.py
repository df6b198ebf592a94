"""The page of the views is what the migrations make."""

from __future__ import annotations

from tests.docs.pages import REFERENCE, VIEWS
from tests.docs.views_page import views_page
from tests.support.clickhouse import TestClickHouse


def test_page_of_the_views_is_what_a_migrated_database_tells(clickhouse: TestClickHouse) -> None:
    assert (REFERENCE / VIEWS).read_text("utf-8") == views_page(clickhouse.client), (
        "run `make docs`"
    )
