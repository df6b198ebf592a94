"""Apply the numbered SQL files ``migrations/NNNN_*.sql``, each once and in order.

An applied file never changes: the table ``migrations`` keeps its checksum. ClickHouse has no
transactional DDL, so every statement must be repeatable (IF NOT EXISTS): the next run completes a
file that was interrupted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.cluster import SPREAD_BY, Cluster, for_cluster, lookup_tables
from sinks.comments import write_comments
from sinks.reference_tables import write_lookups, write_reference_tables
from sinks.retention import lengthen_raw_retention
from streams.core.law.retention import RAW_YEARS
from streams.rules.load import load_rules
from streams.rules.packed import pack_rules

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_JOIN_GET = re.compile(r"joinGet\('(?=\w+')")
_MADE = re.compile(
    r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY) (?:IF NOT EXISTS )?(\w+)",
    re.MULTILINE,
)
_RENAMED = re.compile(r"^RENAME TABLE IF EXISTS (\w+) TO (\w+)", re.MULTILINE)
_DROPPED = re.compile(r"^DROP (?:TABLE|VIEW) IF EXISTS (\w+)", re.MULTILINE)
_EVERY_NODE = {
    "distributed_ddl_task_timeout": 600,  # an answer means that every node has done it
    "distributed_ddl_output_mode": "throw",
}
_MIGRATIONS_TABLE = """
CREATE TABLE IF NOT EXISTS migrations
(
    number UInt32 COMMENT 'Number of the file',
    name String COMMENT 'Name of the file',
    sha256 String COMMENT 'Checksum of the file as applied',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When'
)
ENGINE = ReplacingMergeTree
ORDER BY number
COMMENT 'Which migrations this database has had'
"""


class MigrationError(Exception):
    """Migrations and database do not match; the message is one sentence."""


class Migration(NamedTuple):
    """One file: number, name and text."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Checksum of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self, database: str) -> Iterator[str]:
        """Yield the statements of the file, each terminated by a semicolon at the end of a line.

        ClickHouse resolves the table of ``joinGet`` in the caller's database instead of the view's,
        so the name is qualified with the database.
        """
        for part in re.split(r";\s*$", self.text, flags=re.MULTILINE):
            if part.strip():
                yield _JOIN_GET.sub(rf"joinGet('{database}.", part.strip())


class Ddl:
    """Runs statements on a server, or on every node of a cluster.

    ``lookups`` are the tables that are dictionaries there; none on a single server.
    """

    def __init__(
        self, client: Client, database: str, cluster: str | None, known: list[Migration]
    ) -> None:
        self._client = client
        self._cluster = None if cluster is None else Cluster(cluster, database)
        every = (text for each in known for text in each.statements(database))
        self.lookups = frozenset[str]() if cluster is None else lookup_tables(every)
        self.on = "" if self._cluster is None else f" {self._cluster.on}"

    def run(self, statement: str) -> None:
        """Run one statement, rewritten for the cluster if there is one."""
        if self._cluster is None:
            self._client.command(statement)
            return
        for each in for_cluster(statement, self._cluster, self.lookups):
            self._client.command(each, settings=_EVERY_NODE)


def tables_of(known: list[Migration], database: str, cluster: str | None = None) -> set[str]:
    """Return the tables and views that stand once migrations are applied, as their texts say."""
    texts = [text for each in known for text in each.statements(database)]
    if cluster is not None:
        lookups = lookup_tables(iter(texts))
        place = Cluster(cluster, database)
        texts = [each for text in texts for each in for_cluster(text, place, lookups)]
    found: set[str] = set()
    for text in texts:
        if (renamed := _RENAMED.search(text)) is not None:
            found = found - {renamed[1]} | {renamed[2]}
        elif (dropped := _DROPPED.search(text)) is not None:
            found.discard(dropped[1])
        elif (made := _MADE.search(text)) is not None:
            found.add(made[1])
    return found


def migrations(directory: Traversable | None = None) -> list[Migration]:
    """Load every migration of the package (or of a directory), in order.

    Raises ``MigrationError`` for a missing or repeated number.
    """
    found = []
    for entry in (directory or resources.files("sinks") / "migrations").iterdir():
        match = _NAME.fullmatch(entry.name)
        if match is not None:
            text = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
            found.append(Migration(int(match[1]), entry.name, text))
    found.sort()
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise MigrationError(f"{migration.name} stands where migration {expected:04} must be")
    return found


def migrate(
    client: Client,
    database: str,
    directory: Traversable | None = None,
    rules: str | None = None,
    raw_years: int = RAW_YEARS,
    cluster: str | None = None,
) -> list[str]:
    """Create the database if needed, apply the missing migrations, and return their names.

    Updates the reference tables (with the titles of the rules in the directory ``rules``, or of the
    packaged ones) and the comments of columns on every run, and keeps raw messages for
    ``raw_years`` at least. With the name of a ``cluster`` everything is made on all of its nodes
    (`sinks.cluster`). ``client`` may be connected to any
    database; it is left connected to this one. Raises ``MigrationError`` if an applied file has
    changed or is missing.
    """
    wanted = migrations(directory)
    ddl = Ddl(client, database, cluster, wanted)
    client.command(f"CREATE DATABASE IF NOT EXISTS `{database}`{ddl.on}", use_database=False)
    client.database = database
    ddl.run(_MIGRATIONS_TABLE)
    applied = _applied(client)
    _check(wanted, applied, database)
    done = []
    for migration in wanted:
        if migration.number in applied:
            continue
        for statement in migration.statements(database):
            ddl.run(statement)
        client.insert(
            "migrations",
            [[migration.number, migration.name, migration.sha256]],
            column_names=["number", "name", "sha256"],
        )
        done.append(migration.name)
    if directory is None:
        write_reference_tables(client, load_rules(rules), pack_rules(rules), ddl.lookups)
        if cluster is None:
            write_lookups(client)
        write_comments(client, ddl.run, frozenset(SPREAD_BY) if cluster else frozenset())
        lengthen_raw_retention(client, raw_years, ddl.run)
    return done


def pending(client: Client, directory: Traversable | None = None) -> list[str]:
    """Return the names of the migrations that the client's database lacks."""
    applied = _applied(client)
    return [each.name for each in migrations(directory) if each.number not in applied]


def conflict(client: Client, database: str) -> str | None:
    """Return why `migrate` would refuse the client's database, a sentence; None: it would not."""
    try:
        _check(migrations(), _applied(client), database)
    except MigrationError as error:
        return str(error)
    return None


def lacking(client: Client, database: str, cluster: str | None = None) -> list[str]:
    """Return the tables and views of the migrations that a migrated database does not show.

    What the client's user may not see lacks too.
    """
    rows = client.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    return sorted(tables_of(migrations(), database, cluster) - {row[0] for row in rows.result_rows})


def _applied(client: Client) -> dict[int, tuple[str, str]]:
    if not int(str(client.command("EXISTS TABLE migrations"))):
        return {}
    rows = client.query("SELECT number, name, sha256 FROM migrations FINAL").result_rows
    return {int(number): (str(name), str(sha256)) for number, name, sha256 in rows}


def _check(wanted: list[Migration], applied: dict[int, tuple[str, str]], database: str) -> None:
    known = {migration.number: migration for migration in wanted}
    for number, (name, sha256) in sorted(applied.items()):
        migration = known.get(number)
        if migration is None:
            raise MigrationError(
                f"database {database} has had {name}, which this program does not know: "
                "it is newer than the program"
            )
        if migration.sha256 != sha256:
            raise MigrationError(
                f"{migration.name} was changed after it was applied to database {database}; "
                "write a new migration instead"
            )
