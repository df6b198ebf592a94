"""NDJSON: one reading a line, the names of the CSV, channels in ``values`` and ``flags``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.core.reading import Reading
from streams.input import cells as parse
from streams.input.reading_row import CellError, ReadingRow, row_error


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One line. Times are ISO 8601 with an offset, or integer milliseconds UTC."""

    source_id: str
    measured_at: int | str
    period_s: int
    arrived_at: int | str | None = None
    state: str | None = None
    device_serial: str | None = None
    values: dict[str, float | None] = msgspec.field(default_factory=dict)
    flags: dict[str, str | None] = msgspec.field(default_factory=dict)


def read_ndjson(path: Path) -> Iterator[ReadingRow]:
    """The readings of a file in the order of its lines; ``row`` is the line, blank ones left out.

    A value of null is a channel that was not sent; ``NaN`` and ``Infinity`` are taken as Python
    writes them. Parameters and flags go through as they are: the pipeline marks what it does not
    know. Raises InputError naming line and field.
    """
    decoder = msgspec.json.Decoder(_Line)
    instant = parse.Instants()
    with path.open("rb") as file:
        for row, raw in enumerate(file, start=1):
            text = raw.removeprefix(b"\xef\xbb\xbf") if row == 1 else raw
            if not text.strip():
                continue
            try:
                yield ReadingRow(row, *_reading(_line(decoder, text), instant))
            except CellError as error:
                raise row_error(path, row, row, error) from None
            except (msgspec.MsgspecError, ValueError) as error:
                raise row_error(path, row, row, _first_line(error)) from None


def _line(decoder: msgspec.json.Decoder[_Line], text: bytes) -> _Line:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        try:  # NaN and Infinity are no JSON, yet the usual way to write them
            document = json.loads(text)
        except ValueError:
            raise error from None
        return msgspec.convert(document, _Line)


def _reading(line: _Line, instant: parse.Instants) -> tuple[Reading, int | None]:
    if not line.source_id:
        raise CellError("source_id", "is empty")
    if abs(line.period_s) > parse.MAX_PERIOD_S:
        raise CellError("period_s", f"{line.period_s} seconds is more than a period can hold")
    reading = Reading(
        source_id=line.source_id,
        measured_at=_time("measured_at", line.measured_at, instant),
        period_s=line.period_s,
        state=parse.state("state", line.state or ""),
        device_serial=line.device_serial or None,
        values={name: value for name, value in line.values.items() if value is not None},
        flags={name: flag for name, flag in line.flags.items() if flag and flag != "N"},
    )
    arrived = None if line.arrived_at is None else _time("arrived_at", line.arrived_at, instant)
    return reading, arrived


def _time(column: str, value: int | str, instant: parse.Instants) -> int:
    if isinstance(value, str):
        return instant(column, value)
    if abs(value) >= 2**63:
        raise CellError(column, f"{value} is no time in milliseconds")
    return value


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
