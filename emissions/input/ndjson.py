"""Read NDJSON: one reading a line, with the names of the CSV, ``values`` and ``flags``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, UnsetType

from emissions.input import cells as parse
from emissions.input.reading_row import CellError, ReadingRow, quoted, row_error
from emissions.input.text_lines import LONGEST, encoding_of_file
from schemas.reading import Reading

_KEY = re.compile(rb'"\s*:')


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One line. Times are ISO 8601 with an offset, or integer milliseconds UTC."""

    source_id: str
    measured_at: int | str
    period_s: int
    arrived_at: int | str | None = None
    state: str | None = None
    device_serial: str | None = None
    values: dict[str, float | None] | UnsetType = UNSET
    flags: dict[str, str | None] | UnsetType = UNSET

    @property
    def keys(self) -> int:
        """The least number of keys the line has, without those at their default."""
        inside = sum(len(part) + 1 for part in (self.values, self.flags) if part is not UNSET)
        given = (self.arrived_at, self.state, self.device_serial)
        return 3 + sum(part is not None for part in given) + inside


def read_ndjson(path: Path) -> Iterator[ReadingRow]:
    """Yield the readings of a file in order; ``row`` is the line number, blank lines are skipped.

    A null value is a channel that was not sent; ``NaN`` and ``Infinity`` are read as Python writes
    them. Parameters and flags pass unchanged: the pipeline marks unknown ones. Raises InputError
    naming line and field.
    """
    encoding_of_file(path, "utf-8", key=None)
    with path.open("rb") as file:
        yield from read_ndjson_lines(file, path)


def read_ndjson_lines(file: BinaryIO, path: Path) -> Iterator[ReadingRow]:
    """Yield the readings of an open file as its lines come; ``path`` is its name for people."""
    decoder = msgspec.json.Decoder(_Line)
    instant = parse.InstantParser()
    row = 0
    while raw := file.readline(LONGEST):
        row += 1
        if len(raw) == LONGEST and not raw.endswith(b"\n"):
            raise row_error(path, row, row, f"the line is longer than {LONGEST} bytes")
        text = raw.removeprefix(b"\xef\xbb\xbf") if row == 1 else raw
        if not text.strip():
            continue
        try:
            yield ReadingRow(row, *_reading(_line(decoder, text), instant))
        except CellError as error:
            raise row_error(path, row, row, error) from None
        except (msgspec.MsgspecError, ValueError, OverflowError) as error:
            raise row_error(path, row, row, _first_line(error)) from None
        except RecursionError:
            raise row_error(path, row, row, "it is nested too deeply") from None


def _line(decoder: msgspec.json.Decoder[_Line], text: bytes) -> _Line:
    try:
        line = decoder.decode(text)
    except msgspec.ValidationError as error:
        raise CellError(*_cell(text, error)) from None
    except msgspec.DecodeError as error:
        try:  # NaN and Infinity are no JSON, yet the usual way to write them
            document = _once(text)
        except UnicodeDecodeError:
            raise ValueError("the text is not utf-8") from None
        except ValueError as other:
            raise (other if isinstance(other, _TwiceError) else error) from None
        try:
            line = msgspec.convert(document, _Line)
        except msgspec.ValidationError as refused:
            raise CellError(*_cell(text, refused)) from None
        _refuse_halves(line)
        return line
    # msgspec takes the last of two equal keys without a word: then there are more than it kept
    if len(_KEY.findall(text)) > line.keys:
        _once(text)
    if b"\\u" in text:
        _refuse_halves(line)
    return line


def _refuse_halves(line: _Line) -> None:
    """Refuse half of a surrogate pair: JSON can write it, but UTF-8 cannot."""
    names = [] if line.values is UNSET else list(line.values)
    flags = [] if line.flags is UNSET else [*line.flags, *line.flags.values()]
    for text in (line.source_id, line.device_serial, *names, *flags):
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            raise ValueError(f"{text!a} has half of a surrogate pair") from None


class _TwiceError(ValueError):
    """An object has the same key twice."""


def _once(text: bytes) -> Any:
    """Decode a line; raise ValueError where an object has the same key twice."""
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"the key {quoted(twice)} occurs twice")
    return found


def _cell(text: bytes, error: msgspec.ValidationError) -> tuple[str, str]:
    """Return the field a line is refused for, and why."""
    said, _, place = _first_line(error).partition(" - at ")
    part = place.strip("`").removeprefix("$.").removesuffix("[...]")
    if part in ("values", "flags"):
        try:
            items = json.loads(text)[part].items()
        except (ValueError, RecursionError):  # pragma: no cover  it was decoded before
            items = ()
        for name, value in items:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and number != (part == "values"):
                what = "a number" if part == "values" else "a flag"
                return f"{part}.{name}", f"{quoted(str(value))} is not {what}"
    return part or "of the line", said


def _reading(line: _Line, instant: parse.InstantParser) -> tuple[Reading, int | None]:
    if not line.source_id:
        raise CellError("source_id", "is empty")
    if abs(line.period_s) > parse.MAX_PERIOD_S:
        raise CellError("period_s", f"{line.period_s} seconds is longer than a period can be")
    values = {} if line.values is UNSET else line.values
    flags = {} if line.flags is UNSET else line.flags
    reading = Reading(
        source_id=line.source_id,
        measured_at=_time("measured_at", line.measured_at, instant),
        period_s=line.period_s,
        state=parse.state("state", line.state or ""),
        device_serial=line.device_serial or None,
        values={name: value for name, value in values.items() if value is not None},
        flags={name: flag for name, flag in flags.items() if flag and flag != "N"},
    )
    if line.arrived_at is None:
        return reading, None
    arrived = _time("arrived_at", line.arrived_at, instant)
    return reading, parse.arrival("arrived_at", arrived)


def _time(column: str, value: int | str, instant: parse.InstantParser) -> int:
    if isinstance(value, str):
        return instant(column, value)
    if abs(value) >= 2**63:
        raise CellError(column, f"{value} is not a time in milliseconds")
    return value


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
