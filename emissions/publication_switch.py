"""Read and set in ClickHouse what the public may see; every setting is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from emissions.publication import Names, PublicationPolicy

_CURRENT: Final = (
    "SELECT revision, names, held, set_by, reason, set_at FROM publication_policy_current"
)
_EVERY: Final = (
    "SELECT revision, names, held, set_by, reason, set_at FROM publication_policy FINAL "
    "ORDER BY revision DESC, set_at DESC, id DESC"
)


class PolicySetting(NamedTuple):
    """A policy with who set it, when (UTC) and why; revision 0: nothing was ever set."""

    revision: int
    policy: PublicationPolicy
    set_by: str
    reason: str
    set_at: datetime | None


def read_policy(client: Client) -> PolicySetting:
    """Return the setting in force; where none was made, the default policy."""
    (row,) = client.query(_CURRENT).result_rows
    return _setting(*row)


def policy_history(client: Client) -> list[PolicySetting]:
    """Return every setting that was made, the last one first."""
    return [_setting(*row) for row in client.query(_EVERY).result_rows]


def set_policy(client: Client, policy: PublicationPolicy, set_by: str, reason: str) -> int:
    """Add a setting, which is in force from then on; return its number, from 1."""
    revision = read_policy(client).revision + 1
    client.insert(
        "publication_policy",
        [[revision, policy.names.value, policy.held, set_by, reason]],
        column_names=("revision", "names", "held", "set_by", "reason"),
    )
    return revision


def _setting(
    revision: int, names: str, held: bool, set_by: str, reason: str, set_at: datetime | None
) -> PolicySetting:
    known = Names(names) if names in tuple(Names) else Names.NOBODY  # written by a newer program
    return PolicySetting(revision, PublicationPolicy(known, bool(held)), set_by, reason, set_at)
