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


_FROM_OPEN_TO_CLOSED: Final = (Names.AFTER_APPEAL, Names.FINAL_DECISIONS_ONLY, Names.NOBODY)


class PolicyConflictError(Exception):
    """Two settings were made at once; the text says which is in force and what to do."""


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


def set_policy(
    client: Client, policy: PublicationPolicy, set_by: str, reason: str, *, after: int
) -> int:
    """Add a setting, which is in force from then on; return its number, from 1.

    ``after`` is the number of the setting that the new one was made from. Raises
    PolicyConflictError where somebody set another one meanwhile: what each of them closes is then
    closed until the next setting, so that no hold is lost.
    """
    _add(client, after + 1, policy, set_by, reason)
    beside = client.query(
        "SELECT revision, names, held, set_by, reason, set_at FROM publication_policy "
        "WHERE revision > {after:UInt32}",
        parameters={"after": after},
    ).result_rows
    if len(beside) == 1:
        return after + 1
    others = [_setting(*row) for row in beside]
    closed = PublicationPolicy(
        max((each.policy.names for each in others), key=_FROM_OPEN_TO_CLOSED.index),
        any(each.policy.held for each in others),
    )
    last = max(each.revision for each in others)
    _add(client, last + 1, closed, set_by, f"set at once with another: {reason}")
    raise PolicyConflictError(
        f"somebody else set it at the same time: setting {last + 1} is in force, which closes what "
        "either of you closed; look at `emissions publication show` and set it again"
    )


def _add(
    client: Client, revision: int, policy: PublicationPolicy, set_by: str, reason: str
) -> None:
    client.insert(
        "publication_policy",
        [[revision, policy.names.value, policy.held, set_by, reason]],
        column_names=("revision", "names", "held", "set_by", "reason"),
    )


def _setting(
    revision: int, names: str, held: bool, set_by: str, reason: str, set_at: datetime | None
) -> PolicySetting:
    known = Names(names) if names in tuple(Names) else Names.NOBODY  # written by a newer program
    return PolicySetting(revision, PublicationPolicy(known, bool(held)), set_by, reason, set_at)
