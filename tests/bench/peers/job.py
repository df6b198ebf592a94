"""The job of one reading, as every peer does it: decoding, quality, normalisation, folding.

What the peers share is here, so that they differ only in transport, windows and state. The rules
are those of the pipeline, in plain doubles (its own arithmetic is exact): formulas F1 to F3 and F6,
the quality of a message and of each channel, 20 min, 30 min, 1 h and day means on the local clock,
KZ-30. The registry is the JSON that the benchmark writes: limits in mg/m3, channels in mg/m3 or
ppm. Nothing of the project is imported: the peers run in an environment of their own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader

MINUTE = 60_000
HOUR = 60 * MINUTE
LOCAL = 5 * HOUR
"""What Asia/Almaty is ahead of UTC, since March 2024."""

FUTURE = 5 * MINUTE
MAX_LATENESS = 72 * HOUR
REMEMBERED = 64
"""Intervals of a source, back from its newest, among which duplicates are found."""

GAS_CONSTANT = 8.314462618
MOLAR_MASS = {
    "SO2": 64.066,
    "NO": 30.006,
    "NO2": 46.006,
    "NOX": 46.006,
    "CO": 28.010,
    "H2S": 34.081,
    "NH3": 17.031,
    "HCL": 36.461,
    "HF": 20.006,
    "CH4": 16.043,
}
PASCALS = {"kPa": 1000.0, "hPa": 100.0, "mbar": 100.0, "Pa": 1.0}

PARTS_MISSING = (
    "gaps of sources and channels",
    "revisions of means and violations after late readings",
    "evidence (offset ranges and hashes) and device verification",
    "exact sums",
    "dead letters and a ledger of every message",
    "conflicting duplicates, and duplicates older than 64 intervals",
    "means without a valid reading, min, max and seconds by quality code",
    "mass flows and the rules KZ-DAY, KZ-3H, KZ-GS and KZ-YEAR",
    "registrations that change, validity dates, excused periods",
)
"""What no peer does here, though the pipeline does."""


class Window(NamedTuple):
    """A length of windows and how long one stays open after its end, milliseconds."""

    name: str
    length: int
    grace: int


WINDOWS = (
    Window("20min", 20 * MINUTE, 5 * MINUTE),
    Window("30min", 30 * MINUTE, 5 * MINUTE),
    Window("1h", HOUR, 5 * MINUTE),
    Window("day", 24 * HOUR, 20 * MINUTE),
)

Reading = tuple[str, int, int, bool, list[float | None]]
"""Source, index of its interval, start of the interval (ms UTC), whether the source operated, and
the value of each channel in the order of the registry; None where it is absent or does not count.
A plain tuple of plain values: the peers copy, pickle and keep it."""

Sums = list[float]
"""A window of one source: readings out of operation, then a count and a sum for each channel."""

Result = dict[str, Any]
"""A line of the results: a mean or a violation."""


class Concentration(NamedTuple):
    """How pollutants of one basis become mg/m3 in the reference of their limit."""

    factor: float
    by_gas: bool
    """Whether the temperature and the pressure of the gas come in; not for ppm."""
    drying: int
    """1 from wet to dry, -1 from dry to wet, 0 neither."""
    oxygen: float | None
    """21 - O2 of the reference, where it names one."""
    places: tuple[int, ...]
    """The channels, by their places in the registry."""


class Source:
    """A source of the registry, prepared for judging."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        channels: Mapping[str, Mapping[str, Any]] = entry["channels"]
        self.cadence_s: int = entry["cadence_s"]
        self.names = tuple(channels)
        self.limits: list[float | None] = [None] * len(channels)
        self.checks = tuple(
            (name, *_bounds(channel.get("range"))) for name, channel in channels.items()
        )
        place = {name: number for number, name in enumerate(channels)}
        self._temperature = place.get("TEMPERATURE")
        self._pressure = place.get("PRESSURE")
        self._moisture = place.get("H2O")
        self._oxygen = place.get("O2")
        self._kelvin = 273.15 if channels.get("TEMPERATURE", {}).get("unit") == "degC" else 0.0
        self._kilopascal = PASCALS[channels.get("PRESSURE", {}).get("unit", "kPa")] / 1000
        self._oxygen_wet = channels.get("O2", {}).get("basis") == "wet"
        bases: dict[tuple[float, bool, int, float | None], list[int]] = {}
        for limit in entry["limits"]:
            name = limit["parameter"]
            if limit["unit"] != "mg/m3" or name not in place:
                continue
            self.limits[place[name]] = limit["value"]
            basis = _basis(name, channels[name], limit["reference"])
            bases.setdefault(basis, []).append(place[name])
        self._pollutants = [
            Concentration(factor, by_gas, drying, o2, tuple(of))
            for (factor, by_gas, drying, o2), of in bases.items()
        ]

    def normalise(self, values: list[float | None]) -> None:
        """Replace the values that have a limit by mg/m3 in its reference, None where impossible."""
        kelvin = kilopascal = dry = oxygen = None
        if self._temperature is not None and (value := values[self._temperature]) is not None:
            kelvin = value + self._kelvin
        if self._pressure is not None and (value := values[self._pressure]) is not None:
            kilopascal = value * self._kilopascal
        if self._moisture is not None and (value := values[self._moisture]) is not None:
            dry = 1 - value / 100
        if self._oxygen is not None and (value := values[self._oxygen]) is not None:
            oxygen = value
            if self._oxygen_wet:
                oxygen = value / dry if dry is not None and dry > 0 else None
        for factor, by_gas, drying, oxygen_reference, places in self._pollutants:
            found: float | None = factor
            if by_gas:
                if kelvin is None or kilopascal is None or kelvin <= 0 or kilopascal <= 0:
                    found = None
                else:
                    found = factor * kelvin / kilopascal
            if drying and found is not None:
                if dry is None or dry <= 0:
                    found = None
                else:
                    found = found / dry if drying > 0 else found * dry
            if oxygen_reference is not None and found is not None:
                # Air instead of flue gas: the correction would have no end.
                if oxygen is None or oxygen >= 20:
                    found = None
                else:
                    found *= oxygen_reference / (21 - oxygen)
            for place in places:
                value = values[place]
                if value is not None:
                    values[place] = None if found is None else value * found


