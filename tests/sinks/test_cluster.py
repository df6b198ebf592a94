"""Each migration has a form for a cluster: the engine parses it, and runs what needs no cluster."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sinks.cluster import SPREAD_BY, Cluster, ClusterStatementError, for_cluster, lookup_tables
from sinks.migrate import _MIGRATIONS_TABLE, migrations
from sinks.server_incarnation import ServerIncarnation
from sinks.tables import TABLES

CLUSTER = Cluster("nation", "emissions")
PLAIN = [text for each in migrations() for text in each.statements("emissions")]
LOOKUPS = lookup_tables(iter(PLAIN))
EVERY = [
    text for plain in [_MIGRATIONS_TABLE, *PLAIN] for text in for_cluster(plain, CLUSTER, LOOKUPS)
]


def made(statement: str) -> list[str]:
    return list(for_cluster(statement, CLUSTER, LOOKUPS))


def test_a_large_table_is_a_pair_spread_by_its_source() -> None:
    local, everywhere = made(
        "-- Why.\nCREATE TABLE IF NOT EXISTS readings\n(\n    source_id String COMMENT 'Source',\n"
        "    version UInt64 COMMENT 'Newest'\n)\nENGINE = ReplacingMergeTree(version)\n"
        "ORDER BY source_id\nSETTINGS non_replicated_deduplication_window = 1000\nCOMMENT 'Rows'"
    )
    assert local == (
        "CREATE TABLE IF NOT EXISTS readings_local ON CLUSTER 'nation'\n(\n"
        "    source_id String COMMENT 'Source',\n    version UInt64 COMMENT 'Newest'\n)\n"
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}',"
        " version)\nORDER BY source_id\nSETTINGS replicated_deduplication_window = 1000\n"
        "COMMENT 'Rows'"
    )
    assert everywhere == (
        "CREATE TABLE IF NOT EXISTS readings ON CLUSTER 'nation' AS readings_local\n"
        "ENGINE = Distributed('nation', 'emissions', 'readings_local', cityHash64(source_id))\n"
        "COMMENT 'Rows'"
    )


def test_every_other_table_is_whole_on_every_node() -> None:
    (one,) = made(_MIGRATIONS_TABLE)
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/all', '{shard}-{replica}')" in one
    )
    assert "CREATE TABLE IF NOT EXISTS migrations ON CLUSTER 'nation'" in one


def test_a_table_of_joins_is_a_dictionary_over_rows() -> None:
    rows, dictionary = made(
        "CREATE TABLE IF NOT EXISTS source_zones\n(\n    source_id String COMMENT 'Source',\n"
        "    timezone String COMMENT 'Zone, of (IANA)'\n)\nENGINE = Join(ANY, LEFT, source_id)\n"
        "SETTINGS join_any_take_last_row = 1\nCOMMENT 'Clocks'"
    )
    assert "TABLE IF NOT EXISTS source_zones_rows ON CLUSTER 'nation'" in rows
    assert "ORDER BY (source_id)" in rows
    assert "join_any_take_last_row" not in rows
    assert "DICTIONARY source_zones ON CLUSTER 'nation'" in dictionary
    assert "QUERY 'SELECT source_id, timezone FROM emissions.source_zones_rows FINAL'" in dictionary


def test_what_is_looked_up_is_asked_of_the_dictionary() -> None:
    (view,) = made(
        "CREATE OR REPLACE VIEW v AS\nSELECT joinGet('e.units', 'unit', f(a, ')'), b) AS u,"
        " joinGet('e.zones', 'zone', a)"
    )
    assert view == (
        "CREATE OR REPLACE VIEW v ON CLUSTER 'nation' AS\n"
        "SELECT dictGet('e.units', 'unit', tuple(f(a, ')'), b)) AS u,"
        " dictGet('e.zones', 'zone', tuple(a))"
    )


def test_views_that_fill_listen_to_the_rows_of_their_node() -> None:
    (view,) = made(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS m TO source_zones AS SELECT a FROM readings"
    )
    assert view == (
        "CREATE MATERIALIZED VIEW IF NOT EXISTS m ON CLUSTER 'nation' TO source_zones_rows"
        " AS SELECT a FROM readings_local"
    )


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        (" ADD COLUMN IF NOT EXISTS `a` Int8", ["readings_local", "readings"]),
        ("\n    COMMENT COLUMN `a` 'What'", ["readings_local", "readings"]),
        (" ADD INDEX IF NOT EXISTS i a TYPE minmax GRANULARITY 1", ["readings_local"]),
        (" MATERIALIZE INDEX i", ["readings_local"]),
        (" MODIFY TTL stored_on + INTERVAL 7 YEAR", ["readings_local"]),
    ],
)
def test_alterations_reach_the_rows_and_where_it_has_them_the_table_above(
    change: str, tables: list[str]
) -> None:
    assert made(f"ALTER TABLE `readings`{change}") == [
        f"ALTER TABLE {name} ON CLUSTER 'nation'{change}" for name in tables
    ]


def test_a_renamed_pair_stays_a_pair() -> None:
    renamed, dropped, again = made("RENAME TABLE IF EXISTS means_by_window TO means")
    assert renamed == (
        "RENAME TABLE IF EXISTS means_by_window_local TO means_local ON CLUSTER 'nation'"
    )
    assert dropped == "DROP TABLE IF EXISTS means_by_window ON CLUSTER 'nation' SYNC"
    assert "'means_local', cityHash64(source_id)" in again


@pytest.mark.parametrize(
    "statement",
    [
        "OPTIMIZE TABLE readings FINAL",
        "CREATE TABLE IF NOT EXISTS t\n(\n    a Int8\n)\nENGINE = Log\nORDER BY a",
        "ALTER TABLE rules ADD COLUMN a Int8",
        "RENAME TABLE IF EXISTS gaps TO means",
        "CREATE VIEW IF NOT EXISTS v AS SELECT joinGet('a', 'b', c",
    ],
)
def test_what_is_not_known_is_refused(statement: str) -> None:
    with pytest.raises(ClusterStatementError):
        made(statement)


def test_every_migration_runs_on_every_node_and_leaves_no_table_without_replicas() -> None:
    for text in EVERY:
        assert text.startswith("INSERT INTO ") or " ON CLUSTER 'nation'" in text.split("\n")[0], (
            text
        )
        assert "joinGet(" not in text
        assert "non_replicated" not in text
    engines = {match for text in EVERY for match in re.findall(r"^ENGINE = (\w+)", text, re.M)}
    assert engines == {
        "Distributed", "ReplicatedReplacingMergeTree"
    }  # fmt: skip
    assert {"source_zones", "channel_units", "regions", "rules"} <= LOOKUPS
    assert {"readings", "means", "raw_messages"} == set(SPREAD_BY) & {t.name for t in TABLES}


async def test_a_token_holds_on_every_replica() -> None:
    incarnation = ServerIncarnation(replicated=True)
    first = await incarnation.identify(None)  # type: ignore[arg-type]  # nobody is asked
    incarnation.invalidate()
    assert await incarnation.identify(None) == first  # type: ignore[arg-type]


SCRIPT = """
import json, sys, tempfile
from chdb import session
run = session.Session(tempfile.mkdtemp()).query
asked = json.load(sys.stdin)
for text in asked["parsed"]:
    quoted = text.replace(chr(92), chr(92) * 2).replace("'", chr(92) + "'")
    run(f"SELECT formatQuery('{quoted}')")
