"""The sentences of cases: when something was measured, and what was found.

``from 10:00 to 10:30 at 1000 mg/m3 each minute, sent at 14:00``: readings one after another.
``KZ-30 from 10:00 to 10:30, value 1000, automatic``: a finding.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from schemas.reading import STATES
from streams.core.time.interval import HOUR, MINUTE
from streams.core.time.local_clock import midnight, to_datetime, zone

ZONE: Final = "Asia/Almaty"

_MOMENT = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d"
_READINGS = re.compile(
    rf"from (?P<start>{_MOMENT}) to (?P<end>{_MOMENT}) at (?P<value>\d+(?:\.\d+)?|nothing valid) ?"
    r"(?P<unit>mg/m3|g/s)? each (?P<each>minute|hour|\d+ minutes)"
)
_FINDING = re.compile(
    rf"(?P<rule>[A-Z0-9-]+) from (?P<start>{_MOMENT}) (?:to (?P<end>{_MOMENT})|on)"
)
_EACH: Final = {"minute": MINUTE, "hour": HOUR}


class LocalDay(NamedTuple):
    """The day of times without a date, and the zone (IANA) of all of them."""

    date: date
    zone: str = ZONE


class SentenceError(ValueError):
    """A sentence that is not understood: what it is, and how such sentences look."""


@dataclass(frozen=True)
class Readings:
    """Readings of one value from ``start`` to ``end`` (ms UTC), each over ``period`` ms.

    ``value`` None: the message came, and its value is not valid.
    """

    start: int
    end: int
    value: float | None
    unit: str
    period: int
    sent_at: int | None = None
    state: str = "NORMAL"
    device: str | None = None


@dataclass(frozen=True)
class Finding:
    """What a rule is to find; ``fields`` are those of a violation that the sentence names."""

    rule: str
    start: int
    end: int | None
    status: str = "CLOSED"
    fields: Mapping[str, Any] = field(default_factory=dict)


def moment(text: str, day: LocalDay) -> int:
    """Return the instant (ms UTC) of ``10:00`` on ``day``, or of ``2026-05-04 10:00``.

    24:00 is the midnight at the end of the day.
    """
    match = re.fullmatch(r"(?:(\d{4}-\d\d-\d\d) )?(\d\d):(\d\d)", text)
    if match is None or int(match[2]) > 24 or int(match[3]) > 59:
        raise SentenceError(f"{text!r} is no time such as 10:00 or 2026-05-04 10:00")
    start = midnight(day.zone, date.fromisoformat(match[1]) if match[1] else day.date)
    return start + int(match[2]) * HOUR + int(match[3]) * MINUTE


def span(text: str, day: LocalDay) -> tuple[int, int]:
    """Return the instants of ``from 10:00 to 10:30``."""
    match = re.fullmatch(rf"from ({_MOMENT}) to ({_MOMENT})", text)
    if match is None:
        raise SentenceError(f"{text!r} is no time such as 'from 10:00 to 10:30'")
    return moment(match[1], day), moment(match[2], day)


def readings(text: str, day: LocalDay) -> Readings:
    """Return the readings of a sentence.

    After a comma may follow ``sent at 14:00``, ``device SN-1`` and an operating state such as
    ``stopped``.
    """
    said, *more = (part.strip() for part in text.split(","))
    match = _READINGS.fullmatch(said)
    if match is None or (match["unit"] is None) != (match["value"] == "nothing valid"):
        raise SentenceError(
            f"{text!r} is not like 'from 10:00 to 10:30 at 450 mg/m3 each 10 minutes'"
        )
    each = match["each"]
    options: dict[str, Any] = {}
    for part in more:
        if part.startswith("sent at "):
            options["sent_at"] = moment(part.removeprefix("sent at "), day)
        elif part.startswith("device "):
            options["device"] = part.removeprefix("device ")
        elif part.upper() in STATES:
            options["state"] = part.upper()
        else:
            raise SentenceError(
                f"{part!r} is none of: sent at 14:00, device SN-1, stopped, startup, shutdown"
            )
    return Readings(
        moment(match["start"], day),
        moment(match["end"], day),
        None if match["unit"] is None else float(match["value"]),
        match["unit"] or "mg/m3",
        _EACH.get(each) or int(each.split()[0]) * MINUTE,
        **options,
    )


def finding(text: str, day: LocalDay) -> Finding:
    """Return the finding of a sentence.

    After commas: ``value 1000``, ``limit 500``, ``mass 0.09 t``, ``automatic``, ``not automatic``
    or ``not automatic because CONFLICTING_DATA``, ``open``, ``withdrawn``, ``revision 2``,
    ``deferred until 2026-05-01``. What is not named is not compared, but for the status: it is
    closed unless it is ``on`` (without an end yet), ``open`` or ``withdrawn``.
    """
    said, *more = (part.strip() for part in text.split(","))
    match = _FINDING.fullmatch(said)
    if match is None:
        raise SentenceError(f"{text!r} is not like 'KZ-30 from 10:00 to 10:30, value 1000'")
    end = match["end"]
    status = "OPEN" if end is None else "CLOSED"
    fields: dict[str, Any] = {}
    for part in more:
        if part in ("open", "withdrawn"):
            status = part.upper()
        else:
            fields |= _field(part)
    return Finding(
        match["rule"],
        moment(match["start"], day),
        None if end is None else moment(end, day),
        status,
        fields,
    )


def _field(part: str) -> dict[str, Any]:
    if part in ("automatic", "not automatic"):
        return {"automatic": part == "automatic"}
    if part.startswith("not automatic because "):
        reasons = part.removeprefix("not automatic because ").split(" and ")
        return {"automatic": False, "reasons": tuple(sorted(reasons))}
    for pattern, name, read in _FIELDS:
        if match := re.fullmatch(pattern, part):
            return {name: read(match[1])}
    raise SentenceError(
        f"{part!r} is none of: value 1000, limit 500, mass 0.09 t, automatic, not automatic, open, "
        "withdrawn, revision 2, deferred until 2026-05-01"
    )


_FIELDS: Final[tuple[tuple[str, str, Callable[[str], Any]], ...]] = (
    (r"value (\d+(?:\.\d+)?)", "value", float),
    (r"limit (\d+(?:\.\d+)?)", "limit", float),
    (r"mass (\d+(?:\.\d+)?) t", "excess_mass_t", float),
    (r"revision (\d+)", "revision", int),
    (
        r"deferred until (\d{4}-\d\d-\d\d)",
        "deferred_until",
        lambda text: midnight(ZONE, date.fromisoformat(text)),
    ),
)


def differences(
    wanted: Sequence[Finding],
    got: Sequence[Mapping[str, Any]],
    rule: str,
    *,
    zone_name: str = ZONE,
    with_history: bool = True,
) -> list[str]:
    """Say how findings differ from the violations of a rule; times in ms UTC.

    They are told on the clock of ``zone_name``.

    A field that a violation does not have is not compared. Without a history ``got`` does not
    have what was withdrawn.
    """
    left = [each for each in got if each["rule"] == rule]
    if not with_history:
        wanted = [each for each in wanted if each.status != "WITHDRAWN"]
    said = []
    for each in wanted:
        found = [
            other for other in left if (other["start"], other["end"]) == (each.start, each.end)
        ]
        if not found:
            said.append(f"not found: {_shown(each.rule, each.start, each.end, zone_name)}")
            continue
        left.remove(found[0])
        status = found[0]["status"].replace("AMENDED", "OPEN")
        for name, value in {"status": each.status, **each.fields}.items():
            real = status if name == "status" else found[0].get(name, value)
            if not _same(value, real):
                where = _shown(each.rule, each.start, each.end, zone_name)
                said.append(f"{where}: {name} should be {value}, is {real}")
    said += [
        f"not expected: {_shown(rule, each['start'], each['end'], zone_name)}, "
        f"value {each['value']}"
        for each in left
        if each["status"] != "WITHDRAWN"
    ]
    return said


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, float) and isinstance(got, int | float):
        return math.isclose(wanted, got, rel_tol=1e-9)
    return bool((tuple(got) if isinstance(got, list) else got) == wanted)


def _shown(rule: str, start: int, end: int | None, zone_name: str) -> str:
    until = "on" if end is None else f"to {_written(end, zone_name)}"
    return f"{rule} from {_written(start, zone_name)} {until}"


def _written(instant: int, zone_name: str) -> str:
    return f"{to_datetime(instant).astimezone(zone(zone_name)):%Y-%m-%d %H:%M}"
