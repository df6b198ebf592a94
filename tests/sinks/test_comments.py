"""The comments of record columns: from the schemas and one table, in every migrated database."""

from __future__ import annotations

from sinks.comments import COMPUTED, RECORDS, comment_of
from sinks.migrate import migrate
from tests.support.clickhouse import TestClickHouse

COLUMNS = "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase()"


def test_each_column_says_what_its_schema_says(clickhouse: TestClickHouse) -> None:
    rows = [row for row in clickhouse.rows(COLUMNS) if row[0] in RECORDS]
    assert {row[0] for row in rows} == RECORDS.keys()
    assert [row for row in rows if comment_of(*row[:3]) not in (row[3], None)] == []
    said = {(table, name): comment for table, name, _, comment in rows}
    assert said["means", "due_s"] == "Seconds for which data were due, rounded down"
    assert said["means_current", "end"] == "End of the window, UTC"
    assert said["gaps", "parameter"].endswith("; empty: the whole source is silent")
    assert said["violations_current", "end"] == "End of the interval, UTC; null: open"


def test_no_comment_is_of_a_column_that_is_gone(clickhouse: TestClickHouse) -> None:
    live = {(table, name) for table, name, *_ in clickhouse.rows(COLUMNS)}
    common = {"timezone", "start_local", "end_local", "detected_local"}
    named = {(table, name) for table, of in COMPUTED.items() for name in of if name not in common}
    assert named <= live


def test_migration_restores_a_comment_and_writes_nothing_else(clickhouse: TestClickHouse) -> None:
    before = clickhouse.rows(COLUMNS)
    clickhouse.client.command("ALTER TABLE means_current COMMENT COLUMN `end` 'it\\'s gone'")
    assert clickhouse.rows(COLUMNS) != before
    assert migrate(clickhouse.client, clickhouse.settings.clickhouse_database) == []
    assert clickhouse.rows(COLUMNS) == before
