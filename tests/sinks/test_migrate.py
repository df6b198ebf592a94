"""Migrations on a real engine: once, in order, unchanged; and the tables that the sinks expect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from sinks.migrate import MigrationError, migrate, migrations, pending, tables_of
from sinks.tables import TABLES, Table
from streams.settings import Settings
from tests.support.broker import unique
from tests.support.clickhouse import TestClickHouse

REPEATABLE = (
    "CREATE TABLE IF NOT EXISTS",
    "CREATE VIEW IF NOT EXISTS",
    "CREATE OR REPLACE VIEW",
    "CREATE OR REPLACE TABLE",
    "RENAME TABLE IF EXISTS",
    "DROP TABLE IF EXISTS",
    "INSERT INTO readings_by_day",  # rows of the same keys
    "INSERT INTO means_by_window",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS",
    "INSERT INTO source_zones",
    "INSERT INTO channel_units",
    "INSERT INTO violation_revisions",
)
ALTERATIONS = re.compile(
    r"ALTER TABLE \w+ (ADD INDEX IF NOT EXISTS \w+ [^\n]+|MATERIALIZE INDEX \w+)"
    r"|ALTER TABLE \w+(\s+(COMMENT COLUMN|ADD COLUMN IF NOT EXISTS) `[\w.]+` [^\n]*,?\n?)+"
)


BARE = unique("bare").replace("-", "_")
"""A database that no other process makes."""


@pytest.fixture
def bare(clickhouse_server: EmbeddedClickHouse) -> Iterator[Client]:
    """A client of a database that does not exist yet."""
    with client(Settings(clickhouse_url=clickhouse_server.url), database=False) as found:
        yield found
        found.command(f"DROP DATABASE IF EXISTS {BARE} SYNC")


def write(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text, encoding="utf-8")


def test_each_migration_is_applied_once(bare: Client, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", "CREATE TABLE IF NOT EXISTS one (a Int8) ENGINE = Log;\n")
    assert migrate(bare, BARE, tmp_path) == ["0001_one.sql"]
    write(tmp_path, "0002_two.sql", "INSERT INTO one VALUES (1);\nINSERT INTO one VALUES (2);\n")
    assert pending(bare, tmp_path) == ["0002_two.sql"]
    assert migrate(bare, BARE, tmp_path) == ["0002_two.sql"]
    assert migrate(bare, BARE, tmp_path) == []
    assert bare.command("SELECT count() FROM one") == 2


def test_a_changed_file_is_refused(bare: Client, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", "SELECT 1;\n")
    migrate(bare, BARE, tmp_path)
    write(tmp_path, "0001_one.sql", "SELECT 2;\n")
    with pytest.raises(MigrationError, match=r"^0001_one\.sql was changed after it was applied"):
        migrate(bare, BARE, tmp_path)


def test_a_database_that_is_newer_than_the_program_is_refused(bare: Client, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", "SELECT 1;\n")
    migrate(bare, BARE, tmp_path)
    (tmp_path / "0001_one.sql").unlink()
    with pytest.raises(MigrationError, match="newer than the program"):
        migrate(bare, BARE, tmp_path)


def test_a_file_that_was_cut_short_is_finished(bare: Client, tmp_path: Path) -> None:
    table = "CREATE TABLE IF NOT EXISTS one (a Int8) ENGINE = Log;\n"
    write(tmp_path, "0001_one.sql", table + "SELECT * FROM nowhere;\n")
    with pytest.raises(Exception, match="UNKNOWN_TABLE"):
        migrate(bare, BARE, tmp_path)
    write(tmp_path, "0001_one.sql", table)
    assert migrate(bare, BARE, tmp_path) == ["0001_one.sql"]


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", "")
    write(tmp_path, "0003_three.sql", "")
    with pytest.raises(MigrationError, match=r"0003_three\.sql stands where migration 0002"):
        migrations(tmp_path)


def test_the_texts_of_migrations_tell_which_tables_they_make(clickhouse: TestClickHouse) -> None:
    there = {name for (name,) in clickhouse.rows("SHOW TABLES")}
    assert tables_of(migrations(), "x") | {"migrations"} == there
    spread = tables_of(migrations(), "x", cluster="c")
    assert spread >= there - {"migrations"}
    assert {"readings_local", "source_zones_rows"} <= spread
    assert "readings_by_day_local" not in spread


def test_every_statement_of_the_package_may_be_repeated() -> None:
    for migration in migrations():
        for statement in migration.statements("emissions"):
            code = re.sub(r"--[^\n]*\n", "", statement).strip()
            assert code.startswith(REPEATABLE) or ALTERATIONS.fullmatch(code)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_live_columns_are_those_that_the_sinks_write(
    clickhouse: TestClickHouse, table: Table
) -> None:
    described = clickhouse.rows(f"DESCRIBE TABLE {table.name}")
    live = {name: re.sub(r"\s+", " ", type_).replace("( ", "(") for name, type_, *_ in described}
    computed = {
        name
        for name, _, kind, *_ in described
        if kind == "ALIAS" or (kind == "DEFAULT" and name not in table.columns)
    }
    assert {name: type_ for name, type_ in live.items() if name not in computed} == table.columns
    assert all(comment for _, _, _, _, comment, *_ in described)


def test_every_column_of_every_table_and_view_is_explained(clickhouse: TestClickHouse) -> None:
    silent = clickhouse.rows(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = ''"
    )
    assert silent == []


def test_tables_deduplicate_and_merge_within_a_partition(clickhouse: TestClickHouse) -> None:
    for table in TABLES:
        text = str(clickhouse.value(f"SHOW CREATE TABLE {table.name}"))
        # Rows that are the same whoever wrote them need no version.
        assert re.search(r"ENGINE = ReplacingMergeTree(\(version\))?\n", text)
        assert ("(version)" in text) is (table.name != "raw_messages")
        assert "non_replicated_deduplication_window = 1000" in text
        partition = re.search(r"PARTITION BY \w+\((\w+)\)", text)
        order = re.search(r"ORDER BY \(?([\w, ()]+)\)?\n", text)
        assert order is not None
        # Rows of one key must meet in one partition, or they are never merged.
        assert partition is None or partition[1] in order[1].rstrip(")").split(", ")


DIGITS = (12.3, 0.0, 7.0, 123456.789012, -3.25, 1e14)
BITS = (-0.0, 1e300, 0.1 + 0.2, 2.0**60, 5e-324, -1e15, float("nan"), float("inf"), -float("inf"))
VALUES = DIGITS + BITS


def test_what_an_older_version_wrote_is_kept_bit_by_bit(bare: Client, tmp_path: Path) -> None:
    """Also when the migration is killed at any statement, or its end is not noted."""
    every = migrations()
    for migration in every[:11]:
        write(tmp_path, migration.name, migration.text)
    migrate(bare, BARE, tmp_path)
    names = ["source_id", "parameter", "interval_start", "period_s", "value", "offset", "version"]
    rows = [
        [f"S{at % 3}", "SO2", at * 40_000_000_000, 60, value, at, (1 << 63) - 1 - at]
        for at, value in enumerate(VALUES)
    ]
    bare.insert("readings", rows, column_names=names)
    means = [
        [f"S{at % 3}", "SO2", "mg/m3", "1h", at * 3_600_000, value, revision, 2 * revision]
        for at, value in enumerate((*DIGITS, *BITS, None, None))
        for revision in (1, 2, 3)[: 1 + at % 3]
    ]
    series = ["source_id", "parameter", "unit", "window"]
    columns = [*series, "start", "value", "revision", "version"]
    bare.insert("means", means, column_names=columns)
    kept = (
        "SELECT source_id, start, reinterpretAsUInt64(assumeNotNull(value)), value IS NULL, "
        "revision FROM means_current ORDER BY ALL"
    )
    means_before = bare.query(kept).result_rows
    assert len(means_before) == len(VALUES) + 2 < len(means)
    question = (
        "SELECT source_id, parameter, toString(interval_start), period_s, "
        "reinterpretAsUInt64(value), offset FROM readings_current ORDER BY offset"
    )
    before = bare.query(question).result_rows
    assert len(before) == len(VALUES)
    for migration in every[11:15]:
        statements = list(migration.statements(BARE))
        for count in range(1, len(statements) + 1):
            for statement in statements[:count]:
                bare.command(statement)
        write(tmp_path, migration.name, migration.text)
        migrate(bare, BARE, tmp_path)
    assert bare.query(question).result_rows == before
    assert bare.query(kept).result_rows == means_before
    assert bare.command("SELECT countIf(scale = 255) FROM readings FINAL") == len(BITS)
    left = "database = currentDatabase() AND (name LIKE 'readings_by%' OR name LIKE 'means_by%')"
    assert bare.command(f"SELECT count() FROM system.tables WHERE {left}") == 0
