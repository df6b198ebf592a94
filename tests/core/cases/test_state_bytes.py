"""The bytes of a case: what opened long ago is packed, and whole again when it is read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.core.cases.state import Case, CaseState
from streams.core.cases.state_bytes import (
    PACKED_AFTER,
    decode_case,
    decode_cases,
    encode_case,
    encode_subject,
)
from streams.core.engine.case_tracker import CaseTracker, SpanClock, Told
from streams.core.engine.stream_time import StreamTimes
from streams.core.time.interval import DAY, MINUTE
from tests.core.cases.facts import Docket, again, violation
from tests.core.examples import local

MONDAY = local("2026-05-04")
HALF = 30 * MINUTE
LONG_AFTER = MONDAY + 400 * DAY
NAMES = {
    "ru": "ТОО «Экибастузская ГРЭС-1 имени Булата Нуржанова»",
    "kk": "«Болат Нұржанов атындағы Екібастұз ГРЭС-1» ЖШС",
    "en": "Ekibastuz GRES-1 LLP",
}


def busy() -> CaseState:
    """A month of half hours above the limit, runs with what they absorb, a silence that lasts."""
    docket = Docket()
    papers: dict[str, Any] = {
        "enterprise": NAMES,
        "device_serial": "GX-1042",
        "verification": "KZ-V-77/2026",
    }
    halves = [
        violation("KZ-30", MONDAY + at * HALF, value=900.0 + at, limit=400.0, **papers)
        for at in range(0, 30 * 48, 3)
    ]
    run = violation("KZ-3H", MONDAY, MONDAY + 12 * HALF, excess_mass_t=None, **papers)
    docket.detect([*halves, run])
    docket.found(MONDAY + 40 * DAY, violation("KZ-GAP", MONDAY + 38 * DAY, **papers))
    docket.found(MONDAY + 50 * DAY, again(halves[0], status="WITHDRAWN"))
    docket.until(MONDAY + 60 * DAY)
    return docket.state


def test_a_state_is_whole_again() -> None:
    state = busy()
    for now in (state.moment, LONG_AFTER):
        saved = [encode_case(case, now) for case in state.cases.values()]
        assert decode_cases(encode_subject(state), saved) == state
        assert decode_cases(None, saved) == CaseState(cases=state.cases)
    assert any(case.absorbed for case in state.cases.values())


def test_a_case_is_packed_a_month_after_it_opened() -> None:
    for case in busy().cases.values():
        assert case.opened_at is not None
        whole = msgspec.msgpack.encode(case)
        assert encode_case(case, case.opened_at + PACKED_AFTER - 1) == whole
        assert len(encode_case(case, case.opened_at + PACKED_AFTER)) < len(whole)
        deferred = msgspec.structs.replace(case, opened_at=None)
        assert encode_case(deferred, LONG_AFTER) == msgspec.msgpack.encode(deferred)


def test_a_source_that_goes_on_violating_has_its_old_cases_packed() -> None:
    """What the tracker saves: a case once whole, once packed, though nothing of it has changed."""
    scene, tracker = Docket().scene, CaseTracker("cases/A", "case/A/", CaseState())
    saved: dict[str, list[bytes | None]] = {}
    at = MONDAY
    for day in range(80):
        one = violation("KZ-DAY", MONDAY + day * DAY, detected_at=at + DAY + 20 * MINUTE)
        clock = SpanClock(StreamTimes([], [one.detected_at], 0, 1), at, ())
        tracker.process(scene, clock, Told((one,)))
        at = one.detected_at
        for key, encoded in tracker.save():
            if key.startswith("case/"):
                saved.setdefault(key, []).append(encoded)
    first = next(iter(saved.values()))
    whole, packed = first[0], first[-1]
    assert whole is not None
    assert packed is not None
    assert len(packed) < len(whole)
    assert decode_case(packed) == decode_case(first[-2] or b"")


def test_ids_that_are_no_uuid_stay_as_they_are() -> None:
    case = next(iter(busy().cases.values()))
    fact = msgspec.structs.replace(next(iter(case.facts.values())), id="6F0B")
    other = Case("x", {"6F0B": fact}, {}, MONDAY, "COURT", "KoAP", "328")
    assert decode_case(encode_case(other, LONG_AFTER)) == other


def test_a_month_above_the_limit_packed_takes_a_fifth() -> None:
    cases = busy().cases.values()
    before = sum(len(msgspec.msgpack.encode(case)) for case in cases)
    assert sum(len(encode_case(case, LONG_AFTER)) for case in cases) * 5 < before


@pytest.mark.parametrize("encoded", [b"", b"\xc0", b"\x92\x02\xa1x", b"\x91\x03"])
def test_what_is_no_case_is_refused(encoded: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_case(encoded)


def test_a_place_that_is_not_there_is_refused() -> None:
    case = next(iter(busy().cases.values()))
    record = msgspec.msgpack.decode(encode_case(case, LONG_AFTER))
    record[2][2][0][1] = 99
    with pytest.raises(msgspec.DecodeError, match="place 99"):
        decode_case(msgspec.msgpack.encode(record))
