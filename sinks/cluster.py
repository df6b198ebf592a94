"""Rewrite the statements of migrations for a cluster of ClickHouse; a pure function of their text.

Every table is one of three kinds, so that no view joins two tables that are spread:

- spread (`SPREAD_BY`): the three large ones. ``NAME_local`` holds the rows of a shard, replicated;
  ``NAME`` is the Distributed table over them that everybody reads and writes.
- everywhere: all others. Each node of every shard is a replica of the whole table.
- looked up (engine Join, which has no replicas): the rows lie in ``NAME_rows``, everywhere;
  ``NAME`` is a dictionary over them on each node, and ``joinGet`` becomes ``dictGet``.

Paths in ClickHouse Keeper carry the UUID of the table, so a renamed table stays what it was. Nodes
must define the macros ``shard`` and ``replica``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

SPREAD_BY: Final = {
    "readings": "source_id",
    "means": "source_id",
    "raw_messages": "source_id",
    # Names that migrations use for a while.
    "readings_by_day": "source_id",
    "readings_by_parameter": "source_id",
    "means_by_window": "source_id",
    "means_by_source": "source_id",
}
"""Table that is spread over the shards -> the column by which: rows of one key lie together."""

_SHARD: Final = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
_ALL: Final = "'/clickhouse/tables/{uuid}/all', '{shard}-{replica}'"

_CREATE: Final = re.compile(
    r"CREATE (?P<replace>OR REPLACE )?TABLE (?P<lenient>IF NOT EXISTS )?(?P<name>\w+)\n"
    r"\(\n(?P<columns>.*)\n\)\n"
    r"ENGINE = (?P<engine>\w+)(?:\((?P<arguments>[^)]*)\))?\n(?P<rest>.*)",
    re.DOTALL,
)
_VIEW: Final = re.compile(
    r"(?P<head>CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?)(?P<name>\w+)(?P<rest>\b.*)",
    re.DOTALL,
)
_FILLED: Final = re.compile(
    r"(?P<head>CREATE MATERIALIZED VIEW IF NOT EXISTS \w+) TO (?P<name>\w+)(?P<rest>\b.*)",
    re.DOTALL,
)
_SOURCE: Final = re.compile(r"\bFROM (?P<name>\w+)")
_ALTER: Final = re.compile(r"ALTER TABLE `?(?P<name>\w+)`?(?P<rest>\s.*)", re.DOTALL)
_RENAME: Final = re.compile(r"RENAME TABLE IF EXISTS (?P<old>\w+) TO (?P<new>\w+)")
_DROP: Final = re.compile(r"DROP TABLE IF EXISTS (?P<name>\w+) SYNC")
_INSERT: Final = re.compile(r"INSERT INTO `?(?P<name>\w+)`?(?P<rest>\s.*)", re.DOTALL)
_STORED: Final = re.compile(
    r"\b(ADD|DROP|MATERIALIZE) (INDEX|PROJECTION)\b|\bMODIFY (TTL|SETTING)\b"
)
_COMMENT: Final = re.compile(r"(?m)^COMMENT (?P<text>'(?:[^'\\]|\\.|'')*')")
_COLUMN: Final = re.compile(r"\s*(?P<name>\w+) (?P<type>\w+(?:\([^)]*\))?) COMMENT '.*'")
_JOIN_GET: Final = re.compile(r"\bjoinGet\(")


class Cluster(NamedTuple):
    """The name of a cluster in the servers' configuration, and our database on it."""

    name: str
    database: str

    @property
    def on(self) -> str:
        """The clause that has a statement run on every node."""
        return f"ON CLUSTER '{self.name}'"


class ClusterStatementError(ValueError):
    """A statement of a form that is not rewritten; the text is a sentence."""


def insert_table(name: str, lookups: frozenset[str]) -> str:
    """Return the table that takes the rows of a table on a cluster."""
    return f"{name}_rows" if name in lookups else name


