"""Times of a mapped table: from the cells of a row to milliseconds UTC.

An hour that a clock repeats says twice the same. Which of the two a row means is never guessed
from the place where it stands: the mapping says it (``repeated``), or the row is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from streams.core.calendar import iso
from streams.input.cells import Instants, instant, milliseconds
from streams.input.mapping import FIRST, IN_ORDER, ISO, REFUSE, Time
from streams.input.reading_row import CellError, quoted
from streams.input.time_layout import TimeLayout
from streams.input.zone import instants_of, zone_of

_KEPT: Final = 65_536
_LATEST: Final = milliseconds(datetime.max.replace(tzinfo=UTC))
_NAMED: Final = 3


class LocalTimes:
    """The times of one column (or of several read together), for one file.

    Calling it with a row, its cells and its source gives milliseconds UTC; CellError says why not.
    """

    def __init__(self, time: Time, place: str, indexes: tuple[int, ...]) -> None:
        self._time = time
        self._place = place
        self._column = "+".join(time.parts)
        self._indexes = indexes
        self._iso = Instants()
        self._layout = TimeLayout(time.format) if indexes and time.format != ISO else None
        self._zone = zone_of(time.timezone) if time.timezone else None
        self._known: dict[str, tuple[int, int]] = {}
        self._start = instant("start", time.start) if time.start else 0
        self._step = (time.step_s or 0) * 1000
        self._repeated = Repeated(time)

    def __call__(self, row: int, cells: tuple[str, ...], source: str) -> int:
        if not self._indexes:
            start = self._start + (row - 1) * self._step
            if start > _LATEST:
                raise CellError(self._place, "start and step_s lead out of the calendar here")
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
            why = f"{quoted(cell)} is twice in {at}, where clocks were put back: {error}"
            raise CellError(self._column, why) from None

    def is_blank(self, cells: tuple[str, ...]) -> bool:
        """Whether a row says no time at all."""
        return not any(cells[index] for index in self._indexes)

    def _offset_time(self, cell: str) -> int:
        try:
            return self._iso(self._column, cell)
        except CellError as error:
            hint = ""
            if cell:
                hint = (
                    f" (`{self._place}.format` and `.timezone` in the mapping say how it is "
                    "written)"
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
                    "is empty, a time is needed (`units_lines`, `footer_lines` and `skip_rows` in "
                    "the mapping leave rows out)"
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
                f"{quoted(cell)} does not exist in {self._time.timezone}: clocks were put on",
            )
        return both

    def said(self) -> list[str]:
        """What a person should know of the repeated hours, once the file is read."""
        return self._repeated.said()


def milliseconds_of(moment: datetime, offset: timedelta) -> int:
    """Milliseconds UTC of a local time that is ``offset`` ahead of UTC."""
    whole = offset // timedelta(milliseconds=1)
    return milliseconds(moment.replace(tzinfo=UTC)) - whole


class Repeated:
    """Which of its two instants a repeated local time means, source by source."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._policy = time.repeated
        self._last: dict[str, tuple[int, bool]] = {}
        # (first instant of the pair, source) -> the instants that were found for it
        self._taken: dict[tuple[int, str], set[int]] = {}

    def plain(self, source: str, at: int) -> int:
        """A time that is there once; in order it must be behind what was twice there."""
        if self._policy == IN_ORDER:
            before = self._last.get(source)
            self._last[source] = (at, False)
            if before is not None and before[1] and at <= before[0]:
                raise CellError(
                    "+".join(self._time.parts),
                    f"{source} goes back here to {iso(at)} from {iso(before[0])} in hours that "
                    "clocks repeated, and `repeated` is in_order",
                )
        return at

    def __call__(self, source: str, first: int, second: int) -> int:
        """The instant; ValueError where nothing says which of the two."""
        if self._policy == REFUSE:
            raise ValueError(
                "`repeated` in the mapping says which it means (in_order, first or second)"
            )
        taken = self._taken.setdefault((first, source), set())
        if self._policy == IN_ORDER:
            before = self._last.get(source)
            options = [at for at in (first, second) if before is None or at > before[0]]
            if not options:
                raise ValueError(f"the rows of {source} do not stand in the order of time")
            found = options[0]
            self._last[source] = (found, True)
        else:
            found = first if self._policy == FIRST else second
        if found in taken:
            raise ValueError(
                f"it stands there once more for {source}, and `repeated` is {self._policy}"
            )
        taken.add(found)
        return found

    def said(self) -> list[str]:
        """A sentence where only one of the two hours is there."""
        alone = [key for key, found in self._taken.items() if len(found) == 1]
        if not alone:
            return []
        sources = sorted({source for _, source in alone})
        more = "" if len(sources) <= _NAMED else f" and {len(sources) - _NAMED} more sources"
        named = f"{', '.join(sources[:_NAMED])}{more}"
        times = "a local time stands" if len(alone) == 1 else f"{len(alone)} local times stand"
        which = self._policy if self._policy != IN_ORDER else "first, unless the order told more"
        between = f"from {iso(min(at for at, _ in alone))}"
        return [
            f"{times} once in hours that {self._time.timezone} repeated, {between} "
            f"({named}): taken as the {which} (`repeated` in the mapping)"
        ]
