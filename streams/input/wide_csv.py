"""CSV as the pipeline writes it: a row a reading, a column a parameter, ``<PARAMETER>.flag``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from streams.core.reading import Reading
from streams.input import cells as parse
from streams.input.reading_row import CellError, InputError, ReadingRow, quoted, row_error
from streams.input.table_text import TableText
from streams.registry.nearest import folded, strange

REQUIRED = ("source_id", "measured_at", "period_s")
FIXED = (*REQUIRED, "arrived_at", "state", "device_serial")
FLAG_SUFFIX = ".flag"
MAPPED = "a table of another kind needs a mapping, --mapping"


def read_wide_csv(path: Path, parameters: Collection[str]) -> Iterator[ReadingRow]:
    """The readings of a file in the order of its rows.

    ``parameters`` are those of the channels of the registry: with the fixed names they are all
    the columns that may occur. An empty cell is a channel that was not sent; flag ``N`` is as
    good as none and is dropped. Raises InputError naming row and column.
    """
    table = TableText(path)
    columns = _Columns(table, parameters)
    for row, line, cells in table:
        try:
            yield columns.reading(row, cells)
        except CellError as error:
            raise row_error(path, row, line, error) from None


def _hint(name: str, parameters: Collection[str]) -> str:
    """The parameter that a name is meant for: Cyrillic letters and blanks are not seen."""
    meant = folded(name)
    return f"; it is nearly {meant}{strange(name)}: write {meant}" if meant in parameters else ""


class _Columns:
    """Where in a row everything stands."""

    def __init__(self, table: TableText, parameters: Collection[str]) -> None:
        at = {name: index for index, name in enumerate(table.header)}
        for name in REQUIRED:
            if name not in at:
                raise InputError(f"{table.path}, header: column {name} is missing ({MAPPED})")
        self.values: list[tuple[int, str]] = []
        self.flags: list[tuple[int, str, str]] = []
        for name, index in at.items():
            if name in FIXED:
                continue
            parameter = name.removesuffix(FLAG_SUFFIX)
            if parameter not in parameters:
                raise InputError(
                    f"{table.path}, header, column {quoted(name)}: neither a fixed name "
                    f"nor a parameter of a channel in the registry{_hint(parameter, parameters)}"
                )
            if name == parameter:
                self.values.append((index, name))
            else:
                self.flags.append((index, name, parameter))
        self.source, self.measured, self.period = (at[name] for name in REQUIRED)
        self.arrived = at.get("arrived_at")
        self.state = at.get("state")
        self.serial = at.get("device_serial")
        self.instant = parse.Instants()
        self.periods: dict[str, int] = {}

    def reading(self, row: int, cells: tuple[str, ...]) -> ReadingRow:
        """The reading of one row."""
        source = cells[self.source]
        if not source:
            raise CellError("source_id", "is empty")
        measured_at = self.instant("measured_at", cells[self.measured])
        text = cells[self.period]
        period_s = self.periods.get(text)
        if period_s is None:
            period_s = self.periods[text] = parse.period("period_s", text)
        arrived_at = None
        if self.arrived is not None and cells[self.arrived]:
            moment = self.instant("arrived_at", cells[self.arrived])
            arrived_at = parse.arrival("arrived_at", moment)
        state = "NORMAL" if self.state is None else parse.state("state", cells[self.state])
        serial = (cells[self.serial] or None) if self.serial is not None else None
        values = {
            name: parse.number(name, cells[index]) for index, name in self.values if cells[index]
        }
        flags = {}
        for index, name, parameter in self.flags:
            cell = cells[index]
            if cell and parse.flag(name, cell) != "N":
                flags[parameter] = cell
        reading = Reading(source, measured_at, period_s, state, serial, values, flags)
        return ReadingRow(row, reading, arrived_at)
