"""Orders means of a source into series, and says of each mean where it stands beside its limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from emissions.portal.queries.source_means import MeanRow

WINDOWS: Final = ("20min", "30min", "1h", "day")
FACTORS: Final[Mapping[str, int]] = {"30min": 2}
"""Window to what a mean is compared with, in limits (Environmental Code, article 202, 6 (2))."""


class Standing(StrEnum):
    """Where a mean stands; only a valid one is compared."""

    WITHIN = "within"
    ABOVE_LIMIT = "above"
    """Above the limit, below what the law compares this window with."""
    FAR_ABOVE = "far"
    """What the law compares this window with is reached."""
    NO_LIMIT = "free"
    INSUFFICIENT = "insufficient"
    STOPPED = "stopped"


class Series(NamedTuple):
    """Means of one parameter, unit and window, by their start."""

    parameter: str
    unit: str
    window: str
    rows: tuple[MeanRow, ...]

    @property
    def limits(self) -> list[float]:
        """The limits that were in force, each once, in the order of time."""
        found = [row.limit for row in self.rows if row.limit is not None]
        return list(dict.fromkeys(found))

    def count(self, *standings: Standing) -> int:
        """Count the means that stand so."""
        return sum(standing_of(row) in standings for row in self.rows)

    @property
    def highest(self) -> MeanRow | None:
        """The valid mean with the greatest value."""
        valid = [row for row in self.rows if row.status == "VALID" and row.value is not None]
        return max(valid, key=lambda row: row.value or 0.0, default=None)


def moment(value: datetime) -> datetime:
    """Return a moment of a row, which is UTC, as one that says so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def factor_of(window: str, unit: str) -> int:
    """Return how many limits a mean of a window is compared with."""
    return FACTORS.get(window, 1) if unit == "mg/m3" else 1


def standing_of(row: MeanRow) -> Standing:
    """Say where a mean stands beside the limit in force at its start."""
    if row.status == "NOT_OPERATING":
        return Standing.STOPPED
    if row.status != "VALID" or row.value is None:
        return Standing.INSUFFICIENT
    if row.limit is None:
        return Standing.NO_LIMIT
    factor = factor_of(row.window, row.unit)
    if (row.value >= factor * row.limit) if factor > 1 else (row.value > row.limit):
        return Standing.FAR_ABOVE
    return Standing.ABOVE_LIMIT if row.value > row.limit else Standing.WITHIN


def ratio_of(row: MeanRow) -> float | None:
    """Return value / limit; None without one of them."""
    if row.value is None or not row.limit:
        return None
    return row.value / row.limit


def windows_of(rows: Iterable[MeanRow]) -> list[str]:
    """Return the windows that there are means of, the shortest first."""
    found = {row.window for row in rows}
    return [each for each in WINDOWS if each in found]


def series_of(rows: Iterable[MeanRow], window: str, auxiliary: frozenset[str]) -> list[Series]:
    """Return each series in a window, or in the shortest window that it has instead.

    Those with a limit come first, mass flows after concentrations, auxiliaries last.
    """
    grouped: dict[tuple[str, str], dict[str, list[MeanRow]]] = {}
    for row in rows:
        grouped.setdefault((row.parameter, row.unit), {}).setdefault(row.window, []).append(row)
    found = []
    for (parameter, unit), by_window in grouped.items():
        chosen = window if window in by_window else next(
            each for each in (*WINDOWS, *by_window) if each in by_window
        )  # fmt: skip
        ordered = sorted(by_window[chosen], key=lambda row: row.start)
        found.append(Series(parameter, unit, chosen, tuple(ordered)))
    return sorted(
        found,
        key=lambda each: (
            each.parameter in auxiliary, not each.limits, each.unit != "mg/m3", each.parameter,
            each.unit,
        ),
    )  # fmt: skip


def left_out_seconds(rows: Iterable[MeanRow], counted: frozenset[str]) -> dict[str, int]:
    """Add up the seconds by quality code, the most first; codes of values that count are not in."""
    found: dict[str, int] = {}
    for row in rows:
        for code, seconds in row.seconds_by_code.items():
            if code not in counted:
                found[code] = found.get(code, 0) + seconds
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
