"""Random but valid registries: units, bases, conditions, limits, periods and dates (section 4)."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

Entry = dict[str, Any]

CADENCES = (60, 60, 120, 300, 300, 600, 600, 1200, 1200, 1800, 1800, 3600, 3600, 30, 200, 10, 1)
PLACES = (
    ("Asia/Almaty", "2026-03-11"),
    ("Asia/Almaty", "2026-05-03"),
    ("Asia/Almaty", "2026-05-03"),
    ("Asia/Almaty", "2026-09-30"),
    ("Asia/Almaty", "2026-10-14"),
    ("Asia/Almaty", "2026-07-01"),
    ("Asia/Aqtobe", "2026-08-20"),
    ("Asia/Oral", "2026-06-06"),
    ("Asia/Almaty", "2024-02-28"),
    ("Asia/Almaty", "2021-06-30"),
    ("Asia/Almaty", "2022-12-31"),
    ("Asia/Qyzylorda", "2018-12-20"),
    ("Asia/Qyzylorda", "2026-03-11"),
    ("Asia/Oral", "2026-03-10"),
    ("Asia/Qostanay", "2024-02-28"),
    ("Europe/Berlin", "2025-10-25"),
    ("Europe/Berlin", "2026-03-28"),
    ("America/New_York", "2025-11-01"),
    ("Asia/Beirut", "2026-03-28"),
    ("America/Havana", "2025-11-01"),
    ("America/Santiago", "2025-09-06"),
    ("Asia/Kathmandu", "2026-05-03"),
    ("Asia/Kolkata", "2026-05-03"),
    ("Asia/Pyongyang", "2018-05-04"),
    ("America/Caracas", "2016-04-30"),
    ("America/Asuncion", "2024-10-05"),
    ("Africa/Cairo", "2025-04-24"),
    ("Antarctica/Troll", "2025-10-25"),
    ("Pacific/Apia", "2011-12-27"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2025-10-04"),
)
REFERENCES = (
    {"temperature_k": 293.15, "pressure_kpa": 101.3, "dry": True},
    {"temperature_k": 273.15, "pressure_kpa": 101.325, "dry": True},
    {"temperature_k": 293.15, "pressure_kpa": 101.3, "dry": False},
)
CRITERIA: tuple[Entry, ...] = (
    {"plant": "station", "fuel": "solid", "electric_mw": 50, "gross_t_a": 10},
    {"plant": "station", "fuel": "solid", "electric_mw": 50},
    {"plant": "station", "fuel": "liquid", "electric_mw": 49.999},
    {"plant": "station", "fuel": "gas", "electric_mw": 500},
    {"plant": "station", "fuel": "gas", "electric_mw": 499.9, "gross_t_a": 499.99},
    {"plant": "boiler_house", "fuel": "liquid", "thermal_mw": 116.3},
    {"plant": "boiler_house", "fuel": "solid", "thermal_mw": 116.29},
    {"plant": "boiler_house", "fuel": "gas", "thermal_mw": 1395.6},
    {"plant": "boiler_house", "fuel": "gas", "thermal_mw": 1395.59},
    {"plant": "other", "gross_t_a": 500},
    {"plant": "other", "gross_t_a": 499.99},
    {"gross_t_a": 500},
)
NAMES = ("S{}-{}", "S{}-{}", "KZ-{:04}-{:02}", "Труба {}/{}", "a|b {}'{}", "{}{}/")
REGIONS = ("KZ-10", "KZ-19", "KZ-35", "KZ-55", "KZ-63", "KZ-75", "KZ-79")


def bin_number(rng: Random) -> str:
    """Twelve digits with a right checksum."""
    while True:
        digits = [rng.randrange(10) for _ in range(11)]
        for weights in (range(1, 12), (*range(3, 12), 1, 2)):
            total = sum(w * d for w, d in zip(weights, digits, strict=True)) % 11
            if total < 10:
                return "".join(map(str, [*digits, total]))


def text(document: Entry) -> str:
    """YAML (JSON is YAML), moments without quotes as people write them."""
    plain = json.dumps(document, ensure_ascii=False, indent=1)
    return re.sub(r'"(\d{4}-\d\d-\d\d(?:T[0-9:]+(?:[+-]\d\d:\d\d|Z))?)"', r"\1", plain)


def day(base: str, days: int) -> str:
    """A date some days after another."""
    return (date.fromisoformat(base) + timedelta(days=days)).isoformat()


def enterprise(rng: Random, number: int, base: str, zone: str) -> Entry:
    """An enterprise around a day at which something happens to the clock or the law."""
    installed = rng.choice([day(base, -400), day(base, -400), day(base, 1), None, day(base, 9)])
    connected = rng.choice([day(base, d) for d in (-300, -300, -300, 0, 1, 2, 3, 30)] + [None])
    entry: Entry = {
        "bin": bin_number(rng),
        "name": {"ru": f"Завод {number}", "kk": f"Зауыт {number}", "en": f"Works {number}"},
        "region": rng.choice(REGIONS),
        "category": rng.choice([1, 1, 1, 1, 2, 3]),
        "business_size": rng.choice(["small", "medium", "large"]),
        "commissioned_on": rng.choice(
            ["2009-05-01", "2009-05-01", "2021-06-30", "2021-07-01", day(base, 0), day(base, 1)]
        ),
        "asm": {"installed_on": installed, "connected_on": connected},
        "sources": [
            source(rng, rng.choice(NAMES).format(number, index), base, zone)
            for index in range(rng.choice([1, 1, 2]))
        ],
    }
    if rng.random() < 0.1:
        del entry["asm"]
    if rng.random() < 0.35:
        until = rng.choice([day(base, 500), day(base, -5), day(base, 1), day(base, 2)])
        entry["roadmap"] = {"until": until, "reference": "No. 1"}
    if rng.random() < 0.03:
        entry["test"] = True
    return entry


def source(rng: Random, identity: str, base: str, zone: str) -> Entry:
    """A stack with some channels and limits."""
    pollutants = rng.sample(["SO2", "NO2", "CO", "DUST", "VOC"], rng.choice([1, 1, 2, 3]))
    plain = rng.random() < 0.4
    channels = [_pollutant(rng, name, plain) for name in pollutants]
    if not plain or rng.random() < 0.7:
        channels += _auxiliaries(rng)
    entry: Entry = {
        "id": identity,
        "name": "Stack",
        "timezone": zone,
        "cadence_s": rng.choice(CADENCES),
        "criteria": dict(rng.choice(CRITERIA)),
        "channels": channels,
    }
    if zone == "Asia/Almaty" and rng.random() < 0.3:
        del entry["timezone"]
    elif rng.random() < 0.1:
        entry["timezone"] = "Asia/Aqtau"
    if any(channel["parameter"] == "VELOCITY" for channel in channels):
        entry["stack_area_m2"] = rng.choice([28.2743, 3.5, 12])
    limits = [
        limit for channel in channels[: len(pollutants)] for limit in _limits(rng, channel, base)
    ]
    if limits:
        entry["limits"] = limits
    if rng.random() < 0.6:
        entry["devices"] = _devices(rng, base)
    if rng.random() < 0.5:
        entry["excused"] = [_excused(rng, base) for _ in range(rng.choice([1, 1, 2, 3]))]
    return entry


def _pollutant(rng: Random, name: str, plain: bool) -> Entry:
    channel: Entry = {"parameter": name, "basis": rng.choice(["wet", "dry"])}
    channel["unit"] = "mg/m3" if name == "DUST" else rng.choice(["mg/m3", "mg/m3", "ppm"])
    channel["range"] = rng.choice([[0, 3000], [0, 3000], [0, 5000], [10, 3000], [-100, 3000], None])
    if channel["range"] is None:
        del channel["range"]
    if name == "VOC" and channel["unit"] == "ppm":
        channel["molar_mass"] = 44.1
    if plain:
        channel["unit"] = "mg/m3"
        channel["conditions"] = dict(REFERENCES[0])
    elif rng.random() < 0.3:
        keys = rng.sample(["temperature_k", "pressure_kpa", "dry", "o2_pct"], rng.choice([1, 2, 3]))
        known = {"temperature_k": 298.15, "pressure_kpa": 100, "dry": True, "o2_pct": 11}
        channel["conditions"] = {key: known[key] for key in keys}
    elif rng.random() < 0.5:
        channel["conditions"] = "actual"
    return channel


def _auxiliaries(rng: Random) -> list[Entry]:
    all_of_them: list[Entry] = [
        {
            "parameter": "O2",
            "unit": "%",
            "basis": rng.choice(["dry", "dry", "wet"]),
            "range": [0, 25],
        },
        {"parameter": "H2O", "unit": "%", "range": rng.choice([[0, 40], [0, 100]])},
        rng.choice(
            [
                {"parameter": "TEMPERATURE", "unit": "degC", "range": [-40, 1300]},
                {"parameter": "TEMPERATURE", "unit": "degC", "range": [-300, 1300]},
                {"parameter": "TEMPERATURE", "unit": "K", "range": [0, 1600]},
            ]
        ),
        rng.choice(
            [
                {"parameter": "PRESSURE", "unit": "kPa", "range": [60, 115]},
                {"parameter": "PRESSURE", "unit": "hPa", "range": [0, 1150]},
                {"parameter": "PRESSURE", "unit": "mbar", "range": [600, 1150]},
                {"parameter": "PRESSURE", "unit": "Pa", "range": [60000, 115000]},
            ]
        ),
        {"parameter": "VELOCITY", "unit": "m/s", "range": [0, 60]},
        rng.choice(
            [
                {"parameter": "FLOW", "unit": "m3/s", "range": [0, 2000]},
                {"parameter": "FLOW", "unit": "m3/h", "range": [0, 5000000]},
            ]
        ),
    ]
    if rng.random() < 0.6:
        all_of_them.pop(5)  # most stacks measure velocity
    if rng.random() < 0.15:
        all_of_them.pop(rng.randrange(len(all_of_them)))
    return all_of_them


def _limits(rng: Random, channel: Entry, base: str) -> list[Entry]:
    conditions = channel.get("conditions")
    with_oxygen = isinstance(conditions, dict) and "o2_pct" in conditions
    kinds = rng.choice([["mg/m3"], ["mg/m3"], ["mg/m3", "g/s"], ["g/s"], ["t/a"], []])
    if with_oxygen:
        kinds = [kind for kind in kinds if kind == "mg/m3"]
    limits: list[Entry] = []
    for kind in kinds:
        starts = rng.choice(
            [["2010-01-01"], ["2010-01-01"], ["2010-01-01", day(base, 1)], [day(base, 1)]]
        )
        reference = dict(rng.choice(REFERENCES))
        if isinstance(conditions, dict) and conditions == REFERENCES[0]:
            reference = dict(REFERENCES[0])
        elif with_oxygen or rng.random() < 0.5:
            reference["o2_pct"] = rng.choice([6, 3, 15])
        for index, start in enumerate(starts):
            value = {"mg/m3": rng.choice([500, 200, 100]), "g/s": 40, "t/a": 900}[kind]
            limit: Entry = {"parameter": channel["parameter"], "value": value, "unit": kind}
            if index or rng.random() < 0.9:
                limit["valid_from"] = start
            if index + 1 < len(starts):
                limit["valid_to"] = starts[index + 1]
            elif rng.random() < 0.15:
                limit["valid_to"] = day(base, 2)
            if rng.random() < 0.5:
                limit["confidence_interval_pct"] = rng.choice([20, 10, 33.3])
            if kind == "mg/m3":
                limit["reference"] = reference
            limits.append(limit)
    return limits


def _devices(rng: Random, base: str) -> list[Entry]:
    good: Entry = {"number": "V-1", "on": day(base, -100), "until": day(base, 300)}
    ends: Entry = {"number": "V-2", "on": day(base, -500), "until": day(base, 1)}
    opens: Entry = {"number": "V-3", "on": day(base, 1)}
    devices: list[Entry] = [
        {
            "name": "Analyser",
            "serial": "SN-1",
            "verification": rng.choice([good, good, ends, opens]),
        }
    ]
    if rng.random() < 0.3:
        devices.append({"name": "Old analyser", "serial": "SN-2"})
    return devices


def _excused(rng: Random, base: str) -> Entry:
    start = datetime.fromisoformat(base).replace(tzinfo=UTC)
    start += timedelta(minutes=rng.choice([5, 10, 30, 7]) * rng.randrange(0, 300))
    if rng.random() < 0.1:
        start += timedelta(seconds=rng.randrange(60))
    period: Entry = {"from": start.isoformat(), "kind": "PLANNED_MAINTENANCE"}
    if rng.random() < 0.85:
        length = rng.choice([3, 10, 20, 21, 30, 60, 61, 180, 600, 1440, 3000])
        period["to"] = (start + timedelta(minutes=length)).isoformat()
    if rng.random() < 0.2:
        period["from"] = day(base, rng.choice([0, 1, 2]))
        if "to" in period:
            period["to"] = day(base, rng.choice([3, 4]))
    if "to" in period and rng.random() < 0.04:
        del period["from"]
    return period
