"""What was in force at a time is in the store whole: registrations and sets of rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sinks.batch import Entry
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.migrate import migrate
from sinks.reference_tables import write_reference_tables
from sinks.tables import REGISTRATIONS
from streams.rules.load import load_rules
from streams.rules.packed import pack_rules, unpack_rules
from tests.sinks.make import HOUR, MARCH, batch
from tests.support.clickhouse import TestClickHouse

SINCE = datetime(2026, 2, 28, 19, tzinfo=UTC)


def hour(number: int) -> datetime:
    return (SINCE + timedelta(hours=number)).replace(tzinfo=None)


async def test_registrations_are_found_by_the_time_at_which_they_were_in_force(
    clickhouse: TestClickHouse,
) -> None:
    told: list[tuple[str, int, bytes | None]] = [
        ("1", 0, b"first"),
        ("2", 1, b"of another"),
        ("1", 9, b"second"),
        ("1", 5, b"\xff"),
        ("2", 12, None),  # struck off
    ]
    entries = [
        Entry(at, MARCH + after * HOUR, None, value, (), {"enterprise": {"bin": name}}, 1)
        for at, (name, after, value) in enumerate(told)
    ]
    writer = BatchWriter(lambda: async_client(clickhouse.settings))
    await writer.write(batch(entries, "emissions.registry"), (REGISTRATIONS,))
    await writer.close()
    rows = clickhouse.rows(
        "SELECT bin, valid_from, valid_to, offset, hex(value) FROM registrations_by_time "
        "ORDER BY bin, offset"
    )
    assert rows == [
        ("1", hour(0), hour(9), 0, b"first".hex().upper()),
        ("1", hour(9), hour(9), 2, b"second".hex().upper()),  # the clock ran backwards after it
        ("1", hour(9), None, 3, "FF"),
        ("2", hour(1), hour(12), 1, b"of another".hex().upper()),
        ("2", hour(12), None, 4, None),
    ]
    at = "'2026-03-01 03:59:59.999'"
    assert clickhouse.rows(
        f"SELECT bin, offset FROM registrations_by_time WHERE valid_from <= {at} "
        f"AND (valid_to IS NULL OR valid_to > {at}) ORDER BY bin"
    ) == [("1", 0), ("2", 1)]


def test_each_set_of_rules_that_was_migrated_is_kept_whole(clickhouse: TestClickHouse) -> None:
    rules, packed = load_rules(), pack_rules()
    query = "SELECT rule_set, valid_to, lower(hex(SHA256(packed))) = sha256, packed FROM rule_sets"
    assert clickhouse.rows(query) == [(rules.version, None, True, packed.decode())]
    assert unpack_rules(clickhouse.rows(query)[0][3].encode()).rules == rules
    migrate(clickhouse.client, clickhouse.settings.clickhouse_database)
    assert len(clickhouse.rows(query)) == 1
    altered = packed + b"# another word\n"
    write_reference_tables(clickhouse.client, rules, altered)
    assert sorted(row[3] for row in clickhouse.rows(query)) == sorted(
        [packed.decode(), altered.decode()]
    )
