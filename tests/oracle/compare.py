"""Compares two exports row by row: numbers within 1e-9 relative, everything else exactly."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.oracle import clock, export

Row = dict[str, Any]
TOLERANCE = 1e-9
_MASS = 1e-9
"""Tonnes: an excess is the difference of two masses."""
NUMBERS = {"value", "limit", "validated_value", "ratio", "excess_mass_t"}
TIMES = {"start", "end", "deferred_until"}
KEYS: dict[str, tuple[str, ...]] = {
    "means": ("source_id", "parameter", "unit", "window", "start"),
    "gaps": ("source_id", "parameter", "start"),
    "violations": ("rule", "bin", "source_id", "parameter", "start"),
    "dead-letters": ("reason", "source_id"),
}
FIELDS: dict[str, tuple[str, ...]] = {
    "means": ("value", "valid_s", "due_s", "status", "limit", "revision"),
    "gaps": ("end", "status"),
    "violations": (
        (
            "status",
            "unit",
            "end",
            "value",
            "validated_value",
            "limit",
            "ratio",
            "automatic",
            "deferred_until",
            "track",
            "excess_mass_t",
        )
    ),
    "dead-letters": (),
}


def differences(kind: str, expected: Iterable[Row], got: Iterable[Row]) -> list[str]:
    """A sentence for each row that is missing, too much or different.

    A field that a row of one side does not name at all is not compared; AMENDED is OPEN with
    a history, so the two are one status here.
    """
    wanted, found = _grouped(kind, expected), _grouped(kind, got)
    said = []
    for key in sorted(wanted.keys() | found.keys()):
        left, right = wanted.get(key, []), found.get(key, [])
        name = f"{kind} {' '.join(part or '-' for part in key)}"
        if len(left) != len(right):
            said.append(
                f"{name}: expected {len(left)} row(s), got {len(right)}{_sample(left or right)}"
            )
            continue
        for one, other in zip(left, right, strict=True):
            for field in FIELDS[kind]:
                if field not in one or field not in other or _as_of(field, one):
                    continue
                if not _equal(field, one[field], other[field], _least(field, one)):
                    said.append(f"{name}: {field} expected {one[field]!r}, got {other[field]!r}")
    return said


def _as_of(field: str, violation: Row) -> bool:
    """Left to the log: what is as of the last revision of something that is open, the length of an
    outage and the end of a lapse; and a revision that is not a number of late readings alone."""
    if field == "revision":
        return violation[field] in (None, "")
    open_fields = {"KZ-GAP": ("value", "ratio"), "KZ-VERIF": ("end",)}
    is_open = violation.get("status") == "OPEN"
    return is_open and field in open_fields.get(str(violation.get("rule")), ())


def _sample(rows: list[Row]) -> str:
    return f": {rows[0]}" if rows else ""


def _grouped(kind: str, rows: Iterable[Row]) -> dict[tuple[str, ...], list[Row]]:
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = tuple(str(_plain(name, row.get(name))) for name in KEYS[kind])
        grouped.setdefault(key, []).append(row)
    return grouped


def _plain(name: str, value: Any) -> Any:
    if value in (None, ""):
        return ""
    return clock.written(clock.timestamp(value)) if name in TIMES else value


def _least(field: str, violation: Row) -> float:
    """A difference that is none: of the mass of which an excess is the smallest part."""
    excess = _number(violation.get("excess_mass_t")) if field == "excess_mass_t" else None
    if not excess:
        return 0.0
    value, limit = float(violation["value"]), float(violation["limit"])
    return TOLERANCE * abs(excess * value / (value - limit))


def _equal(field: str, one: Any, other: Any, least: float) -> bool:
    if field in NUMBERS:
        left, right = _number(one), _number(other)
        if left is None or right is None:
            return left is right
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=least)
    if field == "status":
        return str(one).replace("AMENDED", "OPEN") == str(other).replace("AMENDED", "OPEN")
    if field in TIMES:
        return bool(_plain(field, one) == _plain(field, other))
    return str(one) == str(other)


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


def as_named(cases: Iterable[Row], violations: Iterable[Row]) -> list[Row]:
    """Cases of a run as the calculation writes them: names of violations in the place of ids."""
    names = {
        each["id"]: " ".join(
            (each["rule"], each["parameter"] or "-", _plain("start", each["start"]))
        )
        for each in violations
    }
    found = [dict(each) for each in cases]
    own = {}
    for each in found:
        each["violations"] = [names[one] for one in each["violations"]]
        each["absorbed"] = sorted(names[one] for one in each["absorbed"])
        own[each["id"]] = f"{each['source_id'] or each['bin']} {each['violations'][0]}"
    for each in found:
        each["case"] = own[each["id"]]
        each["violations"].sort()
        each["related"] = sorted(own[one] for one in each["related"] if one in own)
        each["due"] = {name: day for name, day in each["due"].items() if day is not None}
    return found


def cases(expected: Iterable[Row], got: Iterable[Row]) -> list[str]:
    """A sentence for each case that is missing, too much or different; None is not known."""
    wanted, found = ({each["case"]: each for each in side} for side in (expected, got))
    said = [f"cases {name}: only expected" for name in sorted(wanted.keys() - found.keys())]
    said += [f"cases {name}: not expected" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        for field, one in wanted[name].items():
            other = found[name][field]
            if field in ("state", "reasons") and one is None:
                continue
            if field == "excess_mass_t":
                same = one.keys() == other.keys() and all(
                    _equal("value", mass, other[parameter], _MASS)
                    for parameter, mass in one.items()
                )
            elif field == "fine_kzt":
                same = (one is None) == (other is None) and abs((one or 0) - (other or 0)) <= 1
            else:
                same = one == other
            if not same:
                said.append(f"cases {name}: {field} expected {one!r}, got {other!r}")
    return said


def directories(expected: Path, got: Path) -> list[str]:
    """Differences of the four files without the cases."""
    said = []
    for kind in KEYS:
        name = f"{kind}.ndjson" if kind == "violations" else f"{kind}.csv"
        said += differences(kind, export.read(expected, name), export.read(got, name))
    return said


def of_cases(expected: Path, got: Path) -> list[str]:
    """Differences of the cases, where the calculation has written them."""
    if not all((side / "cases.ndjson").exists() for side in (expected, got)):
        return []
    made = export.read(got, "cases.ndjson")
    if made and "case" not in made[0]:
        made = as_named(made, export.read(got, "violations.ndjson"))
    return cases(export.read(expected, "cases.ndjson"), made)


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    """``python -m tests.oracle.compare EXPECTED GOT``: 0 when equal, 1 with the differences."""
    if len(arguments) != 2:
        say("usage: python -m tests.oracle.compare EXPECTED GOT")
        return 2
    expected, got = Path(arguments[0]), Path(arguments[1])
    said = directories(expected, got) + of_cases(expected, got)
    for sentence in said[:40]:
        say(sentence)
    say(f"{len(said)} difference(s)")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