def _bounds(given: Sequence[float] | None) -> tuple[float, float, float]:
    """Least, greatest and the least that is zero drift: it counts as 0."""
    if given is None:
        return -sys.float_info.max, sys.float_info.max, 0.0
    low, high = given
    return low, high, -(high - low) / 50 if low <= 0 <= high else 0.0


def _basis(
    name: str, channel: Mapping[str, Any], reference: Mapping[str, Any]
) -> tuple[float, bool, int, float | None]:
    kelvin, kilopascal = reference["temperature_k"], reference["pressure_kpa"]
    if channel["unit"] == "ppm":
        factor = MOLAR_MASS[name] * kilopascal / (GAS_CONSTANT * kelvin)
    else:
        factor = kilopascal / kelvin
    drying = int(bool(reference.get("dry"))) - int(channel.get("basis") == "dry")
    oxygen = reference.get("o2_pct")
    return factor, channel["unit"] != "ppm", drying, None if oxygen is None else 21 - oxygen


class Job:
    """What is done to one reading after the other, and to a window that closes."""

    def __init__(self, schema: Path, registry: Path) -> None:
        self._schema = parse_schema(json.loads(schema.read_text(encoding="utf-8")))
        self._headers = _headers(schema)
        found = json.loads(registry.read_text(encoding="utf-8"))["sources"]
        alike: dict[str, Source] = {}  # most sources of a load differ in nothing but their name
        self._sources: dict[str, Source] = {}
        for name, entry in found.items():
            text = json.dumps(entry)
            if text not in alike:
                alike[text] = Source(entry)
            self._sources[name] = alike[text]

    def decode(self, message: bytes | None) -> dict[str, Any] | None:
        """The record of a message; None for a tick and for bytes that are no reading."""
        if message is None or message[:5] not in self._headers:
            return None
        body = BytesIO(message)
        body.seek(5)
        try:
            record: dict[str, Any] = schemaless_reader(body, self._schema, None)
        except (EOFError, IndexError, ValueError, OverflowError, MemoryError, TypeError):
            return None
        return record if body.tell() == len(message) else None

    def judge(self, record: dict[str, Any], arrived_at: int) -> Reading | None:
        """A reading with the values that count; None if the whole message is refused.

        ``arrived_at`` is the timestamp of the Kafka record, milliseconds UTC.
        """
        name = record["source_id"]
        source = self._sources.get(name)
        period_s = record["period_s"]
        if source is None or period_s != source.cadence_s:
            return None
        measured_at = record["measured_at"]
        period = period_s * 1000
        late = arrived_at - measured_at - period
        if late < -FUTURE or late > MAX_LATENESS:
            return None
        index = measured_at // period
        if record["state"] != "NORMAL":
            return name, index, measured_at, False, [None] * len(source.names)
        get = record["values"].get
        values: list[float | None] = []
        for parameter, low, high, drift in source.checks:
            value = get(parameter)
            if value is not None and not low <= value <= high:
                value = 0.0 if drift <= value < 0 else None
            values.append(value)
        if flags := record["flags"]:
            for place, parameter in enumerate(source.names):
                if flags.get(parameter, "N") != "N":
                    values[place] = None
        source.normalise(values)
        return name, index, measured_at, True, values

    def results(self, name: str, window: Window, start: int, sums: Sums) -> list[Result]:
        """The means of a window that has closed, and its violations of KZ-30.

        ``start`` is in milliseconds UTC. Windows that are no multiple of the cadence have none.
        """
        source = self._sources[name]
        cadence_s, length_s = source.cadence_s, window.length // 1000
        if length_s % cadence_s:
            return []
        due_s = length_s - sums[0] * cadence_s
        provable = window.name == "30min" and due_s > 0
        found: list[Result] = []
        at = 1
        for parameter, limit in zip(source.names, source.limits, strict=True):
            count = sums[at]
            if count:
                value = sums[at + 1] / count
                result = {
                    "kind": "mean",
                    "source_id": name,
                    "parameter": parameter,
                    "window": window.name,
                    "start": start,
                    "value": value,
                }
                found.append(result)
                enough = provable and count * cadence_s * 3 >= due_s * 2
                if enough and limit is not None and value >= 2 * limit:
                    violation = {**result, "kind": "violation", "rule": "KZ-30"}
                    del violation["window"]
                    found.append(violation)
            at += 2
        return found


