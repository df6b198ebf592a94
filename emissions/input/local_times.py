"""Parse the times of a mapped table to milliseconds UTC.

A clock that is put back repeats an hour, so a local time can mean two instants. The reader never
guesses from the position of the row: the mapping decides (``repeated``), or the row is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from emissions.input.cells import InstantParser, instant, milliseconds
from emissions.input.mapping import FIRST, IN_ORDER, ISO, REFUSE, TimeMapping
from emissions.input.reading_row import CellError, quoted
from emissions.input.time_layout import TimeLayout
from emissions.input.zones import instants_of, zone_of
from streams.core.time.local_clock import iso

_KEPT: Final = 65_536
_LATEST: Final = milliseconds(datetime.max.replace(tzinfo=UTC))
_NAMED: Final = 3


class LocalTimes:
    """The times of one column (or of several read together) of one file.

    Call it with a row number, its cells and its source; returns milliseconds UTC or raises
    CellError.
    """

    def __init__(self, time: TimeMapping, place: str, indexes: tuple[int, ...]) -> None:
        self._time = time
        self._place = place
        self._column = "+".join(time.parts)
        self._indexes = indexes
        self._iso = InstantParser()
        self._layout = TimeLayout(time.format) if indexes and time.format != ISO else None
        self._zone = zone_of(time.timezone) if time.timezone else None
        self._known: dict[str, tuple[int, int]] = {}
        self._start = instant("start", time.start) if time.start else 0
        self._step = (time.step_s or 0) * 1000
        self._repeated = RepeatedHours(time)

    def __call__(self, row: int, cells: tuple[str, ...], source: str) -> int:
        """Return the time of a row, milliseconds UTC; raise CellError where it has none."""
        if not self._indexes:
            start = self._start + (row - 1) * self._step
            if start > _LATEST:
                raise CellError(self._place, "start and step_s go beyond the calendar here")
            return start
        cell = " ".join([cells[index] for index in self._indexes])
        if self._layout is None:
            return self._offset_time(cell)
        found = self._known.get(cell)
        if found is None:
            found = self._read(cell, self._layout)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[cell] = found
        first, second = found
        if first == second:
            return self._repeated.plain(source, first)
        try:
            return self._repeated(source, first, second)
        except ValueError as error:
            at = self._time.timezone
            why = f"{quoted(cell)} occurs twice in {at}, where clocks were put back: {error}"
            raise CellError(self._column, why) from None

    def is_blank(self, cells: tuple[str, ...]) -> bool:
        """Return whether a row has no time at all."""
        return not any(cells[index] for index in self._indexes)

    def _offset_time(self, cell: str) -> int:
        try:
            return self._iso(self._column, cell)
        except CellError as error:
            hint = ""
            if cell:
                hint = (
                    f" (set `{self._place}.format` and `.timezone` in the mapping for other "
                    "layouts)"
                )
            raise CellError(self._column, f"{error.why}{hint}") from None

    def _read(self, cell: str, layout: TimeLayout) -> tuple[int, int]:
        try:
            moment, offset = layout(cell)
            if self._zone is None:
                assert offset is not None  # noqa: S101  a mapping without both is refused
                at = milliseconds_of(moment, offset)
                return at, at
            both = instants_of(moment, self._zone)
        except OverflowError:
            raise CellError(self._column, f"{quoted(cell)} is outside the calendar") from None
        except ValueError as error:
            if not cell.strip():
                why = (
                    "is empty, but a time is required (use `units_lines`, `footer_lines` or "
                    "`skip_rows` in the mapping to skip rows)"
                )
                raise CellError(self._column, why) from None
            raise CellError(
                self._column,
                f"{quoted(cell)} is not a time like {layout.layout}: {error} "
                f"(`{self._place}.format` in the mapping)",
            ) from None
        if both is None:
            raise CellError(
                self._column,
                f"{quoted(cell)} does not exist in {self._time.timezone}: clocks were put forward",
            )
        return both

    def said(self) -> list[str]:
        """Return notes on repeated hours, once the file is read."""
        return self._repeated.said()


def milliseconds_of(moment: datetime, offset: timedelta) -> int:
    """Convert a local time that is ``offset`` ahead of UTC to milliseconds UTC."""
    whole = offset // timedelta(milliseconds=1)
    return milliseconds(moment.replace(tzinfo=UTC)) - whole


class RepeatedHours:
    """Chooses one of the two instants of a repeated local time, source by source."""

    def __init__(self, time: TimeMapping) -> None:
        self._time = time
        self._policy = time.repeated
        self._last: dict[str, tuple[int, bool]] = {}
        # (first instant of the pair, source) -> the instants that were found for it
        self._taken: dict[tuple[int, str], set[int]] = {}

    def plain(self, source: str, at: int) -> int:
        """Return an unambiguous time; in order, it must follow the repeated times before it."""
        if self._policy == IN_ORDER:
            before = self._last.get(source)
            self._last[source] = (at, False)
            if before is not None and before[1] and at <= before[0]:
                raise CellError(
                    "+".join(self._time.parts),
                    f"{source} goes back here from {iso(before[0])} to {iso(at)} in a repeated "
                    "hour, but `repeated` is in_order",
                )
        return at

    def __call__(self, source: str, first: int, second: int) -> int:
        """Choose the instant; raise ValueError where nothing decides between the two."""
        if self._policy == REFUSE:
            raise ValueError("set `repeated` in the mapping (in_order, first or second)")
        taken = self._taken.setdefault((first, source), set())
        if self._policy == IN_ORDER:
            before = self._last.get(source)
            options = [at for at in (first, second) if before is None or at > before[0]]
            if not options:
                raise ValueError(f"the rows of {source} are not in order of time")
            found = options[0]
            self._last[source] = (found, True)
        else:
            found = first if self._policy == FIRST else second
        if found in taken:
            raise ValueError(f"it occurs again for {source}, but `repeated` is {self._policy}")
        taken.add(found)
        return found

    def said(self) -> list[str]:
        """Return a note where only one of the two hours occurs."""
        alone = [key for key, found in self._taken.items() if len(found) == 1]
        if not alone:
            return []
        sources = sorted({source for _, source in alone})
        more = "" if len(sources) <= _NAMED else f" and {len(sources) - _NAMED} more sources"
        named = f"{', '.join(sources[:_NAMED])}{more}"
        times = "1 local time occurs" if len(alone) == 1 else f"{len(alone)} local times occur"
        which = self._policy if self._policy != IN_ORDER else "first, unless the order decided"
        between = f"from {iso(min(at for at, _ in alone))}"
        return [
            f"{times} only once in hours that {self._time.timezone} repeated, {between} "
            f"({named}): taken as the {which} (`repeated` in the mapping)"
        ]
