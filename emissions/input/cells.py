"""Parse the text of a cell strictly: refuse what is not a plain value, with a reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from emissions.input.reading_row import CellError, quoted
from schemas.reading import FLAGS, STATES
from streams.core.time.interval import LATEST_ARRIVAL

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MAX_PERIOD_S = 2**31 - 1  # an Avro int
LATEST_INPUT_ARRIVAL = LATEST_ARRIVAL - 20 * 60_000
"""A run without --until ends 20 minutes after the last arrival."""
_INTEGER = re.compile(r"[+-]?[0-9]+")
_MIDNIGHT = re.compile(r"(.{8,10}[T ])24((?::?00){0,2}(?:[.,]0+)?)(Z|[+-].*)?", re.IGNORECASE)
_INSTANTS_KEPT = 65_536


def number(column: str, cell: str) -> float:
    """Parse an IEEE double: decimal or exponent notation, ``nan``, ``inf``, ``infinity``.

    Python's underscores (``1_000``) and digits of other scripts are refused.
    """
    try:
        value = float(cell)
    except ValueError:
        raise CellError(column, f"{quoted(cell)} is not a number") from None
    if "_" in cell or not cell.isascii():
        raise CellError(column, f"{quoted(cell)} is not a number")
    return value


def period(column: str, cell: str) -> int:
    """Parse the length of an interval in whole seconds."""
    if not _INTEGER.fullmatch(cell):
        raise CellError(column, f"{quoted(cell)} is not a whole number of seconds")
    value = int(cell) if len(cell) < 20 else MAX_PERIOD_S + 1
    if abs(value) > MAX_PERIOD_S:
        raise CellError(column, f"{quoted(cell)} seconds is longer than a period can be")
    return value


def state(column: str, cell: str) -> str:
    """Parse an operating state; an empty cell is NORMAL."""
    if not cell:
        return "NORMAL"
    if cell not in STATES:
        raise CellError(column, f"{quoted(cell)} is not a state (one of {', '.join(STATES)})")
    return cell


def flag(column: str, cell: str) -> str:
    """Parse a channel flag of HJ 212."""
    if cell not in FLAGS:
        raise CellError(column, f"{quoted(cell)} is not a flag (one of {' '.join(FLAGS)})")
    return cell


def milliseconds(moment: datetime) -> int:
    """Convert an aware time to milliseconds UTC, truncating finer parts."""
    return (moment - EPOCH) // MILLISECOND


def instant(column: str, cell: str) -> int:
    """Parse an ISO 8601 time with an offset (or Z) to milliseconds UTC; 24:00 is midnight."""
    try:
        moment = _moment(cell)
    except OverflowError:
        raise CellError(column, f"{quoted(cell)} is outside the calendar") from None
    except ValueError:
        why = (
            "is empty, but a time is required"
            if not cell
            else f"{quoted(cell)} is not an ISO 8601 time"
        )
        raise CellError(column, why) from None
    if moment.tzinfo is None:
        raise CellError(column, f"{quoted(cell)} has no offset from UTC (write +05:00 or Z)")
    return milliseconds(moment)


def arrival(column: str, moment: int) -> int:
    """Return an arrival time (milliseconds UTC) if a run can end with it; else raise CellError.

    Kafka has no times before 1970, and the log would be observed from there on. The last arrival is
    followed by a tick 20 minutes later, which must be a valid time too.
    """
    if moment < 0:
        raise CellError(column, "is before 1970-01-01T00:00Z, when no message can arrive")
    if moment > LATEST_INPUT_ARRIVAL:
        raise CellError(
            column,
            "is after 2299-12-31T23:39Z: results cannot represent times after 2299",
        )
    return moment


def _moment(cell: str) -> datetime:
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        end_of_day = _MIDNIGHT.fullmatch(cell)
        if end_of_day is None:
            raise
        date, rest, offset = end_of_day.groups()
        return datetime.fromisoformat(f"{date}00{rest}{offset or ''}") + timedelta(days=1)


class InstantParser:
    """Caches ``instant``: the sources of a file share most of their times."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, column: str, cell: str) -> int:
        """Return the milliseconds UTC of a cell; see :func:`instant`."""
        known = self._known.get(cell)
        if known is None:
            known = instant(column, cell)
            if len(self._known) >= _INSTANTS_KEPT:
                self._known.clear()
            self._known[cell] = known
        return known
