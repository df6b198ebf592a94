"""Writes a case as a registry and a file of readings, as any replay reads them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from emissions.rule_cases.case import Case
from emissions.rule_cases.sentences import LocalDay, Readings, SentenceError, moment, readings, span
from streams.core.law.country import Country
from streams.core.time.interval import HOUR
from streams.core.time.local_clock import iso
from streams.rules.country import home

STANDARD: Final = {"temperature_k": 293.15, "pressure_kpa": 101.3, "dry": True}
SO2: Final = {
    "parameter": "SO2",
    "unit": "mg/m3",
    "basis": "dry",
    "conditions": STANDARD,
    "range": [0, 3000],
}
FLOW: Final = [
    {"parameter": "TEMPERATURE", "unit": "K"},
    {"parameter": "PRESSURE", "unit": "kPa"},
    {"parameter": "H2O", "unit": "%"},
    {"parameter": "FLOW", "unit": "m3/s"},
]
GAS: Final = {"TEMPERATURE": 293.15, "PRESSURE": 101.3, "H2O": 0}
COLUMNS: Final = (
    "source_id", "measured_at", "period_s", "arrived_at", "state", "device_serial", "SO2", "FLOW",
    *GAS,
)  # fmt: skip

_LIMIT = re.compile(
    r"(?P<value>\d+(?:\.\d+)?) (?P<unit>mg/m3|g/s|t/a)(?: with interval (?P<interval>\d+) %)?"
    r"(?: from (?P<since>\d{4}-\d\d-\d\d))?"
    r"(?: until (?P<until>\d{4}-\d\d-\d\d))?"
)
_DEVICE = re.compile(
    r"(?P<serial>\S+) (?:never verified|"
    r"verified from (?P<since>\d{4}-\d\d-\d\d) until (?P<until>\d{4}-\d\d-\d\d))"
)
_PLANT = re.compile(
    r"(?P<plant>station|boiler house) on (?P<fuel>solid|liquid|gas) fuel, (?P<mw>\d+(?:\.\d+)?) MW"
)
_MASS = re.compile(r"(?P<t>\d+(?:\.\d+)?) t a year from another plant")


class Scenario(NamedTuple):
    """The two files of a case, and the stream time (ms UTC) at which it ends."""

    registry: str
    readings: str
    until: int

    def write(self, directory: Path) -> tuple[Path, Path]:
        """Write the files into a directory; returns the registry's and the readings' path."""
        registry, measured = directory / "registry.yaml", directory / "readings.csv"
        registry.write_text(self.registry, encoding="utf-8")
        measured.write_text(self.readings, encoding="utf-8")
        return registry, measured


def scenario(case: Case, country: Country | None = None) -> Scenario:
    """Make the files of a case of a country (Kazakhstan); raises SentenceError."""
    said = [readings(text, case.local_day) for text in case.readings]
    until = moment("24:00", case.local_day)
    if case.until is not None:
        until = moment(case.until, case.local_day)
    elif said:
        until = max(max(each.end, each.sent_at or 0) for each in said) + 2 * HOUR
    return Scenario(_registry(case, said, country or home()), _table(said), until)


def _registry(case: Case, said: list[Readings], country: Country) -> str:
    """YAML, which JSON is too but for its dates in quotes."""
    cadence = min((each.period for each in said), default=60_000) // 1000
    source: dict[str, Any] = {
        "id": "A",
        "timezone": case.zone,
        "cadence_s": cadence,
        "channels": [SO2, *FLOW] if any(each.unit == "g/s" for each in said) else [SO2],
        "limits": [_limit(text) for text in case.limits],
        "excused": [_excused(text, case.local_day) for text in case.excused],
    }
    if case.criteria is not None:
        source["criteria"] = _criteria(case.criteria)
    if devices := [*case.devices, *([] if case.device is None else [case.device])]:
        source["devices"] = [_device(text) for text in devices]
    enterprise: dict[str, Any] = {
        "bin": country.identity.example,
        "name": {"ru": "Пример", "kk": "Мысал", "en": "Example"},
        "region": country.region_example,
        "category": case.category,
        "business_size": "large",
        "commissioned_on": case.commissioned.isoformat(),
        "asm": {
            "installed_on": _day(case.installed or case.connected),
            "connected_on": _day(case.connected),
        },
        "sources": [source],
    }
    if case.roadmap is not None:
        enterprise["roadmap"] = {"until": _day(case.roadmap), "reference": "No. 1"}
    text = json.dumps({"enterprises": [enterprise]}, ensure_ascii=False, indent=1)
    return re.sub(r'"(\d{4}-\d\d-\d\d(?:T[0-9:.]+Z)?)"', r"\1", text)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _limit(text: str) -> dict[str, Any]:
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise SentenceError(f"{text!r} is no limit such as '500 mg/m3 from 2026-01-01'")
    limit: dict[str, Any] = {
        "parameter": "SO2",
        "value": float(match["value"]),
        "unit": match["unit"],
    }
    if match["since"] is not None:
        limit["valid_from"] = match["since"]
    if match["until"] is not None:
        limit["valid_to"] = match["until"]
    if match["interval"] is not None:
        limit["confidence_interval_pct"] = float(match["interval"])
    if match["unit"] == "mg/m3":
        limit["reference"] = STANDARD
    return limit


def _device(text: str) -> dict[str, Any]:
    match = _DEVICE.fullmatch(text)
    if match is None:
        raise SentenceError(
            f"{text!r} is not like 'SN-1 verified from 2026-01-01 until 2026-05-04'"
        )
    device: dict[str, Any] = {"name": "Analyser", "serial": match["serial"]}
    if match["since"] is not None:
        dates = {"on": match["since"], "until": match["until"]}
        device["verification"] = {"number": "V-1", **dates}
    return device


def _criteria(text: str) -> dict[str, Any]:
    if mass := _MASS.fullmatch(text):
        return {"plant": "other", "gross_t_a": float(mass["t"])}
    match = _PLANT.fullmatch(text)
    if match is None:
        raise SentenceError(
            f"{text!r} is no plant such as 'station on solid fuel, 210 MW' or "
            "'500 t a year from another plant'"
        )
    power = "electric_mw" if match["plant"] == "station" else "thermal_mw"
    plant = match["plant"].replace(" ", "_")
    return {"plant": plant, "fuel": match["fuel"], power: float(match["mw"])}


def _excused(text: str, day: LocalDay) -> dict[str, Any]:
    start, end = span(text, day)
    return {"from": iso(start), "to": iso(end), "kind": "PLANNED_MAINTENANCE"}


def _table(said: list[Readings]) -> str:
    flow = any(each.unit == "g/s" for each in said)
    columns = COLUMNS if flow else COLUMNS[:7]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    for each in said:
        measured = {"SO2": "NaN" if each.value is None else each.value}
        if flow:  # a g/s is a m3/s of 1000 mg/m3
            measured = {"SO2": 1000, "FLOW": measured["SO2"], **GAS}
        for start in range(each.start, each.end, each.period):
            row = {
                "source_id": "A",
                "measured_at": iso(start),
                "period_s": each.period // 1000,
                "arrived_at": "" if each.sent_at is None else iso(each.sent_at),
                "state": each.state,
                "device_serial": each.device or "",
                **measured,
            }
            table.writerow(row[name] for name in columns)
    return out.getvalue()
