"""Random notices of operators on the sources of a scenario: in their terms, at the edge, late."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.scenario_input import HOUR, MINUTE, SECOND, STATES

Entry = dict[str, Any]
DAY = 24 * HOUR
FLAGS = "FMSDCTB"


def notices(rng: Random, enterprises: list[Entry], begin: int, moment: Any) -> list[Entry]:
    """Some notices about what happens in the days after ``begin``, in any order.

    ``moment`` writes an instant as people do.
    """
    found: list[Entry] = []
    for owner in enterprises:
        for source in owner["sources"]:
            for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
                kind = _mark if rng.random() < 0.5 else _notice
                found.append(kind(rng, source, begin))
                if rng.random() < 0.2:
                    found.append(_back(rng, found[-1]))
            for number, each in enumerate(found):
                each.setdefault("bin", owner["bin"])
                each["id"] = each.get("id") or f"N-{number}"
    for each in found:
        if "_back" in each:
            each["withdraws"] = each.pop("_back")["id"]
    if found and rng.random() < 0.1:
        rng.choice(found)["bin"] = "990140001233"  # of another operator
    rng.shuffle(found)
    return [
        {name: moment(rng, cell) if isinstance(cell, int) else cell for name, cell in each.items()}
        for each in found
    ]


def _notice(rng: Random, source: Entry, begin: int) -> Entry:
    start = begin + rng.randrange(0, 60) * HOUR + rng.choice([0, 0, 10, 30, 7]) * MINUTE
    end = start + rng.choice([10, 20, 60, 61, 600, 1500, 3000]) * MINUTE
    kind = rng.choice(["PLANNED_OUTAGE", "UNPLANNED_OUTAGE", "UNPLANNED_OUTAGE"])
    arrival = {
        "PLANNED_OUTAGE": start
        - rng.choice([29, 30, 31, 31, 45]) * DAY
        - rng.choice([0, 1]) * HOUR,
        "UNPLANNED_OUTAGE": start + rng.choice([-60, 0, 30, 90, 119, 120, 121, 300]) * MINUTE,
    }[kind]
    arrival += rng.choice([0, 0, 1, -1]) * SECOND
    entry = {"kind": kind, "source_id": source["id"], "from": start, "to": end}
    return {**entry, "reason": "repair", "arrived_at": arrival}


def _back(rng: Random, told: Entry) -> Entry:
    """A notice that takes another back, in its term or not."""
    later = rng.choice([1, 10, 30, 60, 100, 1000]) * MINUTE + rng.choice([0, 1]) * SECOND
    back = {"kind": told["kind"], "source_id": told["source_id"], "_back": told}
    return {**back, "reason": "an error", "arrived_at": told["arrived_at"] + later}


def _mark(rng: Random, source: Entry, begin: int) -> Entry:
    """A mark of a state or a flag, in time for some of its readings or all."""
    start = begin + rng.randrange(0, 60) * HOUR + rng.choice([0, 0, 10, 30, 7]) * MINUTE
    end = start + rng.choice([10, 20, 60, 61, 300]) * MINUTE
    after = rng.choice([-60, 10, 300, 1380, 1440, 1445, 1460, 1500, 3000]) * MINUTE
    entry = {"kind": "MARK", "source_id": source["id"], "from": start, "to": end}
    entry |= {"reason": "calibrated", "arrived_at": end + after + rng.choice([0, 1, -1]) * SECOND}
    if rng.random() < 0.4:
        entry["state"] = rng.choice(STATES)
    else:
        entry["flag"] = rng.choice(FLAGS)
        if rng.random() < 0.7:
            entry["parameter"] = rng.choice(source["channels"])["parameter"]
    return entry
