"""Check what the types of a mapping cannot express; raise ValueError with the path."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from datetime import datetime
from math import isfinite

from emissions.input.cells import MAX_PERIOD_S, instant
from emissions.input.mapping import (
    FIRST,
    HALF,
    IN_ORDER,
    ISO,
    REFUSE,
    SECOND,
    ZERO,
    ColumnLookup,
    CsvMapping,
    TimeMapping,
)
from emissions.input.reading_row import CellError, quoted
from emissions.input.text_lines import text_encoding
from emissions.input.time_layout import LayoutError, TimeLayout
from emissions.input.zones import fixed_zone, zone_of
from schemas.reading import FLAGS, STATES

THOUSANDS = (" ", ".", ",", "'")


def check_mapping(mapping: CsvMapping, parameters: Collection[str]) -> None:
    """Refuse a mapping that cannot work; ``parameters`` are those of the registry's channels."""
    if not 1 <= mapping.period_s <= MAX_PERIOD_S:
        raise ValueError("$.period_s: a period is 1 second to 2147483647 seconds")
    _check_time("$.time", mapping.time, mapping.period_s)
    if mapping.arrived_at is not None:
        _check_time("$.arrived_at", mapping.arrived_at, None)
        if not mapping.arrived_at.parts:
            raise ValueError("$.arrived_at: a column is required")
        if mapping.arrived_at.repeated == IN_ORDER:
            raise ValueError("$.arrived_at.repeated: in_order is not possible for arrivals")
        if mapping.arrived_at.marks != "start":
            raise ValueError("$.arrived_at.marks: not allowed, an arrival is an instant")
    _check_table(mapping)
    _check_parameters(mapping, parameters)
    if mapping.state is not None:
        _check_lookup("$.state", mapping.state, STATES)


def _check_table(mapping: CsvMapping) -> None:
    delimiter = mapping.delimiter
    single = delimiter in (None, "tab") or len(delimiter or "") == 1
    if not single or delimiter in ("\r", "\n", '"', "\0"):
        raise ValueError(f"$.delimiter: {quoted(delimiter or '')} is not a single character")
    if mapping.decimal not in (".", ","):
        raise ValueError(f"$.decimal: {quoted(mapping.decimal)} is neither . nor ,")
    if mapping.decimal == delimiter:
        raise ValueError("$.decimal: equal to the delimiter")
    if mapping.thousands is not None and (
        mapping.thousands not in THOUSANDS or mapping.thousands == mapping.decimal
    ):
        raise ValueError(
            f"$.thousands: {quoted(mapping.thousands)} is not one of {' '.join(THOUSANDS[1:])} or "
            "a space, or equals the decimal sign"
        )
    _one_of("$.below", mapping.below, (REFUSE, HALF, ZERO))
    try:
        text_encoding(mapping.encoding)
    except LookupError:
        raise ValueError(f"$.encoding: {quoted(mapping.encoding)} is unknown") from None
    for name in ("skip_lines", "units_lines", "footer_lines"):
        if not 0 <= getattr(mapping, name) <= 10_000:
            raise ValueError(f"$.{name}: must be 0 to 10000")
    if len(set(mapping.header)) < len(mapping.header):
        raise ValueError("$.header: a name occurs twice")
    if mapping.comment == "":
        raise ValueError("$.comment: must not be empty")
    if mapping.skip_rows is not None:
        begins = mapping.skip_rows.begins
        if not begins or "" in begins:
            raise ValueError("$.skip_rows.begins: must not be empty")
    if mapping.blank_lines is not None:
        _one_of("$.blank_lines", mapping.blank_lines, ("skip", "row"))
        if mapping.time.start is None:
            raise ValueError("$.blank_lines: only for a file without times (time.start)")


