"""What a running stack looks like: figures from ClickHouse, and the line that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emissions.supervision.restart import PartState
from streams.counted import counted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_FIGURES: Final = """
SELECT
    (SELECT count() FROM raw_messages),
    (SELECT toUnixTimestamp64Milli(max(arrived_at)) FROM raw_messages),
    (SELECT count() FROM violations FINAL WHERE status != 'WITHDRAWN'),
    (SELECT count() FROM cases FINAL WHERE state != 'WITHDRAWN')
"""


@dataclass(frozen=True)
class Figures:
    """What stands in ClickHouse: accepted readings, the arrival of the newest (ms UTC), results."""

    readings: int
    newest_ms: int  # 0: none
    violations: int  # not withdrawn
    cases: int  # not withdrawn


def figures_of(connected: Client) -> Figures:
    """Ask ClickHouse for the figures, in the database of the connection. Raises its errors."""
    readings, newest, violations, cases = connected.query(_FIGURES).result_rows[0]
    return Figures(int(readings), max(0, int(newest)), int(violations), int(cases))


def status_line(
    states: Mapping[str, PartState], figures: Figures | None, now_ms: int, width: int
) -> str:
    """Return one line on the stack, at most ``width`` characters."""
    absent = [name for name, state in states.items() if not state.running and not state.finished]
    parts = [f"not running: {', '.join(absent)}" if absent else f"{len(states)} parts run"]
    if figures is None:
        parts.append("ClickHouse does not answer")
    else:
        parts.append(counted(figures.readings, "reading", form=","))
        if figures.newest_ms:
            parts.append(f"newest {_ago((now_ms - figures.newest_ms) // 1000)}")
        parts.append(counted(figures.violations, "violation", form=","))
        parts.append(counted(figures.cases, "case", form=","))
    line = " · ".join(parts)
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"


def _ago(seconds: int) -> str:
    if seconds < 120:
        return f"{max(0, seconds)} s ago"
    if seconds < 7200:
        return f"{seconds // 60} min ago"
    return f"{seconds // 3600} h ago"
