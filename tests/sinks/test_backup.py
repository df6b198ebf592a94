"""What a restored backup lacks is written again by the next migration run."""

from __future__ import annotations

import json

import pytest

from sinks.migrate import migrate
from tests.support.clickhouse import TestClickHouse

pytestmark = pytest.mark.process

DOCUMENT = json.dumps({"channels": [{"parameter": "SO2", "unit": "mg/m3"}]})
LOOKED_UP = """SELECT joinGet('source_zones', 'timezone', 'S'),
joinGet('channel_units', 'unit', 'S', 'SO2'), joinGet('regions', 'name_ru', 'KZ-55')"""
KNOWN = [("Asia/Qyzylorda", "mg/m3", "Павлодарская область")]


def test_names_that_views_look_up_come_back_with_the_rows(clickhouse: TestClickHouse) -> None:
    database = clickhouse.settings.clickhouse_database
    client = clickhouse.client
    columns = ["bin", "source_id", "timezone", "document", "version"]
    client.insert("registry", [["1", "S", "Asia/Qyzylorda", DOCUMENT, 1]], column_names=columns)
    assert client.query(LOOKED_UP).result_rows == KNOWN

    for table in ("source_zones", "channel_units", "regions"):  # a backup has no rows of joins
        client.command(f"TRUNCATE TABLE {table}")
    assert client.query(LOOKED_UP).result_rows == [("", "", "")]

    assert migrate(client, database) == []
    assert client.query(LOOKED_UP).result_rows == KNOWN


def test_what_is_there_stays_as_it_is(clickhouse: TestClickHouse) -> None:
    client, database = clickhouse.client, clickhouse.settings.clickhouse_database
    columns = ["source_id", "parameter", "unit"]
    client.insert("channel_units", [["S", "SO2", "mg/m3"]], column_names=columns)
    assert migrate(client, database) == []
    assert client.query("SELECT joinGet('channel_units', 'unit', 'S', 'SO2')").result_rows == [
        ("mg/m3",)
    ]
