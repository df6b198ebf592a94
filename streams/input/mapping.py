"""The mapping file (``--mapping M.yaml``): how a CSV as the field has it becomes readings.

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
    """Base of every part of a mapping: a misspelt key is an error."""


class Lookup(_Part, frozen=True):
    """A column whose texts mean something."""

    column: Annotated[str, Meta(description="name of the column")]
    values: Annotated[
        dict[str, str] | None,
        Meta(description="what each text means; then any other text is refused"),
    ] = None


class Time(_Part, frozen=True):
    """When a row was measured: a column, or the first row's start and one step a row."""

    column: Annotated[str | None, Meta(description="the column of the time")] = None
    columns: Annotated[
        tuple[str, ...],
        Meta(
            description="several columns (date; hour or time of day), read as one text with a "
            'blank between: format: "%Y-%m-%d %H"'
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
        Meta(description="zone of the layout's times: Asia/Almaty, or fixed as +05:00, Etc/GMT-5"),
    ] = None
    marks: Annotated[
        str,
        Meta(description="the end of the interval that is written: start or end (hours 1 to 24)"),
    ] = "start"
    repeated: Annotated[
        str,
        Meta(
            description="hours that a clock put back has twice: refuse, in_order (rows of a "
            "source stand in the order of time), or all are the first or the second"
        ),
    ] = REFUSE
    start: Annotated[
        str | None,
        Meta(description="for a file without times: when its first row was, ISO 8601 with offset"),
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
        Meta(description="the parameter's name in the column long.parameter (default: its own)"),
    ] = None
    factor: Annotated[float, Meta(description="what a cell is multiplied by")] = 1.0
    offset: Annotated[float, Meta(description="what is added then")] = 0.0
    flag: Annotated[
        Lookup | None, Meta(description="the column of its flag, meanings N F M S D C T B")
    ] = None
    nulls: Annotated[
        tuple[str, ...], Meta(description="further texts that are no value in this column")
    ] = ()
    below: Annotated[
        str | None, Meta(description="as below of the whole file, for this column")
    ] = None


class Long(_Part, frozen=True):
    """A row a substance: rows of one source and time are put together."""

    parameter: Annotated[str, Meta(description="the column that names the substance of a row")]
    value: Annotated[str, Meta(description="the column of its value")]


class SkipRows(_Part, frozen=True):
    """Rows that are no readings, told by how a cell begins."""

    column: Annotated[str, Meta(description="the column that tells them")]
    begins: Annotated[tuple[str, ...], Meta(description='how its cell begins: ["Total", "Mean"]')]


class Mapping(_Part, frozen=True):
    """A whole mapping file, checked."""

    source: Annotated[
        str | Lookup, Meta(description="one source id for the file, or the column that names it")
    ]
    period_s: Annotated[int, Meta(description="length of a row's interval, seconds")]
    time: Annotated[Time, Meta(description="when a row was measured")]
    parameters: Annotated[
        dict[str, ParameterColumn],
        Meta(description="a parameter of the registry's channels, and where its values are"),
    ]
    long: Annotated[
        Long | None,
        Meta(description="a row a substance, as national exports are: parameters then need no "
             "column"),
    ] = None  # fmt: skip
    arrived_at: Annotated[
        Time | None, Meta(description="when a row arrived, as time (default: its interval's end)")
    ] = None
    state: Annotated[
        Lookup | None,
        Meta(description="the operating state: NORMAL, STARTUP, SHUTDOWN, STOPPED, EMERGENCY"),
    ] = None
    device_serial: Annotated[
        str | Lookup | None, Meta(description="one serial for the file, or its column")
    ] = None
    delimiter: Annotated[
        str | None,
        Meta(description='what separates cells: one character, or "tab" (default: that of a line '
             "sep=, else a comma)"),
    ] = None  # fmt: skip
    decimal: Annotated[str, Meta(description="the decimal sign: . or ,")] = "."
    thousands: Annotated[
        str | None,
        Meta(description="what stands between thousands: a blank (any kind), . , or '"),
    ] = None
    below: Annotated[
        str,
        Meta(description="what <0,5 (below detection) counts as: refuse, half of the limit, zero"),
    ] = REFUSE
    encoding: Annotated[str, Meta(description="of the text: utf-8, cp1251, cp866, utf-16, ...")] = (
        "utf-8"
    )
    nulls: Annotated[tuple[str, ...], Meta(description="texts that are no value")] = ("",)
    skip_lines: Annotated[int, Meta(description="lines above the header (title)")] = 0
    header: Annotated[
        tuple[str, ...],
        Meta(description="names of the columns, for a file without a header row"),
    ] = ()
    units_lines: Annotated[int, Meta(description="lines below the header that are no rows")] = 0
    footer_lines: Annotated[
        int, Meta(description="lines at the end that are no rows, blank ones apart")
    ] = 0
    skip_rows: Annotated[SkipRows | None, Meta(description="rows that are no readings")] = None
    comment: Annotated[str | None, Meta(description="lines that begin so are left out")] = None
    blank_lines: Annotated[
        str | None,
        Meta(description="in a file without times: skip them, or count each as a row"),
    ] = None
