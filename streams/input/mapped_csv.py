"""Readings of a CSV as the field has it, through a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.core.reading import FLAGS, STATES, Reading
from streams.input import cells as parse
from streams.input.mapping import ISO, Lookup, Mapping, ParameterColumn, Time
from streams.input.reading_row import CellError, InputError, ReadingRow, quoted, row_error
from streams.input.table_text import TableText


class MappedCsv:
    """A CSV of the field and the mapping that explains it.

    ``unmapped`` are the columns that the mapping does not use. Iterating yields the readings in
    the order of the rows; InputError names file, row, column, what was there and why not.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        encoding = (
            "utf-8-sig" if mapping.encoding.lower() in ("utf-8", "utf8") else mapping.encoding
        )
        self._table = TableText(path, encoding=encoding, delimiter=mapping.delimiter)
        self._mapping = mapping
        self._at = {name: index for index, name in enumerate(self._table.header)}
        self._used: set[str] = set()
        self._nulls = frozenset(mapping.nulls)
        self._source = self._meaning(mapping.source, None)
        self._serial = self._meaning(mapping.device_serial, None)
        self._state = self._meaning(mapping.state, STATES)
        self._measured = self._time(mapping.time)
        self._arrived = self._time(mapping.arrived_at) if mapping.arrived_at else None
        self._channels = [
            (name, self._value(part), self._meaning(part.flag, FLAGS))
            for name, part in mapping.parameters.items()
        ]
        self.unmapped = tuple(name for name in self._table.header if name not in self._used)

    def __iter__(self) -> Iterator[ReadingRow]:
        last: dict[str, int] = {}
        for row, line, cells in self._table:
            try:
                yield self._reading(row, cells, last)
            except CellError as error:
                raise row_error(self._table.path, row, line, error) from None

    def _reading(self, row: int, cells: tuple[str, ...], last: dict[str, int]) -> ReadingRow:
        source = self._source(cells)
        if not source:
            raise CellError("source", "no source is named")
        period_s = self._mapping.period_s
        measured_at = self._measured(row, cells, last.get(source))
        last[source] = measured_at
        if self._mapping.time.marks == "end":
            measured_at -= period_s * 1000
        values: dict[str, float] = {}
        flags: dict[str, str] = {}
        for name, value_of, flag_of in self._channels:
            value = value_of(cells)
            if value is not None:
                values[name] = value
            flag = flag_of(cells)
            if flag is not None and flag != "N":
                flags[name] = flag
        state = self._state(cells) or "NORMAL"
        serial = self._serial(cells)
        reading = Reading(source, measured_at, period_s, state, serial, values, flags)
        arrived_at = None
        if self._arrived is not None:
            arrived_at = self._arrived(row, cells, None)
        return ReadingRow(row, reading, arrived_at)

    def _index(self, column: str) -> int:
        """Where a column stands; InputError if the file does not have it."""
        if column not in self._at:
            known = ", ".join(self._table.header)
            raise InputError(
                f"{self._table.path}, header: column {quoted(column)} of the mapping is missing "
                f"(there are {known})"
            )
        self._used.add(column)
        return self._at[column]

    def _meaning(
        self, part: str | Lookup | None, meanings: tuple[str, ...] | None
    ) -> Callable[[tuple[str, ...]], str | None]:
        """What a row says by a constant, or by a column and its table of meanings."""
        if part is None or isinstance(part, str):
            return lambda _cells: part
        index, column, table = self._index(part.column), part.column, part.values
        nulls = self._nulls

        def look_up(cells: tuple[str, ...]) -> str | None:
            cell = cells[index]
            if table is not None and cell in table:
                return table[cell]
            if cell in nulls or not cell:
                return None
            if table is not None:
                raise CellError(column, f"{quoted(cell)} is not among the values of the mapping")
            if meanings is not None and cell not in meanings:
                raise CellError(column, f"{quoted(cell)} is not one of {', '.join(meanings)}")
            return cell

        return look_up

    def _value(self, part: ParameterColumn) -> Callable[[tuple[str, ...]], float | None]:
        index, column = self._index(part.column), part.column
        nulls = self._nulls.union(part.nulls)
        factor, offset, comma = part.factor, part.offset, self._mapping.decimal == ","
        as_written = factor == 1 and offset == 0

        def value(cells: tuple[str, ...]) -> float | None:
            cell = cells[index]
            if not cell or cell in nulls:
                return None
            if comma:
                if "." in cell:
                    raise CellError(column, f"{quoted(cell)} is not a number with a decimal comma")
                cell = cell.replace(",", ".")
            number = parse.number(column, cell)
            return number if as_written else number * factor + offset

        return value

    def _time(self, time: Time) -> Callable[[int, tuple[str, ...], int | None], int]:
        """Milliseconds of a row, from its number, its cells and the source's time before."""
        if time.column is None:
            start = parse.instant("start", time.start or "")
            step = (time.step_s or 0) * 1000
            return lambda row, _cells, _before: start + (row - 1) * step
        index, column = self._index(time.column), time.column
        if time.format == ISO:
            return lambda _row, cells, _before: parse.instant(column, cells[index])
        layout, zone = time.format, ZoneInfo(time.timezone) if time.timezone else None
        return lambda _row, cells, before: _field_time(column, cells[index], layout, zone, before)


def _field_time(
    column: str, cell: str, layout: str, zone: ZoneInfo | None, before: int | None
) -> int:
    """A time as the field writes it. A repeated local hour is told by the order of the rows."""
    try:
        moment = datetime.strptime(cell, layout)  # noqa: DTZ007  the zone follows
    except ValueError:
        raise CellError(column, f"{quoted(cell)} is not a time like {layout}") from None
    if zone is None:
        return parse.milliseconds(moment)
    first = moment.replace(tzinfo=zone)
    found = parse.milliseconds(first)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise CellError(column, f"{quoted(cell)} does not exist in {zone.key}: clocks were put on")
    second = parse.milliseconds(first.replace(fold=1))
    return second if before is not None and found <= before < second else found
