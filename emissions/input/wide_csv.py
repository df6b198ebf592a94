"""Read the pipeline's own CSV: one row a reading, one column a parameter, ``X.flag``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from emissions.input import cells as parse
from emissions.input.reading_row import CellError, InputError, ReadingRow, quoted, row_error
from emissions.input.table_text import TableReader
from schemas.reading import Reading
from streams.registry.nearest import folded, strange

REQUIRED = ("source_id", "measured_at", "period_s")
FIXED = (*REQUIRED, "arrived_at", "state", "device_serial")
FLAG_SUFFIX = ".flag"
MAPPED = "a CSV of another layout needs --mapping"


def read_wide_csv(path: Path, parameters: Collection[str]) -> Iterator[ReadingRow]:
    """Yield the readings of a file in the order of its rows.

    ``parameters`` are those of the registry's channels: with the fixed names they are all the
    columns that may occur. An empty cell is a channel that was not sent; flag ``N`` equals no flag
    and is dropped. Raises InputError naming row and column.
    """
    table = TableReader(path)
    columns = _Columns(table, parameters)
    for row, line, cells in table:
        try:
            yield columns.reading(row, cells)
        except CellError as error:
            raise row_error(path, row, line, error) from None


def _hint(name: str, parameters: Collection[str]) -> str:
    """Name the parameter that is meant, ignoring Cyrillic look-alikes and blanks."""
    meant = folded(name)
    return f"; did you mean {meant}{strange(name)}? write {meant}" if meant in parameters else ""


class _Columns:
    """The column indexes of a table."""

    def __init__(self, table: TableReader, parameters: Collection[str]) -> None:
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
                    f"{table.path}, header, column {quoted(name)}: neither a fixed column "
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
        self.instant = parse.InstantParser()
        self.periods: dict[str, int] = {}

    def reading(self, row: int, cells: tuple[str, ...]) -> ReadingRow:
        """Build the reading of one row."""
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