def _check_parameters(mapping: CsvMapping, parameters: Collection[str]) -> None:
    if not mapping.parameters:
        raise ValueError("$.parameters: must not be empty")
    names: dict[str, str] = {}
    for name, part in mapping.parameters.items():
        place = f"$.parameters.{name}"
        if name not in parameters:
            near = difflib.get_close_matches(name, sorted(parameters), 1, 0.3)
            hint = f" (the nearest is {near[0]})" if near else ""
            raise ValueError(f"{place}: no channel of the registry measures it{hint}")
        if not (isfinite(part.factor) and isfinite(part.offset)) or part.factor == 0:
            raise ValueError(f"{place}: factor and offset must be finite, and the factor not 0")
        if part.flag is not None:
            _check_lookup(f"{place}.flag", part.flag, FLAGS)
        if part.below is not None:
            _one_of(f"{place}.below", part.below, (REFUSE, HALF, ZERO))
        if (part.column is None) == (mapping.long is None):
            raise ValueError(
                f"{place}.column: required (or use `long`)"
                if mapping.long is None
                else f"{place}.column: not allowed with `long`"
            )
        if part.name is not None and mapping.long is None:
            raise ValueError(f"{place}.name: only with `long`")
        if mapping.long is not None:
            other = names.setdefault(part.name or name, name)
            if other != name:
                raise ValueError(f"{place}.name: {part.name or name} is already {other}")
    if mapping.long is not None and mapping.time.start is not None:
        raise ValueError("$.long: requires a column of times")


def _check_time(place: str, time: TimeMapping, period_s: int | None) -> None:
    said = (time.column is not None) + bool(time.columns) + (time.start is not None)
    if said != 1:
        raise ValueError(f"{place}: give a column, several columns, or a start with step_s")
    _one_of(f"{place}.marks", time.marks, ("start", "end"))
    _one_of(f"{place}.repeated", time.repeated, (REFUSE, IN_ORDER, FIRST, SECOND))
    if time.start is not None:
        _check_start(place, time)
        return
    if time.step_s is not None:
        raise ValueError(f"{place}.step_s: only with start")
    if time.format == ISO:
        if time.timezone is not None:
            raise ValueError(f"{place}.timezone: not allowed, the format has an offset")
        return
    try:
        layout = TimeLayout(time.format, period_s=period_s)
    except LayoutError as error:
        raise ValueError(f"{place}.format: {error}") from None
    if time.timezone is None:
        if "z" not in layout.letters:
            raise ValueError(f"{place}.timezone: required, the format has no offset (%z)")
        return
    try:
        zone_of(time.timezone)
    except ValueError:
        raise ValueError(f"{place}.timezone: {quoted(time.timezone)} is not a time zone") from None
    if "z" in layout.letters:
        raise ValueError(f"{place}.timezone: not allowed, the format has an offset")
    _check_zone_word(place, layout.zone_word(), time.timezone)


def _check_start(place: str, time: TimeMapping) -> None:
    if time.step_s is None or time.step_s < 1:
        raise ValueError(f"{place}.step_s: required with start (seconds from row to row)")
    if time.format != ISO or time.timezone is not None:
        raise ValueError(
            f"{place}: start is ISO 8601 with an offset; format and timezone are not allowed"
        )
    try:
        instant("start", time.start or "")
    except CellError as error:
        raise ValueError(f"{place}.start: {error.why}") from None


def _check_zone_word(place: str, word: str | None, timezone: str) -> None:
    """Refuse a zone in the text of the format that contradicts the timezone."""
    meant = None if word is None else fixed_zone(word)
    if meant is None:
        return
    at = zone_of(timezone)
    days = [datetime(2024, month, 1, tzinfo=at) for month in (1, 7)]
    if any(day.utcoffset() != meant.utcoffset(day) for day in days):
        raise ValueError(
            f"{place}.format: its text says {word}, but timezone says {timezone}: one of them "
            "is wrong"
        )


def _check_lookup(place: str, lookup: ColumnLookup, meanings: Iterable[str]) -> None:
    for text, meaning in (lookup.values or {}).items():
        if meaning not in meanings:
            known = ", ".join(meanings)
            raise ValueError(f"{place}.values: {quoted(text)} is {meaning}, not one of {known}")


def _one_of(place: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"{place}: {quoted(value)} is neither {', '.join(known[:-1])} nor {known[-1]}"
        )
