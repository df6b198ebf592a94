"""The wide CSV file, or an Avro file, as rows in the order in which a replay publishes them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastavro import reader

from tests.oracle import clock

FIXED = ("source_id", "measured_at", "period_s", "arrived_at", "state", "device_serial")


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the input; ``arrival`` None: no arrival given and its interval is not over."""

    number: int
    source_id: str
    start: int
    period: int
    arrival: int | None
    state: str
    serial: str | None
    values: dict[str, float]
    flags: dict[str, str]

    @property
    def end(self) -> int:
        """End of the interval."""
        return self.start + self.period * clock.SECOND


def read(path: Path, until: int | None, now: int) -> tuple[list[Row], int]:
    """Rows in order of publication, and the stream time at which the run ends.

    Rows that arrive after ``until`` do not exist. Rows without arrival whose interval ends
    after ``until`` (without it: after ``now``) come last and move no clock.
    """
    if path.suffix == ".avro":
        with path.open("rb") as file:
            rows = [_of_record(number, each) for number, each in enumerate(reader(file), 1)]
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [_row(number, cells) for number, cells in enumerate(csv.DictReader(lines), 1)]
    horizon = now if until is None else until
    arrived: list[Row] = []
    future: list[Row] = []
    for row, given in rows:
        if given is None and row.end > horizon:
            future.append(row)
        else:
            arrived.append(_with_arrival(row, row.end if given is None else given))
    if until is None:
        last = max((_arrival(row) for row in arrived), default=None)
        until = now if last is None else last + 20 * clock.MINUTE
    arrived = [row for row in arrived if _arrival(row) <= until]
    return sorted(arrived, key=_arrival) + future, until


def _arrival(row: Row) -> int:
    assert row.arrival is not None
    return row.arrival


def _with_arrival(row: Row, arrival: int) -> Row:
    return Row(**{**row.__dict__, "arrival": arrival})


def _of_record(number: int, record: Any) -> tuple[Row, int | None]:
    """A record of an Avro file of EmissionReading; it has no arrival."""
    row = Row(
        number=number,
        source_id=record["source_id"],
        start=record["measured_at"],
        period=record["period_s"],
        arrival=None,
        state=record.get("state") or "NORMAL",
        serial=record.get("device_serial"),
        values=dict(record["values"]),
        flags={name: flag for name, flag in record.get("flags", {}).items() if flag != "N"},
    )
    return row, None


def _row(number: int, cells: dict[str, str]) -> tuple[Row, int | None]:
    values, flags = {}, {}
    for column, cell in cells.items():
        if column in FIXED or not cell:
            continue
        if column.endswith(".flag"):
            if cell != "N":
                flags[column.removesuffix(".flag")] = cell
        else:
            values[column] = float(cell)
    arrived = cells.get("arrived_at")
    row = Row(
        number=number,
        source_id=cells["source_id"],
        start=clock.timestamp(cells["measured_at"]),
        period=int(cells["period_s"]),
        arrival=None,
        state=cells.get("state") or "NORMAL",
        serial=cells.get("device_serial") or None,
        values=values,
        flags=flags,
    )
    return row, clock.timestamp(arrived) if arrived else None
