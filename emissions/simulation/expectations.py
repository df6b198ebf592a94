"""Derive from the planned defects what the specification makes of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from emissions.simulation.defect_planner import needing_heat, shown_time
from emissions.simulation.defects import (
    OWN_SOURCE,
    SHUTDOWN_MIN,
    STANDSTILL_MIN,
    Defect,
    DefectKind,
)
from emissions.simulation.emission import DELIVERY_STEP
from emissions.simulation.fleet import Stack
from emissions.simulation.tampering import OCCASIONS, is_marked
from emissions.simulation.truth import Truth
from streams.core.registry.enterprise import Enterprise
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import midnight

K = DefectKind

OUTAGE_LIMIT = 24 * HOUR
GRACE = 5 * MINUTE
FUTURE_AFTER = 5 * MINUTE
WINDOW_30, WINDOW_HOUR = 30 * MINUTE, HOUR
OBLIGED_FROM = "2023-01-01"  # EC art. 418 p. 16, for what was commissioned before 2021-07-01
COUNTRY_ZONE = "Asia/Almaty"


def of_enterprises(enterprises: Iterable[Enterprise]) -> Iterator[Truth]:
    """Yield the unmet duties: no system (deferred by a road map), or one not connected."""
    since = midnight(COUNTRY_ZONE, date.fromisoformat(OBLIGED_FROM))
    for enterprise in enterprises:
        asm = enterprise.asm
        if enterprise.test or asm.connected_on:
            continue
        if asm.installed_on is None:
            until = enterprise.roadmap.until if enterprise.roadmap else None
            deferred = midnight(COUNTRY_ZONE, date.fromisoformat(until)) if until else None
            yield Truth(
                "no-system",
                "violation",
                "KZ-NOASM",
                bin=enterprise.bin,
                start=since,
                status="OPEN",
                automatic=deferred is None,
                deferred_until=deferred,
            )
        else:
            installed = midnight(COUNTRY_ZONE, date.fromisoformat(asm.installed_on))
            yield Truth(
                "no-connection",
                "violation",
                "KZ-NOLINK",
                bin=enterprise.bin,
                start=max(since, installed),
                status="OPEN",
            )


def of_test_stream(stack: Stack, start: int, end: int) -> Iterator[Truth]:
    """Expect every reading of a test stream as a dead letter, and nothing else."""
    yield Truth(
        "test-stream",
        "dead-letter",
        "TEST_STREAM",
        source_id=stack.id,
        start=start,
        end=end,
        count=(end - start) // MINUTE,
    )
    yield Truth("test-stream", "nothing", source_id=stack.id, start=start, end=end)


def of_defect(defect: Defect, stack: Stack | None, first: int, last: int) -> Iterator[Truth]:
    """Yield what follows from a defect of a simulation over ``[first, last)``."""
    if stack is None or defect.kind in (K.UNDECODABLE, K.FOREIGN_SCHEMA, K.UNKNOWN_SOURCE):
        yield from _unusable(defect)
    elif defect.kind in OWN_SOURCE:
        yield from _of_own_source(defect, stack, last)
    elif defect.kind in (K.EXCEEDS_DAY, K.EXCEEDS_30, K.EXCEEDS_3H, K.EXCEEDS_MASS):
        yield from _exceedance(defect)
    elif defect.kind in (K.SILENCE, K.LONG_SILENCE, K.LASTING_SILENCE):
        yield from _silence(defect, last)
    elif defect.kind in (K.WRONG_CLOCK, K.WRONG_PERIOD, K.CONFLICT, K.TOO_LATE, K.DUPLICATE):
        yield from _single(defect, stack)
    else:
        for truth in _stretch(defect, stack):
            day = first + (defect.start - first) // DAY * DAY
            if truth.outcome == "quality":
                yield _replaced(truth, day, day + DAY)
            elif defect.kind is K.STUCK:
                known = day - first >= OCCASIONS[K.HELD].first_day * DAY
                yield _truth(defect, "suspicion" if known else "unlearned", truth.code)
            else:
                yield truth


def _truth(defect: Defect, outcome: str, code: str = "", **fields: object) -> Truth:
    base: dict[str, object] = {
        "source_id": defect.source_id,
        "parameter": defect.parameter,
        "start": defect.start,
        "end": defect.end,
    }
    return Truth(defect.kind.value, outcome, code, **(base | fields))  # type: ignore[arg-type]


def _replaced(truth: Truth, start: int, end: int, count: int | None = None) -> Truth:
    return Truth(
        truth.kind,
        truth.outcome,
        truth.code,
        source_id=truth.source_id,
        parameter=truth.parameter,
        start=start,
        end=end,
        count=truth.count if count is None else count,
    )


def _exceedance(defect: Defect) -> Iterator[Truth]:
    if defect.kind is K.EXCEEDS_DAY:
        yield _truth(defect, "violation", "KZ-DAY")
        return
    mass = defect.kind is K.EXCEEDS_MASS
    length, code = (WINDOW_HOUR, "KZ-GS") if mass else (WINDOW_30, "KZ-30")
    for start in range(defect.start, defect.end, length):
        yield _truth(defect, "violation", code, start=start, end=start + length)
    if defect.kind is K.EXCEEDS_3H:
        yield _truth(defect, "violation", "KZ-3H")


def _of_own_source(defect: Defect, stack: Stack, last: int) -> Iterator[Truth]:
    code = OCCASIONS[defect.kind].code
    days = range(defect.start, min(defect.end, last), DAY)
    if defect.kind is K.EXCEEDS_HALF:
        yield _truth(defect, "violation", "KZ-DAY")
        yield _truth(defect, "violation", code)
    elif defect.kind is K.UNVERIFIED:
        yield _truth(defect, "violation", code, end=None, status="OPEN")
        for day in days:
            for channel in stack.source.channels:
                whole = _truth(defect, "quality", "UNVERIFIED", parameter=channel.parameter)
                yield _replaced(whole, day, day + DAY, DAY // 1000)
    else:
        yield _truth(defect, "suspicion", code)
        if defect.kind is K.MARKS:
            for day in days:
                marked = is_marked(np.arange(day, day + DAY, MINUTE)).sum()
                seconds = int(marked) * MINUTE // 1000
                yield _replaced(_truth(defect, "quality", "STATUS_M"), day, day + DAY, seconds)


def _silence(defect: Defect, last: int) -> Iterator[Truth]:
    lasting = defect.end >= last
    end, status = (None, "OPEN") if lasting else (defect.end, "CLOSED")
    yield _truth(defect, "gap", end=end, status=status)
    if defect.end - defect.start > OUTAGE_LIMIT:
        yield _truth(defect, "violation", "KZ-GAP", end=end, status=status)


def _unusable(defect: Defect) -> Iterator[Truth]:
    reason = {
        K.UNDECODABLE: "UNDECODABLE",
        K.FOREIGN_SCHEMA: "UNKNOWN_SCHEMA",
        K.UNKNOWN_SOURCE: "UNKNOWN_SOURCE",
    }[defect.kind]
    known = defect.source_id if defect.kind is K.UNKNOWN_SOURCE else None
    yield _truth(defect, "dead-letter", reason, source_id=known)


def _single(defect: Defect, stack: Stack) -> Iterator[Truth]:
    if defect.kind is K.DUPLICATE:
        yield _truth(defect, "duplicate")
        return
    reason = {
        K.WRONG_PERIOD: "BAD_PERIOD",
        K.CONFLICT: "CONFLICTING_DUPLICATE",
        K.TOO_LATE: "TOO_LATE",
    }.get(defect.kind)
    if reason is None:
        reason = _of_clock(defect, stack)
    yield _truth(defect, "dead-letter", reason)


def _of_clock(defect: Defect, stack: Stack) -> str:
    """Return the first reason that applies; shifts of hours are far from every bound."""
    if defect.detail == "behind":
        return "CONFLICTING_DUPLICATE"
    shown = shown_time(defect.detail, defect.start)
    if shown > defect.start + FUTURE_AFTER:
        return "FROM_THE_FUTURE"
    return "BEFORE_COMMISSIONING" if shown < stack.commissioned_at else "TOO_LATE"


def _stretch(defect: Defect, stack: Stack) -> Iterator[Truth]:
    seconds = defect.minutes * 60
    channels = [channel.parameter for channel in stack.source.channels]
    pollutants = [pollutant.parameter for pollutant in stack.kind.pollutants]

    def marked(code: str, parameters: Iterable[str], duration: int = seconds) -> Iterator[Truth]:
        for parameter in parameters:
            yield _truth(defect, "quality", code, parameter=parameter, count=duration)

    match defect.kind:
        case K.SHORT_SILENCE | K.EXCUSED_SILENCE | K.CHANNEL_BREAK:
            yield _truth(defect, "nothing")
        case K.CHANNEL_ABSENT:
            yield _truth(defect, "gap", status="CLOSED")
        case K.CHANNEL_FAULT:
            yield _truth(defect, "gap", status="CLOSED")
            yield from marked("STATUS_D", [defect.parameter or ""])
        case K.CALIBRATION:
            yield _truth(defect, "nothing")
            yield from marked("STATUS_C", [defect.parameter or ""])
        case K.AUXILIARY_LOST:
            for parameter in needing_heat(stack):
                yield _truth(defect, "gap", parameter=parameter, status="CLOSED")
            yield from marked("AUXILIARY_MISSING", needing_heat(stack))
        case K.AIR_LEAK:
            yield _truth(defect, "nothing")
            yield from marked("OXYGEN_TOO_HIGH", pollutants)
        case K.STUCK:
            yield _truth(defect, "suspicion", OCCASIONS[K.HELD].code)
        case K.ABSURD:
            code = {"nan": "NOT_FINITE", "infinite": "NOT_FINITE", "drift": "ZEROED"}
            yield from marked(code.get(defect.detail, "OUT_OF_RANGE"), [defect.parameter or ""])
        case K.STOPPAGE:
            yield _truth(defect, "nothing")
            rest = defect.minutes - SHUTDOWN_MIN - STANDSTILL_MIN
            yield from marked("STATE_SHUTDOWN", channels, SHUTDOWN_MIN * 60)
            yield from marked("STATE_STOPPED", channels, STANDSTILL_MIN * 60)
            yield from marked("STATE_STARTUP", channels, rest * 60)
        case K.EMERGENCY:
            yield _truth(defect, "nothing")
            yield from marked("STATE_EMERGENCY", channels)
        case K.EXCUSED_SENDING:
            yield _truth(defect, "nothing")
            yield from marked("EXCUSED", channels)
        case K.BACKFILL:
            yield _truth(defect, "nothing")
            yield from _revisions(defect, pollutants[0])


def _revisions(defect: Defect, parameter: str) -> Iterator[Truth]:
    """Yield the 1-h means that late readings reopen: 1 + the readings after end + grace."""
    start = defect.start // WINDOW_HOUR * WINDOW_HOUR
    for window in range(start, defect.end, WINDOW_HOUR):
        inside = range(max(window, defect.start), min(window + WINDOW_HOUR, defect.end), MINUTE)
        late = sum(
            defect.delivered_at + (measured - defect.start) // MINUTE * DELIVERY_STEP
            >= window + WINDOW_HOUR + GRACE
            for measured in inside
        )
        if late:
            end = window + WINDOW_HOUR
            yield _truth(
                defect, "revision", parameter=parameter, start=window, end=end, count=1 + late
            )
