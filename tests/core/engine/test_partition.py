"""One partition's fold: order, repetition, batches and crashes leave no trace in what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from streams.core.engine.outcome import Ledger
from streams.core.records.findings import DataGap, Violation, WindowMean
from streams.core.registry.enterprise import Channel, Enterprise, Verification
from streams.core.registry.enterprise import Device as RegisteredDevice
from streams.core.state.errors import UnusableStateError
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import (
    SO2,
    Found,
    Log,
    connected,
    engine,
    enterprise,
    excused,
    fold,
    history,
    limit,
    local,
    reading,
    source,
    take,
)
from tests.support.generated import examples

BEGIN = local("2026-03-11 18:00")
"""Six hours before the rules become automatic."""

STATES = ("NORMAL",) * 8 + ("STOPPED", "STARTUP")
LEVELS = (100.0, 450.0, 999.9, 1000.0, 1000.1, 1000.0, 1500.0, -30.0, float("nan"), 1e34, 0.1)


class Sent(NamedTuple):
    """A reading, and how long after its interval it arrives (ms)."""

    item: Reading
    delay: int


def stack(cadence: int = 600) -> Enterprise:
    """A connected source with a second channel, a device and an hour of maintenance."""
    verification = Verification("BA-1", "2026-03-01", "2026-03-12")
    plain = Channel("CO", "mg/m3", basis="dry", range=(0.0, 900.0))
    return connected(
        source(
            cadence_s=cadence,
            channels=(SO2, plain),
            limits=(limit(500.0, confidence_interval_pct=20.0),),
            devices=(RegisteredDevice("analyser", "SN-1", verification),),
            excused=(excused("2026-03-12 03:10", "2026-03-12 04:00"),),
        ),
        on="2026-03-11",
    )


@st.composite
def campaigns(draw: st.DrawFn) -> tuple[Enterprise, list[Sent]]:
    """Readings of one source over some hours, no two of which contradict each other."""
    cadence = draw(st.sampled_from((600, 600, 300, 1200, 3600)))
    spread = draw(st.integers(0, 1)) * (cadence * 1000 - 1)
    steady = draw(st.booleans())
    steps = st.sampled_from((1,) * (40 if steady else 12) + (2, 3, 9, 160))
    levels = st.sampled_from((1000.0,) * 60 + LEVELS) if steady else st.sampled_from(LEVELS)
    states = st.just("NORMAL") if steady else st.sampled_from(STATES)
    sent = []
    index = 0
    for _ in range(draw(st.integers(1, 40))):
        index += draw(steps)
        at = BEGIN + index * cadence * 1000 + draw(st.integers(0, spread))
        values = {"SO2": draw(levels)}
        if draw(st.integers(0, 3)):
            values["CO"] = draw(st.sampled_from(LEVELS))
        item = reading(
            at,
            period_s=cadence,
            state=draw(states),
            device_serial=draw(st.sampled_from((None, "SN-1", "SN-1", "SN-2"))),
            values=values,
            flags=draw(st.sampled_from(({}, {}, {}, {"CO": "D"}))),
        )
        delay = draw(st.sampled_from((0, 0, 0, MINUTE, 40 * MINUTE, 7 * HOUR, 72 * HOUR)))
        sent.append(Sent(item, delay))
    return stack(cadence), sent


def log_of(sent: Sequence[Sent], end: int) -> Log:
    """The readings in the order of arrival, between a tick at the start and one at the end."""
    log = Log().tick(BEGIN)
    for item, delay in sorted(sent, key=lambda each: each.item.ends_at + each.delay):
        log.add(item, item.ends_at + delay)
    return log.tick(end)


def end_of(sent: Sequence[Sent]) -> int:
    """A stream time later than any of the arrivals may be."""
    return max(each.item.ends_at for each in sent) + 73 * HOUR


def final(found: Found) -> tuple[Any, Any, Any]:
    """The last content of everything, without what only tells when it became known."""
    means = {key: _mean(mean) for key, mean in found.last_means.items()}
    gaps = {
        key: (gap.parameter, gap.start, gap.end, gap.status)
        for key, gap in found.last_gaps.items()
        if gap.status != "WITHDRAWN"
    }
    violations = {
        key: _violation(violation)
        for key, violation in found.last_violations.items()
        if violation.status != "WITHDRAWN"
    }
    return means, gaps, violations


def _mean(mean: WindowMean) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(mean, revision=0, stream_time=0, final=True))


def _violation(violation: Violation) -> bytes:
    status = "OPEN" if violation.status == "AMENDED" else violation.status
    same = msgspec.structs.replace(violation, revision=0, detected_at=0, evidence=(), status=status)
    if violation.rule == "KZ-GAP" and status == "OPEN":
        same = msgspec.structs.replace(same, value=None, ratio=None)
    return msgspec.json.encode(same)


def ledger_is_whole(found: Found, log: Log) -> bool:
    """Every record of the log ended in exactly one place."""
    ended = found.used + found.duplicates + len(found.dead_letters) + found.ticks
    return ended == len(log.records)


@examples(60)
@given(campaigns(), st.data())
def test_results_are_independent_of_order_duplicates_batches_and_restarts(
    campaign: tuple[Enterprise, list[Sent]], data: st.DataObject
) -> None:
    enterprise_, sent = campaign
    end = end_of(sent)
    calm = log_of(sent, end)
    expected = fold(calm, enterprise_)
    assert ledger_is_whole(expected, calm)
    assert expected.used == len(sent)

    delays = st.integers(0, 72 * HOUR)
    other = [Sent(each.item, data.draw(delays)) for each in sent]
    other += data.draw(st.lists(st.sampled_from(other), max_size=10))
    log = log_of(other, end)
    cuts = data.draw(st.sets(st.integers(1, len(log.records) - 1), max_size=8))
    found = fold(log, enterprise_, cuts, rebuilt=True)
    assert ledger_is_whole(found, log)
    assert (found.used, found.duplicates) == (len(sent), len(other) - len(sent))
    for mine, theirs in zip(final(found), final(expected), strict=True):
        assert mine == theirs


@examples(60)
@given(campaigns(), st.data())
def test_revisions_of_a_log_agree_for_any_batch_boundaries(
    campaign: tuple[Enterprise, list[Sent]], data: st.DataObject
) -> None:
    enterprise_, sent = campaign
    again = [Sent(each.item, each.delay + HOUR) for each in sent[::7]]
    log = log_of([*sent, *again], end_of(sent))
    whole = fold(log, enterprise_)
    cuts = data.draw(st.sets(st.integers(1, len(log.records) - 1)))
    cut = fold(log, enterprise_, cuts, rebuilt=data.draw(st.booleans()))
    told: dict[tuple[str, int], DataGap | Violation] = {}
    changes: list[DataGap | Violation] = [*whole.gaps, *cut.gaps]
    for each in (*changes, *whole.violations, *cut.violations):
        assert told.setdefault((each.id, each.revision), each) == each
    assert cut.last_gaps == whole.last_gaps
    assert cut.last_violations == whole.last_violations
    assert cut.dead_letters == whole.dead_letters
    assert (cut.used, cut.duplicates, cut.ticks) == (whole.used, whole.duplicates, whole.ticks)
    said: dict[Any, WindowMean] = {}
    for mean in (*whole.means, *cut.means):
        key = (mean.source_id, mean.parameter, mean.window, mean.start, mean.revision)
        assert msgspec.json.encode(said.setdefault(key, mean)) == msgspec.json.encode(mean)
    assert final(cut) == final(whole)


def test_offsets_that_were_applied_are_skipped() -> None:
    start = local("2026-04-01")
    log = Log().series(start, [100.0] * 12).add(reading(start)).tick(start + 3 * HOUR)
    running = engine(history(enterprise()))
    found = Found()
    take(found, running, log.records[:7])
    assert running.next_offset == 7
    again = engine(history(enterprise()), found.state)
    assert again.next_offset == 7
    take(found, again, log.records)
    once = fold(log)
    assert (found.used, found.duplicates, found.ticks) == (12, 1, 1)
    assert found.last_means == once.last_means
    about_source = [key for key in once.state if "/enterprise/" not in key]
    assert {key: found.state[key] for key in about_source} == {
        key: once.state[key] for key in about_source
    }


def test_a_message_that_is_no_reading_keeps_its_bytes_and_its_place() -> None:
    start = local("2026-04-01")
    log = Log().raw(start, None).raw(start, b"\x01junk", "B").raw(start, b"", None)
    log.add(reading(start, source_id="NOBODY"))
    found = fold(log)
    assert ledger_is_whole(found, log)
    letters = found.dead_letters
    assert [letter.reason for letter in letters] == ["UNDECODABLE"] * 3 + ["UNKNOWN_SOURCE"]
    assert [letter.stage for letter in letters] == ["decode"] * 3 + ["validate"]
    for letter, record in zip(letters, log.records, strict=True):
        assert (letter.offset, letter.timestamp) == (record.offset, record.timestamp)
        assert (letter.key, letter.value, letter.headers) == (record.key, record.value, ())
    assert letters[3].source_id == "NOBODY"


def test_stream_time_never_goes_back() -> None:
    start = local("2026-04-01")
    log = Log().tick(start + HOUR).tick(start)
    running = engine(history(enterprise()))
    take(Found(), running, log.records)
    assert running.stream_time == start + HOUR


def test_a_conflict_is_decided_by_the_lower_offset() -> None:
    start = local("2026-04-01")
    log = Log().add(reading(start)).add(reading(start, values={"SO2": 101.0}))
    found = fold(log.tick(start + HOUR))
    assert [letter.reason for letter in found.dead_letters] == ["CONFLICTING_DUPLICATE"]
    assert found.dead_letters[0].stage == "deduplicate"
    assert found.mean("20min", start).value == 100.0


def test_equal_readings_are_duplicates_with_nan_and_with_a_normal_flag() -> None:
    start = local("2026-04-01")
    nan = float("nan")
    log = Log().add(reading(start, values={"SO2": nan, "CO": -0.0}))
    log.add(reading(start, values={"CO": 0.0, "SO2": nan}, flags={"CO": "N"}))
    found = fold(log)
    assert (found.used, found.duplicates, found.dead_letters) == (1, 1, [])


def test_a_rejected_reading_occupies_no_interval() -> None:
    start = local("2026-04-01")
    log = Log().add(reading(start), start).add(reading(start, values={"SO2": 7.0}))
    found = fold(log)
    assert [letter.reason for letter in found.dead_letters] == ["FROM_THE_FUTURE"]
    assert found.used == 1


def test_a_state_of_another_form_is_not_judged_from() -> None:
    """Whatever it holds: a worker stops and says what to do."""
    state = dict(fold(Log().add(reading(BEGIN))).state)
    engine(history(enterprise()), state)
    ledger = msgspec.msgpack.decode(state["0/ledger"], type=Ledger)
    ledger.form = 1
    state["0/ledger"] = msgspec.msgpack.encode(ledger)
    with pytest.raises(UnusableStateError, match="form 1, this version reads form 3"):
        engine(history(enterprise()), state)
