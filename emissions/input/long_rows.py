"""Join rows of one substance each into readings of one source, time and period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from emissions.input.reading_row import CellError, ReadingRow, quoted
from schemas.reading import Reading
from streams.core.time.local_clock import iso

_NAMED = 10


class LongRows:
    """Readings by source and time, in the order of their first rows.

    National exports are often sorted by substance, so the whole file is held before the first
    reading is complete: some hundred bytes a reading.
    """

    def __init__(self) -> None:
        self._readings: dict[tuple[str, int], ReadingRow] = {}
        self._rows: dict[tuple[str, int, str], int] = {}
        self._without: Counter[str] = Counter()

    def leave_out(self, substance: str) -> None:
        """Count a row whose substance is not mapped."""
        self._without[substance] += 1

    def add(self, row: ReadingRow, parameter: str) -> None:
        """Add one row; raise CellError where it contradicts another of its reading."""
        reading = row.reading
        key = (reading.source_id, reading.measured_at)
        held = self._readings.get(key)
        if held is None:
            self._readings[key] = row
            self._rows[*key, parameter] = row.row
            return
        before = self._rows.setdefault((*key, parameter), row.row)
        when = f"{reading.source_id} at {iso(reading.measured_at)}"
        if before != row.row:
            if _same(held.reading, reading, parameter):
                return
            raise CellError(parameter, f"{when} has another value or flag in row {before}")
        for name in ("state", "device_serial"):
            one, other = getattr(held.reading, name), getattr(reading, name)
            if one != other:
                raise CellError(name, f"{when} is {other} here and {one} in row {held.row}")
        held.reading.values.update(reading.values)
        held.reading.flags.update(reading.flags)
        if row.arrived_at is not None and row.arrived_at > (held.arrived_at or row.arrived_at - 1):
            self._readings[key] = held._replace(arrived_at=row.arrived_at)

    def left_out(self) -> list[str]:
        """Return a note on the substances that are not mapped."""
        if not self._without:
            return []
        named = ", ".join(f"{quoted(name)}" for name, _ in self._without.most_common(_NAMED))
        more = f" and {len(self._without) - _NAMED} more" if len(self._without) > _NAMED else ""
        rows = sum(self._without.values())
        return [f"skipped, not mapped: substances {named}{more} ({rows} rows)"]

    def __iter__(self) -> Iterator[ReadingRow]:
        yield from self._readings.values()


def _same(one: Reading, other: Reading, parameter: str) -> bool:
    """Return whether both have the same value and flag for a parameter; NaN equals NaN."""
    values = [repr(each.values.get(parameter)) for each in (one, other)]
    flags = [each.flags.get(parameter) for each in (one, other)]
    return values[0] == values[1] and flags[0] == flags[1]
