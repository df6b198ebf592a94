"""The mapping file (``--mapping M.yaml``): how a CSV as the field has it becomes readings.

Example::

    source: {column: Stack, values: {"Boiler 1": KZ-0001-01}}   # or one id for the whole file
    period_s: 1200
    time: {column: Date, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty, marks: end}
    # or, for a file without times: {start: 2011-01-01T00:00:00+03:00, step_s: 3600}
    delimiter: ";"
    decimal: ","
    encoding: cp1251
    nulls: ["", "-", "н/д"]
    device_serial: SN-1                                         # or {column: Analyser}
    state: {column: Mode, values: {"work": NORMAL, "start": STARTUP}}
    parameters:
      SO2: {column: "SO2, g/m3", factor: 1000, flag: {column: St, values: {"0": N, "1": D}}}
      TEMPERATURE: {column: T, factor: 1, offset: -273.15}
"""

from __future__ import annotations

import codecs
from collections.abc import Collection
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from streams.core.reading import FLAGS, STATES
from streams.input.cells import instant
from streams.input.reading_row import CellError, InputError, quoted

ISO = "iso"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every part of a mapping: a misspelt key is an error."""


class Lookup(_Part, frozen=True):
    """A column whose texts mean something: ``values`` translates them, all of them."""

    column: str
    values: dict[str, str] | None = None


class Time(_Part, frozen=True):
    """When a row was measured: a column, or the first row's start and one step a row.

    ``format`` is one of strptime with a ``timezone`` (or ``%z`` in it), or ``iso`` with offsets;
    ``marks`` says which end of the interval the field writes down.
    """

    column: str | None = None
    format: str = ISO
    timezone: str | None = None
    marks: str = "start"
    start: str | None = None
    step_s: int | None = None


class ParameterColumn(_Part, frozen=True):
    """A channel: value = cell * factor + offset, in the unit of the registry's channel."""

    column: str
    factor: float = 1.0
    offset: float = 0.0
    flag: Lookup | None = None
    nulls: tuple[str, ...] = ()


class Mapping(_Part, frozen=True):
    """A whole mapping file, checked."""

    source: str | Lookup
    period_s: int
    time: Time
    parameters: dict[str, ParameterColumn]
    arrived_at: Time | None = None
    state: Lookup | None = None
    device_serial: str | Lookup | None = None
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)


def load_mapping(path: Path, parameters: Collection[str]) -> Mapping:
    """The mapping in a file; ``parameters`` are those of the registry's channels.

    Raises InputError, one sentence naming the file and the place in it.
    """
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.BaseLoader)  # noqa: S506  texts only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it is not YAML"
        raise InputError(f"{path}{where}: {what}") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    try:
        mapping = msgspec.convert(document, Mapping, strict=False)
        _check(mapping, parameters)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise InputError(f"{path}: {error}") from None
    return mapping


def _check(mapping: Mapping, parameters: Collection[str]) -> None:
    """What types cannot say; ValueError with the path in the document."""
    if mapping.period_s < 1:
        raise ValueError("$.period_s: a period is at least 1 second")
    _check_time("$.time", mapping.time)
    if mapping.arrived_at is not None:
        _check_time("$.arrived_at", mapping.arrived_at)
        if mapping.arrived_at.column is None:
            raise ValueError("$.arrived_at: a column is needed")
    if len(mapping.delimiter) != 1 or mapping.delimiter in '\r\n"':
        raise ValueError(f"$.delimiter: {quoted(mapping.delimiter)} is not a single character")
    if mapping.decimal not in (".", ","):
        raise ValueError(f"$.decimal: {quoted(mapping.decimal)} is neither . nor ,")
    if mapping.decimal == mapping.delimiter:
        raise ValueError("$.decimal: the same sign as the delimiter")
    try:
        codecs.lookup(mapping.encoding)
    except LookupError:
        raise ValueError(f"$.encoding: {quoted(mapping.encoding)} is not known") from None
    if not mapping.parameters:
        raise ValueError("$.parameters: no parameter is mapped")
    for name, part in mapping.parameters.items():
        place = f"$.parameters.{name}"
        if name not in parameters:
            raise ValueError(f"{place}: no channel of the registry measures it")
        if not (isfinite(part.factor) and isfinite(part.offset)) or part.factor == 0:
            raise ValueError(f"{place}: factor and offset are finite numbers, the factor not 0")
        if part.flag is not None:
            _check_lookup(f"{place}.flag", part.flag, FLAGS)
    if mapping.state is not None:
        _check_lookup("$.state", mapping.state, STATES)


def _check_time(place: str, time: Time) -> None:
    if (time.column is None) == (time.start is None):
        raise ValueError(f"{place}: give either a column or a start with step_s")
    if time.marks not in ("start", "end"):
        raise ValueError(f"{place}.marks: {quoted(time.marks)} is neither start nor end")
    if time.start is not None:
        if time.step_s is None or time.step_s < 1:
            raise ValueError(f"{place}.step_s: the seconds from row to row are needed with start")
        try:
            instant("start", time.start)
        except CellError as error:
            raise ValueError(f"{place}.start: {error.why}") from None
        return
    if time.step_s is not None:
        raise ValueError(f"{place}.step_s: belongs to a start, not to a column")
    if time.timezone is not None:
        try:
            ZoneInfo(time.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{place}.timezone: {quoted(time.timezone)} is no zone") from None
        if time.format == ISO or "%z" in time.format:
            raise ValueError(f"{place}.timezone: the format brings its own offset")
    elif time.format != ISO and "%z" not in time.format:
        raise ValueError(f"{place}.timezone: needed, the format has no offset (%z)")


def _check_lookup(place: str, lookup: Lookup, meanings: tuple[str, ...]) -> None:
    for text, meaning in (lookup.values or {}).items():
        if meaning not in meanings:
            known = ", ".join(meanings)
            raise ValueError(f"{place}.values: {quoted(text)} is {meaning}, not one of {known}")
