"""Raw messages are kept longer where the settings say so, never shorter; other TTLs are found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from deploy.embedded.clickhouse import EmbeddedClickHouse
from sinks.clickhouse import client
from sinks.retention import lengthen_raw_retention, too_short
from streams.settings import Settings
from tests.support.broker import unique

pytestmark = pytest.mark.process

DATABASE = unique("kept").replace("-", "_")
TABLE = """CREATE TABLE {name} (stored_on Date, n Int8) ENGINE = MergeTree ORDER BY n
TTL {ttl} SETTINGS index_granularity = 1024"""


@pytest.fixture
def kept(clickhouse_server: EmbeddedClickHouse) -> Iterator[Client]:
    """A client of a database with raw messages that are kept for five years."""
    with client(Settings(clickhouse_url=clickhouse_server.url), database=False) as found:
        found.command(f"CREATE DATABASE {DATABASE}")
        found.database = DATABASE
        found.command(TABLE.format(name="raw_messages", ttl="stored_on + INTERVAL 5 YEAR"))
        yield found
        found.command(f"DROP DATABASE {DATABASE} SYNC", use_database=False)


def test_a_longer_time_is_set_and_a_shorter_one_is_not(kept: Client) -> None:
    assert not lengthen_raw_retention(kept, 5)
    assert lengthen_raw_retention(kept, 7)
    assert too_short(kept, 7) == {}
    assert not lengthen_raw_retention(kept, 5), "seven years stay"
    assert too_short(kept, 8) == {"raw_messages": "stored_on + toIntervalYear(7)"}


def test_whatever_else_deletes_rows_is_found(kept: Client) -> None:
    kept.command(TABLE.format(name="violations", ttl="stored_on + INTERVAL 9 YEAR"))
    kept.command("ALTER TABLE raw_messages MODIFY TTL stored_on + INTERVAL 1 MONTH")
    assert too_short(kept, 5) == {
        "raw_messages": "stored_on + toIntervalMonth(1)",
        "violations": "stored_on + toIntervalYear(9)",
    }
    assert not lengthen_raw_retention(kept, 5), "what a person set is a person's to mend"
