"""The mapping file (``--mapping M.yaml``): how a CSV of any layout becomes readings.

Every key is described at its field; ``emissions replay --mapping-keys`` prints them. Example::

    source: {column: Stack, values: {"Boiler 1": KZ-0001-01}}   # or one id for the whole file
    period_s: 1200
    time: {column: Date, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty, marks: end}
    delimiter: ";"
    decimal: ","
    encoding: cp1251
    nulls: ["", "-", "н/д"]
    state: {column: Mode, values: {"work": NORMAL, "start": STARTUP}}
    parameters:
      SO2: {column: "SO2, g/m3", factor: 1000, flag: {column: St, values: {"0": N, "1": D}}}
      TEMPERATURE: {column: T, factor: 1, offset: -273.15}
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

ISO = "iso"
REFUSE, IN_ORDER, FIRST, SECOND = "refuse", "in_order", "first", "second"
HALF, ZERO = "half", "zero"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every part of a mapping: an unknown key is an error."""


class ColumnLookup(_Part, frozen=True):
    """A column, and what its texts mean."""

    column: Annotated[str, Meta(description="name of the column")]
    values: Annotated[
        dict[str, str] | None,
        Meta(description="the meaning of each text; any other text is refused"),
    ] = None


class TimeMapping(_Part, frozen=True):
    """When a row was measured: a column, or the start of the first row and a step."""

    column: Annotated[str | None, Meta(description="the column with the time")] = None
    columns: Annotated[
        tuple[str, ...],
        Meta(
            description="several columns (date; hour or time of day), joined with a space: "
            'format: "%Y-%m-%d %H"'
        ),
    ] = ()
    format: Annotated[
        str,
        Meta(
            description="iso (with offset), or a layout: %Y %y %m %d %j %H %I %M %S %f %b %B %a "
            "%A %p %z and text; 24:00 is the next midnight"
        ),
    ] = ISO
    timezone: Annotated[
        str | None,
        Meta(description="time zone of the layout: Asia/Almaty, or fixed: +05:00, Etc/GMT-5"),
    ] = None
    marks: Annotated[
        str,
        Meta(description="which end of the interval the time is: start or end (hours 1 to 24)"),
    ] = "start"
    repeated: Annotated[
        str,
        Meta(
            description="hours repeated when clocks are put back: refuse, in_order (the rows of a "
            "source are in order of time), or always the first or the second"
        ),
    ] = REFUSE
    start: Annotated[
        str | None,
        Meta(description="for a file without times: time of the first row, ISO 8601 with offset"),
    ] = None
    step_s: Annotated[int | None, Meta(description="seconds from row to row, with start")] = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns that hold the time."""
        return self.columns if self.column is None else (self.column,)


class ParameterColumn(_Part, frozen=True):
    """A channel: value = cell * factor + offset, in the unit of the registry's channel."""

    column: Annotated[str | None, Meta(description="name of the column of values")] = None
    name: Annotated[
        str | None,
        Meta(description="the parameter's name in the column long.parameter (default: the key)"),
    ] = None
    factor: Annotated[float, Meta(description="factor applied to a cell")] = 1.0
    offset: Annotated[float, Meta(description="added after the factor")] = 0.0
    flag: Annotated[
        ColumnLookup | None, Meta(description="the column of its flag, values N F M S D C T B")
    ] = None
    nulls: Annotated[
        tuple[str, ...], Meta(description="more texts that mean no value in this column")
    ] = ()
    below: Annotated[str | None, Meta(description="like `below` of the file, for this column")] = (
        None
    )


class LongFormat(_Part, frozen=True):
    """One row a substance: rows of one source and time are joined."""

    parameter: Annotated[str, Meta(description="the column with the substance of a row")]
    value: Annotated[str, Meta(description="the column with its value")]


class SkipRows(_Part, frozen=True):
    """Rows that are no readings, recognised by how a cell begins."""

    column: Annotated[str, Meta(description="the column to look at")]
    begins: Annotated[
        tuple[str, ...], Meta(description='beginnings of its cell: ["Total", "Mean"]')
    ]


class CsvMapping(_Part, frozen=True):
    """A complete mapping file."""

    source: Annotated[
        str | ColumnLookup,
        Meta(description="one source id for the file, or its column"),
    ]
    period_s: Annotated[int, Meta(description="length of a row's interval, seconds")]
    time: Annotated[TimeMapping, Meta(description="when a row was measured")]
    parameters: Annotated[
        dict[str, ParameterColumn],
        Meta(description="each parameter of the registry's channels, and its column"),
    ]
    long: Annotated[
        LongFormat | None,
        Meta(description="one row a substance, as in national exports; parameters then have no "
             "column"),
    ] = None  # fmt: skip
    arrived_at: Annotated[
        TimeMapping | None,
        Meta(description="when a row arrived, like time (default: the end of its interval)"),
    ] = None
    state: Annotated[
        ColumnLookup | None,
        Meta(description="the operating state: NORMAL, STARTUP, SHUTDOWN, STOPPED, EMERGENCY"),
    ] = None
    device_serial: Annotated[
        str | ColumnLookup | None, Meta(description="one serial number for the file, or its column")
    ] = None
    delimiter: Annotated[
        str | None,
        Meta(description='separator of cells: one character, or "tab" (default: from a line '
             "sep=, else a comma)"),
    ] = None  # fmt: skip
    decimal: Annotated[str, Meta(description="the decimal sign: . or ,")] = "."
    thousands: Annotated[
        str | None,
        Meta(description="thousands separator: a space (any kind), . , or '"),
    ] = None
    below: Annotated[
        str,
        Meta(description="value of <0,5 (below detection): refuse, half of the limit, zero"),
    ] = REFUSE
    encoding: Annotated[
        str, Meta(description="text encoding: utf-8, cp1251, cp866, utf-16, ...")
    ] = "utf-8"
    nulls: Annotated[tuple[str, ...], Meta(description="texts that mean no value")] = ("",)
    skip_lines: Annotated[int, Meta(description="lines to skip above the header (title)")] = 0
    header: Annotated[
        tuple[str, ...],
        Meta(description="column names, for a file without a header row"),
    ] = ()
    units_lines: Annotated[int, Meta(description="lines to skip below the header")] = 0
    footer_lines: Annotated[
        int, Meta(description="lines to skip at the end, not counting blank ones")
    ] = 0
    skip_rows: Annotated[SkipRows | None, Meta(description="rows to skip")] = None
    comment: Annotated[str | None, Meta(description="lines that begin with this are skipped")] = (
        None
    )
    blank_lines: Annotated[
        str | None,
        Meta(description="in a file without times: skip blank lines, or count each as a row"),
    ] = None