for text in asked["run"]:
    try:
        run(text)
    except Exception as error:
        sys.exit(f"{text}: {error}")
print(run(asked["question"], "TSV"), end="")
"""


def on_one_node(text: str) -> str:
    """Take out what needs other nodes: ON CLUSTER, replicas, and the way to the shards."""
    text = text.replace(" ON CLUSTER 'nation'", "")
    text = re.sub(r"^INSERT INTO (readings|means)_(by_\w+)", r"INSERT INTO \1_\2_local", text)
    text = re.sub(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?", r"\1(", text)
    text = re.sub(r"\breplicated_deduplication", "non_replicated_deduplication", text)
    return re.sub(
        r"Distributed\('nation', '(\w+)', '(\w+)', [^\n]*\)", r"Merge('\1', '^\2$')", text
    )


@pytest.fixture(scope="module")
def answer() -> str:
    """What one node says: all is parsed, and run but for what needs other nodes."""
    document = json.dumps({"channels": [{"parameter": "SO2", "unit": "mg/m3"}]})
    questions = {
        "parsed": EVERY,
        "run": [
            "CREATE DATABASE emissions",
            "USE emissions",
            *map(on_one_node, EVERY),
            "INSERT INTO registry (bin, source_id, timezone, document, version)"
            f" VALUES ('1', 'S', 'Asia/Qyzylorda', '{document}', 1)",
            "INSERT INTO means_local (source_id, parameter, unit, window, start, version)"
            " VALUES ('S', 'SO2', 'mg/m3', '1h', '2026-05-04 00:00:00', 1)",
            "SYSTEM RELOAD DICTIONARIES",
        ],
        "question": "SELECT source_id, timezone FROM means_current",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(questions), capture_output=True,
        text=True, timeout=300, check=False, cwd=Path(__file__).parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.process
def test_the_engine_takes_every_statement_and_views_look_up_in_dictionaries(answer: str) -> None:
    assert answer == "S\tAsia/Qyzylorda\n"
