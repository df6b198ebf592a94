"""Read a CSV of any layout through a mapping."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path

from emissions.input import cells as parse
from emissions.input.local_times import LocalTimes
from emissions.input.long_rows import LongRows
from emissions.input.mapping import ColumnLookup, CsvMapping, ParameterColumn, TimeMapping
from emissions.input.number_text import NumberParser
from emissions.input.reading_row import CellError, InputError, ReadingRow, quoted, row_error
from emissions.input.table_text import TableFormat, TableReader, named
from schemas.reading import FLAGS, STATES, Reading

Cells = tuple[str, ...]


class MappedCsv:
    """A CSV and the mapping that explains it.

    ``unmapped`` are the columns that the mapping does not use. Iterating yields the readings in the
    order of the rows; InputError names file, row, column, cell and reason. ``notice`` receives
    notes on rows left out and on ambiguous times.
    """

    def __init__(
        self, path: Path, mapping: CsvMapping, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self._table = TableReader(path, format_of(mapping))
        self._mapping = mapping
        self._notice = notice
        self._at = {name: index for index, name in enumerate(self._table.header)}
        self._used: set[str] = set()
        self._nulls = frozenset(text.strip() for text in mapping.nulls)
        self._source = self._meaning(mapping.source, None)
        self._serial = self._meaning(mapping.device_serial, None)
        self._state = self._meaning(mapping.state, STATES)
        self._measured = self._time(mapping.time, "time")
        self._arrived = self._time(mapping.arrived_at, "arrived_at") if mapping.arrived_at else None
        self._substance = self._index(mapping.long.parameter) if mapping.long else None
        self._channels = {
            (part.name or name) if mapping.long else name: (
                name,
                self._value(part),
                self._meaning(part.flag, FLAGS),
            )
            for name, part in mapping.parameters.items()
        }
        if mapping.skip_rows is not None:
            self._index(mapping.skip_rows.column)
            self._table.leave_out(mapping.skip_rows.column, mapping.skip_rows.begins)
        self._table.refuse_repeated(tuple(sorted(self._used)))
        self.unmapped = tuple(
            name for name in self._table.header if name and name not in self._used
        )

    def __iter__(self) -> Iterator[ReadingRow]:
        yield from self._long() if self._substance is not None else self._wide()
        for times in (self._measured, self._arrived):
            for sentence in times.said() if times is not None else ():
                self._notice(f"{self._table.path}: {sentence}")

    def _wide(self) -> Iterator[ReadingRow]:
        channels = list(self._channels.values())
        for row, line, cells in self._table:
            try:
                values: dict[str, float] = {}
                flags: dict[str, str] = {}
                source = self._source_of(cells)
                measured_at = self._measured(row, cells, source)
                for channel in channels:
                    _take(channel, cells, values, flags)
                yield self._reading(row, cells, source, measured_at, values, flags)
            except CellError as error:
                raise row_error(self._table.path, row, line, error) from None

    def _long(self) -> Iterator[ReadingRow]:
        """Join rows of one substance each; skip substances that are not mapped."""
        assert self._substance is not None  # noqa: S101
        together = LongRows()
        for row, line, cells in self._table:
            channel = self._channels.get(cells[self._substance])
            if channel is None:
                together.leave_out(cells[self._substance])
                continue
            try:
                values: dict[str, float] = {}
                flags: dict[str, str] = {}
                source = self._source_of(cells)
                measured_at = self._measured(row, cells, f"{source} {channel[0]}")
                _take(channel, cells, values, flags)
                reading = self._reading(row, cells, source, measured_at, values, flags)
                together.add(reading, channel[0])
            except CellError as error:
                raise row_error(self._table.path, row, line, error) from None
        for sentence in together.left_out():
            self._notice(f"{self._table.path}: {sentence}")
        yield from together

    def _source_of(self, cells: Cells) -> str:
        source = self._source(cells)
        if not source:
            raise CellError("source", "no source (set `source`, or skip the row with `skip_rows`)")
        return source

    def _reading(
        self,
        row: int,
        cells: Cells,
        source: str,
        measured_at: int,
        values: dict[str, float],
        flags: dict[str, str],
    ) -> ReadingRow:
        """Build the reading of a row."""
        period_s = self._mapping.period_s
        if self._mapping.time.marks == "end":
            measured_at -= period_s * 1000
        state = self._state(cells) or "NORMAL"
        serial = self._serial(cells)
        reading = Reading(source, measured_at, period_s, state, serial, values, flags)
        if self._arrived is None or self._arrived.is_blank(cells):
            return ReadingRow(row, reading, None)
        arrived = parse.arrival("arrived_at", self._arrived(row, cells, source))
        return ReadingRow(row, reading, arrived)

    def _index(self, column: str) -> int:
        """Return the index of a column; raise InputError if the file lacks it."""
        name = column.strip()
        if name not in self._at:
            near = difflib.get_close_matches(name, [each for each in self._at if each], 1)
            hint = f"did you mean {quoted(near[0])}? " if near else ""
            known = named(self._table.header)
            raise InputError(
                f"{self._table.path}, header: column {quoted(name)} of the mapping is missing "
                f"({hint}there are {known}; `skip_lines` skips lines above the header, "
                "`header` names the columns of a file without one)"
            )
        self._used.add(name)
        return self._at[name]

    def _meaning(
        self, part: str | ColumnLookup | None, meanings: tuple[str, ...] | None
    ) -> Callable[[Cells], str | None]:
        """Return a function that looks a row up by a constant, or by a column and its values."""
        if part is None or isinstance(part, str):
            return lambda _cells: part
        index, column = self._index(part.column), part.column
        table = None
        if part.values is not None:
            table = {text.strip(): meaning for text, meaning in part.values.items()}
        nulls = self._nulls

        def look_up(cells: Cells) -> str | None:
            cell = cells[index]
            if table is not None and cell in table:
                return table[cell]
            if cell in nulls or not cell:
                return None
            if table is not None:
                raise CellError(column, f"{quoted(cell)} is not among the values of the mapping")
            if meanings is not None and cell not in meanings:
                raise CellError(
                    column,
                    f"{quoted(cell)} is not one of {', '.join(meanings)} (map it with `values` in "
                    "the mapping)",
                )
            return cell

        return look_up

    def _value(self, part: ParameterColumn) -> Callable[[Cells], float | None]:
        mapping = self._mapping
        column = part.column or (mapping.long.value if mapping.long else "")
        index = self._index(column)
        nulls = self._nulls.union(text.strip() for text in part.nulls)
        factor, offset = part.factor, part.offset
        as_written = factor == 1 and offset == 0
        number_of = NumberParser(
            column, mapping.decimal, mapping.thousands, part.below or mapping.below
        )

        def value(cells: Cells) -> float | None:
            cell = cells[index]
            if not cell or cell in nulls:
                return None
            number = number_of(cell)
            return number if as_written else number * factor + offset

        return value

    def _time(self, time: TimeMapping, place: str) -> LocalTimes:
        return LocalTimes(time, place, tuple(self._index(column) for column in time.parts))


Channel = tuple[str, Callable[[Cells], float | None], Callable[[Cells], str | None]]


def _take(channel: Channel, cells: Cells, values: dict[str, float], flags: dict[str, str]) -> None:
    name, value_of, flag_of = channel
    value = value_of(cells)
    if value is not None:
        values[name] = value
    flag = flag_of(cells)
    if flag is not None and flag != "N":
        flags[name] = flag


def format_of(mapping: CsvMapping) -> TableFormat:
    """Return how the table of a mapping is written."""
    blank = mapping.blank_lines or ("refuse" if mapping.time.start is not None else "skip")
    return TableFormat(
        mapped=True,
        encoding=mapping.encoding,
        delimiter="\t" if mapping.delimiter == "tab" else mapping.delimiter,
        header=tuple(name.strip() for name in mapping.header),
        skip_lines=mapping.skip_lines,
        units_lines=mapping.units_lines,
        footer_lines=mapping.footer_lines,
        comment=mapping.comment,
        blank_lines=blank,
    )
