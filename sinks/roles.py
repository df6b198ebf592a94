"""The roles of ClickHouse as statements: who may read what, and how much.

Views run with the rights of whoever asks, so a role needs the tables beneath them. The views
``public_*`` run with those of the user who migrated and show no name before its time. There are no
row policies: with the first one on a table, every user without one sees none of its rows, the
writer among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from clickhouse_connect.driver.client import Client

_OPEN: Final = (
    "means", "gaps", "accounted_hours", "enterprises", "registry", "regions",
    "rules", "rule_versions", "rule_sets", "parameters", "quality_codes", "finding_kinds",
    "official_days", "source_zones", "channel_units", "roots", "means_current", "latest_means",
    "gaps_current", "enterprises_current", "registry_current", "compliance",
    "compliance_by_region", "compliance_nation", "source_places", "roots_current",
    "accounted_hours_current",
)  # fmt: skip
"""Open at once (Environmental Code, articles 25 and 186): no raw readings and nobody's case."""

_PUBLIC_VIEWS: Final = "public_"
"""Begin of the names of views that the public reads without the tables beneath them."""

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "readings": ("interval_start",),  # when the first one was: enterprises_current asks for it
}
"""Columns of closed tables that open views stand on. None of cases and violations: the id of one
is a hash of its source and start, so that whoever reads it can find the source by trying."""

_RECORDS_OF_LOOKS: Final = "access_records"
"""Read by the authority alone, so that who looks cannot tell what others looked at."""

_CLOSED_TO_ANALYSTS: Final = ("raw_messages", "measures", _RECORDS_OF_LOOKS)

_LIMITS: Final[Mapping[str, tuple[int, int, int]]] = {
    "authority": (60, 4_000_000_000, 2_000),
    "inspector": (60, 4_000_000_000, 2_000),
    "analyst": (300, 8_000_000_000, 2_000),
    "public": (10, 1_000_000_000, 500),
    "portal": (15, 2_000_000_000, 200_000),
}
"""Of each reading role: seconds and bytes of a query, queries an hour and address. The portal has
the rights of the public; all its visitors ask from its one address, and it keeps answers."""

ROLES: Final = ("writer", "recorder", "regulator", *_LIMITS)


def role_name(database: str, role: str) -> str:
    """Return the name of a role: that of its database comes first."""
    return f"{database}_{role}"


def grants(database: str, tables: list[str]) -> dict[str, list[str]]:
    """Return what each role may do, as ``GRANT`` takes it; ``tables``: every table and view."""
    here = f"`{database}`"
    public = [
        *(f"SELECT ON {here}.`{table}`" for table in _OPEN),
        *(f"SELECT ON {here}.`{table}`" for table in tables if table.startswith(_PUBLIC_VIEWS)),
        *(
            f"SELECT({', '.join(columns)}) ON {here}.`{table}`"
            for table, columns in _COLUMNS.items()
        ),
    ]
    return {
        "writer": [f"SELECT, INSERT ON {here}.*"],
        "recorder": [f"INSERT ON {here}.`{_RECORDS_OF_LOOKS}`"],
        "regulator": [
            f"SELECT, INSERT ON {here}.`publication_policy`",
            f"SELECT ON {here}.`publication_policy_current`",
        ],
        "authority": [f"SELECT ON {here}.*"],
        "inspector": [
            f"SELECT ON {here}.`{table}`" for table in tables if table != _RECORDS_OF_LOOKS
        ],
        "analyst": [
            f"SELECT ON {here}.`{table}`"
            for table in tables
            if not table.startswith(_CLOSED_TO_ANALYSTS)
        ],
        "public": public,
        "portal": public,
    }


def on_a_cluster(
    allowed: list[str], tables: Collection[str], lookups: Collection[str]
) -> list[str]:
    """Add what the same reading needs on a cluster: the shards' own tables, and dictionaries.

    A Distributed table is read on each shard as ``NAME_local``, and ``dictGet`` of a dictionary
    that stands for a table of engine Join needs a right of its own.
    """
    made = list(allowed)
    for grant in allowed:
        rights, _, place = grant.partition(" ON ")
        name = place.rpartition(".")[2].strip("`")
        if f"{name}_local" in tables:
            made.append(f"{rights} ON {place.removesuffix('`')}_local`")
        if "SELECT" in rights and (name in lookups or name == "*"):
            made.append(f"dictGet ON {place}")
    return list(dict.fromkeys(made))


def statements(
    database: str,
    tables: list[str],
    cluster: str | None = None,
    lookups: Collection[str] = (),
) -> Iterator[str]:
    """Yield the statements that make the roles as they must be; they may be run again.

    What a role had before in this database is taken away first. On a ``cluster`` they are done on
    each of its nodes; ``lookups`` are the tables that are dictionaries there.
    """
    on = "" if cluster is None else f" ON CLUSTER `{cluster}`"
    for role, allowed in grants(database, tables).items():
        name = f"`{role_name(database, role)}`"
        yield f"CREATE ROLE IF NOT EXISTS {name}{on}"
        yield f"REVOKE{on} ALL ON `{database}`.* FROM {name}"
        given = allowed if cluster is None else on_a_cluster(allowed, tables, lookups)
        for grant in given:
            yield f"GRANT{on} {grant} TO {name}"
    for role, (seconds, memory, queries) in _LIMITS.items():
        name = f"`{role_name(database, role)}`"
        yield (
            f"CREATE SETTINGS PROFILE OR REPLACE {name}{on} SETTINGS readonly = 2 READONLY, "
            f"max_execution_time = {seconds} MIN 1 MAX {seconds}, "
            f"max_memory_usage = {memory} MIN 1 MAX {memory} TO {name}"
        )
        yield (
            f"CREATE QUOTA OR REPLACE {name}{on} KEYED BY ip_address FOR INTERVAL 1 hour "
            f"MAX queries = {queries} TO {name}"
        )


def apply_roles(client: Client, database: str, cluster: str | None = None) -> list[str]:
    """Create or correct the roles in a migrated database; return their names.

    Needs a user who may create roles, profiles and quotas and holds what it gives, with GRANT
    OPTION. Raises the errors of ``clickhouse_connect``.
    """
    found = client.query(
        "SELECT name, engine FROM system.tables WHERE database = {database:String} ORDER BY name",
        {"database": database},
    )
    tables = [str(name) for name, _ in found.result_rows]
    lookups = {str(name) for name, engine in found.result_rows if engine == "Dictionary"}
    for statement in statements(database, tables, cluster, lookups):
        client.command(statement)
    return [role_name(database, role) for role in ROLES]