def for_cluster(
    statement: str, cluster: Cluster, lookups: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Yield the statements that do on a cluster what one does on a single server.

    ``lookups`` are the tables with the engine Join of this and earlier statements
    (`lookup_tables`). Raises `ClusterStatementError`.
    """
    text = _without_remarks(statement)
    if (found := _CREATE.fullmatch(text)) is not None:
        yield from _table(found, cluster)
    elif (found := _FILLED.fullmatch(text)) is not None:
        into = _stored(found["name"], lookups)
        rest = _SOURCE.sub(lambda source: f"FROM {_stored(source['name'], lookups)}", found["rest"])
        yield f"{found['head']} {cluster.on} TO {into}{rest}"
    elif (found := _VIEW.fullmatch(text)) is not None:
        yield f"{found['head']}{found['name']} {cluster.on}{_with_dictionaries(found['rest'])}"
    elif (found := _ALTER.fullmatch(text)) is not None:
        yield from _alter(found["name"], found["rest"], cluster, lookups)
    elif (found := _RENAME.fullmatch(text)) is not None:
        yield from _rename(found["old"], found["new"], cluster)
    elif (found := _DROP.fullmatch(text)) is not None:
        for name in _both(found["name"]):
            yield f"DROP TABLE IF EXISTS {name} {cluster.on} SYNC"
    elif (found := _INSERT.fullmatch(text)) is not None:
        yield f"INSERT INTO {insert_table(found['name'], lookups)}{found['rest']}"
    else:
        raise ClusterStatementError(
            f"not known how to do this on a cluster: {text.splitlines()[0]}"
        )


def lookup_tables(statements: Iterator[str]) -> frozenset[str]:
    """Return the tables with the engine Join that statements make."""
    made = (_CREATE.fullmatch(_without_remarks(each)) for each in statements)
    return frozenset(each["name"] for each in made if each and each["engine"] == "Join")


def _without_remarks(statement: str) -> str:
    lines = [line for line in statement.strip().splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip()


def _stored(name: str, lookups: frozenset[str]) -> str:
    """Return the table of a node that holds rows: what fills another table listens to it."""
    return f"{name}_local" if name in SPREAD_BY else insert_table(name, lookups)


def _both(name: str) -> tuple[str, ...]:
    """Return the tables that a name stands for, the Distributed one first."""
    return (name, f"{name}_local") if name in SPREAD_BY else (name,)


def _table(found: re.Match[str], cluster: Cluster) -> Iterator[str]:
    name, columns, engine = found["name"], found["columns"], found["engine"]
    head = f"CREATE {found['replace'] or ''}TABLE {found['lenient'] or ''}"
    if engine == "Join":
        keys = [key.strip() for key in found["arguments"].split(",")][2:]
        yield from _lookup(head, found, keys, cluster)
        return
    if not engine.endswith("MergeTree"):
        raise ClusterStatementError(
            f"not known how to replicate the engine {engine} of table {name}"
        )
    rest = found["rest"].replace(
        "non_replicated_deduplication_window", "replicated_deduplication_window"
    )
    spread = name in SPREAD_BY
    given = ", ".join(filter(None, (_SHARD if spread else _ALL, found["arguments"])))
    local = f"{name}_local" if spread else name
    yield (
        f"{head}{local} {cluster.on}\n(\n{columns}\n)\nENGINE = Replicated{engine}({given})\n{rest}"
    )
    if spread:
        yield _distributed(name, cluster, _COMMENT.search(rest))


def _distributed(name: str, cluster: Cluster, comment: re.Match[str] | None = None) -> str:
    said = "" if comment is None else f"\nCOMMENT {comment['text']}"
    return (
        f"CREATE TABLE IF NOT EXISTS {name} {cluster.on} AS {name}_local\n"
        f"ENGINE = Distributed('{cluster.name}', '{cluster.database}', '{name}_local',"
        f" cityHash64({SPREAD_BY[name]})){said}"
    )


def _lookup(head: str, found: re.Match[str], keys: list[str], cluster: Cluster) -> Iterator[str]:
    """Yield the table of the rows and the dictionary over it, read again every few seconds."""
    name = found["name"]
    order = ", ".join(keys)
    comment = _COMMENT.search(found["rest"])
    said = "" if comment is None else f"\nCOMMENT {comment['text']}"
    yield (
        f"{head}{name}_rows {cluster.on}\n(\n{found['columns']}\n)\n"
        f"ENGINE = ReplicatedReplacingMergeTree({_ALL})\nORDER BY ({order}){said}"
    )
    columns = [_COLUMN.fullmatch(line.rstrip(",")) for line in found["columns"].splitlines()]
    if None in columns:
        raise ClusterStatementError(
            f"a column of the table {name} has a form that no dictionary takes"
        )
    described = ",\n".join(f"    {each['name']} {each['type']}" for each in columns if each)
    asked = ", ".join(each["name"] for each in columns if each)
    query = f"SELECT {asked} FROM {cluster.database}.{name}_rows FINAL"  # noqa: S608
    yield (
        f"CREATE OR REPLACE DICTIONARY {name} {cluster.on}\n(\n{described}\n)\n"
        f"PRIMARY KEY {order}\n"
        f"SOURCE(CLICKHOUSE(QUERY '{query}'))\n"
        f"LIFETIME(MIN 1 MAX 5)\nLAYOUT(COMPLEX_KEY_HASHED()){said}"
    )


def _alter(name: str, rest: str, cluster: Cluster, lookups: frozenset[str]) -> Iterator[str]:
    if name in lookups:
        raise ClusterStatementError(f"the table {name} is a dictionary on a cluster: make it anew")
    for each in reversed(_both(name)):  # a Distributed table names only what its parts have
        if each == name and name in SPREAD_BY and _STORED.search(rest):
            continue
        yield f"ALTER TABLE {each} {cluster.on}{rest}"


def _rename(old: str, new: str, cluster: Cluster) -> Iterator[str]:
    if (old in SPREAD_BY) is not (new in SPREAD_BY):
        raise ClusterStatementError(f"{old} and {new} are not spread alike")
    if old not in SPREAD_BY:
        yield f"RENAME TABLE IF EXISTS {old} TO {new} {cluster.on}"
        return
    yield f"RENAME TABLE IF EXISTS {old}_local TO {new}_local {cluster.on}"
    yield f"DROP TABLE IF EXISTS {old} {cluster.on} SYNC"
    yield _distributed(new, cluster)


def _with_dictionaries(text: str) -> str:
    """Write each ``joinGet(table, column, key, ...)`` as ``dictGet(table, column, tuple(...))``."""
    parts = []
    at = 0
    while (found := _JOIN_GET.search(text, at)) is not None:
        end = found.end()
        arguments, end = _arguments(text, end)
        table, column, *keys = arguments
        parts += [text[at : found.start()], f"dictGet({table}, {column}, tuple({', '.join(keys)}))"]
        at = end
    return "".join([*parts, text[at:]])


def _arguments(text: str, begin: int) -> tuple[list[str], int]:
    """Return the arguments of a call whose bracket opens before ``begin``, and where it ends."""
    found = [""]
    depth, quoted = 0, False
    for at in range(begin, len(text)):
        sign = text[at]
        quoted ^= sign == "'"
        if not quoted:
            if sign == ")" and not depth:
                return [each.strip() for each in found], at + 1
            if sign == "," and not depth:
                found.append("")
                continue
            depth += (sign == "(") - (sign == ")")
        found[-1] += sign
    raise ClusterStatementError("a call of joinGet does not end")