def _headers(schema: Path) -> frozenset[bytes]:
    """The framings that readings have, by the file of schema ids beside the schema."""
    ids = json.loads(schema.with_name("ids.json").read_text(encoding="utf-8"))
    return frozenset(
        b"\0" + int(number).to_bytes(4, "big")
        for number, file in ids.items()
        if file == schema.name
    )


def is_new(seen: list[int], index: int) -> bool:
    """Whether an interval of a source was not seen before; remembers that it was.

    ``seen`` is changed: the newest index, and a bit for each of the `REMEMBERED` up to it. What is
    older than those is taken for new.
    """
    back = seen[0] - index
    if back < 0:
        seen[1] = (seen[1] << -back | 1) & ((1 << REMEMBERED) - 1) if -back < REMEMBERED else 1
        seen[0] = index
        return True
    if back >= REMEMBERED:
        return True
    if seen[1] >> back & 1:
        return False
    seen[1] |= 1 << back
    return True


def first(reading: Reading) -> Sums:
    """A window that has one reading."""
    sums: Sums = [0 if reading[3] else 1]
    for value in reading[4]:
        sums += (0, 0.0) if value is None else (1, value)
    return sums


def add(sums: Sums, reading: Reading) -> Sums:
    """The window with one more reading; the list is changed. An empty list is an empty window."""
    if not sums:
        sums += first(reading)
        return sums
    if not reading[3]:
        sums[0] += 1
        return sums
    at = 1
    for value in reading[4]:
        if value is not None:
            sums[at] += 1
            sums[at + 1] += value
        at += 2
    return sums
