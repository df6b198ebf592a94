"""What Order 208 asks of a source, made at random: tonnes a year, verifications, its channels.

All of it is drawn from a stream of its own, so that the rest of a scenario stays as it is.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

Entry = dict[str, Any]

NEW_YEARS = (
    ("Asia/Almaty", "2026-12-31"),
    ("Asia/Almaty", "2025-12-30"),
    ("Asia/Oral", "2026-12-31"),
    ("America/Santiago", "2026-12-31"),
)
POLLUTED = ("SO2", "NO2", "CO", "DUST", "VOC")


def amend(rng: Random, entry: Entry, base: str) -> None:
    """Give a source some of it."""
    if rng.random() < 0.5:
        _station(rng, entry)
    _tonnes(rng, entry, base)
    _verifications(rng, entry, base)


def _day(base: str, days: int) -> str:
    return (date.fromisoformat(base) + timedelta(days=days)).isoformat()


def _at_oxygen(channel: Entry) -> bool:
    conditions = channel.get("conditions")
    return isinstance(conditions, dict) and "o2_pct" in conditions


def _tonnes(rng: Random, entry: Entry, base: str) -> None:
    """Limits in t/a that some days can pass, begun, raised or lowered on one of them."""
    limits = entry.setdefault("limits", [])
    limits[:] = [limit for limit in limits if limit["unit"] != "t/a"]
    measured = {each.get("reports", each["parameter"]) for each in entry["channels"]}
    at_oxygen = {each["parameter"] for each in entry["channels"] if _at_oxygen(each)}
    for parameter in POLLUTED:
        if parameter not in measured - at_oxygen or rng.random() < 0.5:
            continue
        values = rng.choice([(900,), (2,), (0.5,), (0.1, 12), (12, 0.1), (0.5, 0.7)])
        starts = rng.choice([["2010-01-01", _day(base, 1)], [_day(base, 1), _day(base, 2)]])
        for index, value in enumerate(values):
            limit = {"parameter": parameter, "value": value, "unit": "t/a"}
            limit["valid_from"] = starts[index]
            if index + 1 < len(values):
                limit["valid_to"] = starts[index + 1]
            elif rng.random() < 0.15:
                limit["valid_to"] = _day(starts[index], 2) if index else _day(base, 2)
            if rng.random() < 0.3:
                limit["confidence_interval_pct"] = rng.choice([20, 10])
            limits.append(limit)
    if not limits:
        del entry["limits"]


def _verifications(rng: Random, entry: Entry, base: str) -> None:
    """A device that is listed twice, with or without days between; another that is listed late."""
    if "devices" not in entry or rng.random() < 0.6:
        return
    first = {"number": "V-4", "on": _day(base, -300), "until": _day(base, rng.choice([0, 1]))}
    second = {"number": "V-5", "on": _day(base, rng.choice([1, 2])), "until": _day(base, 3)}
    kept = [device for device in entry["devices"] if device["serial"] != "SN-1"]
    twice = [
        {"name": "Analyser", "serial": "SN-1", "verification": each} for each in (first, second)
    ]
    entry["devices"] = [*kept, *twice]
    if rng.random() < 0.5:
        late = {
            "name": "Spare",
            "serial": "SN-9",
            "verification": {"number": "V-6", "on": _day(base, 2)},
        }
        entry["devices"].append(late)


def _station(rng: Random, entry: Entry) -> None:
    """Channels as the Order has them, in place of those of the same parameters."""
    if rng.random() < 0.7:
        entry["cadence_s"] = 1200
    made: list[Entry] = []
    if rng.random() < 0.6:
        made.append({"parameter": "PRESSURE", "unit": "kPa", "gauge": True, "range": [-10, 10]})
        if rng.random() < 0.4:
            entry["barometric_kpa"] = rng.choice([101.325, 95, 88.7])
        if rng.random() < 0.3:
            unit, span = rng.choice([("kPa", [60, 115]), ("hPa", [600, 1150])])
            made.append({"parameter": "BAROMETRIC_PRESSURE", "unit": unit, "range": span})
    if rng.random() < 0.5:
        made.append({"parameter": "H2O", "unit": "mg/m3", "range": [0, 1000000]})
    if rng.random() < 0.5:
        unit, most = rng.choice([("Nm3/s", 2000), ("Nm3/h", 5000000)])
        made.append({"parameter": "FLOW", "unit": unit, "range": [0, most]})
    excess = rng.random()
    if excess < 0.6:
        made.append({"parameter": "ALPHA", "unit": "1", "range": rng.choice([[1, 50], [1, 20]])})
    parameters = {channel["parameter"] for channel in made}
    if excess < 0.4:
        parameters.add("O2")
    kept = [channel for channel in entry["channels"] if channel["parameter"] not in parameters]
    if not kept:
        return
    entry["channels"] = kept + made
    _reported(rng, entry)


def _reported(rng: Random, entry: Entry) -> None:
    """Reported mass flows, beside the concentration or in its place, with a limit or without."""
    limits = entry.setdefault("limits", [])
    for channel in list(entry["channels"]):
        parameter = channel["parameter"]
        at_oxygen = _at_oxygen(channel)
        if parameter not in POLLUTED or rng.random() < 0.4:
            continue
        reported = {"parameter": f"{parameter}_MASS", "unit": "g/s", "reports": parameter}
        if rng.random() < 0.8:
            reported["range"] = [0, 1000]
        if rng.random() < 0.3:  # in its place
            entry["channels"].remove(channel)
            limits[:] = [x for x in limits if (x["parameter"], x["unit"]) != (parameter, "mg/m3")]
            at_oxygen = False
            if rng.random() < 0.5:
                reported["parameter"] = parameter
                del reported["reports"]
        entry["channels"].append(reported)
        limited = any((x["parameter"], x["unit"]) == (parameter, "g/s") for x in limits)
        if not limited and not at_oxygen and rng.random() < 0.6:
            limit = {"parameter": parameter, "value": 40, "unit": "g/s", "valid_from": "2010-01-01"}
            limits.append(limit)
    if not limits:
        del entry["limits"]
