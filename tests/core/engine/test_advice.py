"""What operators are told while they can still act: once, in time, and never for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.law.policy import Policy
from streams.core.records.advice import Advice
from streams.core.registry.enterprise import Channel, Enterprise
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from streams.rules.load import load_rules
from tests.core.examples import (
    BIN,
    RULES,
    SO2,
    Found,
    Log,
    connected,
    enterprise,
    excused,
    fold,
    history,
    limit,
    local,
    proof,
    reading,
    source,
)
from tests.core.traffic import scene
from tests.support.generated import examples

BEGIN = local("2026-04-01 08:00")  # a Wednesday
MINUTELY = source(cadence_s=60)


def told(log: Log, registry: RegistryHistory | Enterprise | None = None) -> list[Advice]:
    return fold(log, registry or enterprise(MINUTELY), advice=True).advice


def minutes(log: Log, start: int, values: Sequence[float | None]) -> Log:
    return log.series(start, values, period_s=60)


def of_kind(found: list[Advice], kind: str) -> list[Advice]:
    return [each for each in found if each.kind == kind]


def test_a_window_at_twice_the_limit_is_told_of_after_ten_minutes() -> None:
    (one,) = told(minutes(Log(), BEGIN, [1200.0] * 11))
    assert (one.kind, one.rule, one.window) == ("EXCEEDING", "KZ-30", "30min")
    assert (one.start, one.end, one.due) == (BEGIN, BEGIN + 30 * MINUTE, BEGIN + 30 * MINUTE)
    assert (one.value, one.limit, one.reached_from) == (1200.0, 500.0, 1000.0)
    assert (one.expected, one.certain) == (1200.0, False)
    assert one.stay_below == pytest.approx(900.0)  # 10 min of 1200 and 20 of 900: 1000
    assert (one.told_at, one.left_s) == (BEGIN + 11 * MINUTE, 19 * 60)
    assert (one.bin, one.source_id, one.parameter, one.unit) == (BIN, "A", "SO2", "mg/m3")
    assert one.rule_set == RULES.version


def test_it_is_certain_where_zeros_would_not_avert_it() -> None:
    """Twenty minutes are enough for a VALID mean, and what they add up to is shared by thirty."""
    (likely,) = told(minutes(Log(), BEGIN, [0.0] * 10 + [2000.0] * 11))
    assert not likely.certain
    assert likely.told_at == BEGIN + 21 * MINUTE
    assert likely.stay_below == pytest.approx(1000.0)
    steep = minutes(Log(), BEGIN, [20.0] * 10 + [2999.0] * 10 + [0.0] * 10)
    (sure,) = told(steep)
    assert sure.certain
    assert sure.stay_below is None
    found = fold(steep.tick(BEGIN + HOUR), enterprise(MINUTELY), advice=True)
    assert found.mean("30min", BEGIN).value == pytest.approx((10 * 20 + 10 * 2999) / 30)
    assert found.standing("KZ-30")


@pytest.mark.parametrize(
    "values",
    [
        [999.0] * 30,  # below what the rule compares with
        [1200.0] * 10,  # nothing follows: the slot is not known to be over
        [100.0] * 20 + [2000.0] * 9,  # reached in the last slot, which ends with the window
        [1200.0] * 10 + [None] * 20 + [1200.0],  # the window is over when it is looked at
    ],
)
def test_nothing_is_told_of(values: list[float | None]) -> None:
    assert not told(minutes(Log(), BEGIN, values))


def test_each_window_is_told_of_once() -> None:
    found = told(minutes(Log(), BEGIN, [1200.0] * 120))
    assert [each.start for each in of_kind(found, "EXCEEDING") if each.rule == "KZ-30"] == [
        BEGIN + number * 30 * MINUTE for number in range(4)
    ]


def test_a_window_that_will_have_too_little_valid_time_is_not_told_of() -> None:
    """What the registry excuses does not count, and 9 of 30 minutes are no mean."""
    stack = msgspec.structs.replace(
        MINUTELY, excused=(excused("2026-04-01 08:15", "2026-04-01 08:30"),)
    )
    assert told(minutes(Log(), BEGIN, [1200.0] * 11), enterprise(stack))  # 15 of 15 minutes
    silent: list[float | None] = [None] * 6 + [1200.0] * 4 + [None] * 8 + [1200.0]
    assert not told(minutes(Log(), BEGIN, silent), enterprise(stack))


def test_a_test_stream_is_told_nothing() -> None:
    log = minutes(Log(), BEGIN, [1200.0] * 30)
    assert not told(log, enterprise(MINUTELY, test=True))


def test_without_the_setting_nothing_is_told_and_nothing_is_kept() -> None:
    found = fold(minutes(Log(), BEGIN, [1200.0] * 30), enterprise(MINUTELY))
    assert not found.advice
    assert not [key for key in found.state if key.startswith("0/advice/")]


def test_a_mass_flow_is_told_of_by_its_hour() -> None:
    flow = Channel("FLOW", "Nm3/s", range=(0.0, 500.0))
    stack = source(
        cadence_s=60,
        channels=(SO2, flow),
        limits=(limit(500.0), limit(20.0, unit="g/s")),
    )
    log = Log()
    for number in range(25):
        log.add(reading(BEGIN + number * MINUTE, period_s=60, values={"SO2": 250.0, "FLOW": 100.0}))
    (one,) = told(log, enterprise(stack))
    assert (one.rule, one.window, one.unit) == ("KZ-GS", "1h", "g/s")
    assert one.limit == 20.0
    assert one.value == pytest.approx(25.0)
    assert one.told_at == BEGIN + 11 * MINUTE
    assert one.stay_below == pytest.approx(19.0)  # 10 · 25 + 50 · 19 = 60 · 20


def test_a_day_is_told_of_at_an_hour_above_its_limit() -> None:
    start = local("2026-04-01")
    log = minutes(Log(), start, [100.0] * 60 * 12 + [900.0] * 60 * 12)
    (one,) = of_kind(told(log), "EXCEEDING")
    assert (one.rule, one.window, one.start, one.end) == ("KZ-DAY", "day", start, start + DAY)
    # 12 h of 100 and 12 of 900 are exactly 500, which the rule does not mean: it must be above.
    assert one.told_at >= start + 13 * HOUR


def test_a_silence_is_told_of_at_half_of_the_outage_limit_and_as_a_term_before_that() -> None:
    log = Log().series(BEGIN, [100.0] * 2)
    silent = BEGIN + 20 * MINUTE
    for at in range(silent, silent + 30 * HOUR, 10 * MINUTE):
        log.tick(at)
    term, silence = told(log, connected())
    assert (term.kind, term.term, term.basis) == (
        "MARK_DEADLINE",
        "OUTAGE_NOTICE",
        "Order 208 n. 24",
    )
    assert (term.start, term.told_at, term.due) == (
        silent,
        silent + 90 * MINUTE,
        silent + 2 * HOUR,
    )
    assert (silence.kind, silence.rule, silence.parameter) == ("SILENCE", "KZ-GAP", None)
    assert (silence.start, silence.end, silence.unit) == (silent, None, "s")
    assert (silence.value, silence.limit) == (43_200.0, 86_400.0)
    assert (silence.told_at, silence.due) == (silent + 12 * HOUR, silent + DAY)
    assert not told(log, enterprise())  # not connected: no silence is held against it


def test_a_silence_that_is_an_outage_already_is_not_told_of() -> None:
    log = Log().series(BEGIN, [100.0] * 2).tick(BEGIN + 3 * DAY)
    assert not told(log, connected())


def test_readings_that_do_not_count_are_told_of_before_they_can_be_marked_no_more() -> None:
    log = Log()
    for number in range(6 * 30):
        flags = {"SO2": "M"} if number < 12 else {}
        log.add(reading(BEGIN + number * 10 * MINUTE, flags=flags))
    (one,) = told(log, connected())
    assert (one.kind, one.term, one.parameter) == ("MARK_DEADLINE", "MARK", "SO2")
    assert (one.start, one.end) == (BEGIN, BEGIN + 2 * HOUR)
    assert one.due == BEGIN + 10 * MINUTE + DAY  # of its first reading
    assert one.told_at == one.due - 6 * HOUR
    notices = NoticeHistory(load_calendar("KZ"))
    mark = Notice("N-1", "MARK", BIN, "A", BEGIN, BEGIN + 2 * HOUR, parameter="SO2", flag="C")
    assert notices.add(mark, BEGIN + 3 * HOUR)
    registry = RegistryHistory(notices)
    registry.add(-(1 << 61), BIN, connected(), proof(0))
    assert not told(log, registry)  # it was marked


def test_the_term_of_form_2_is_told_of_a_day_before_it_ends() -> None:
    log = Log().tick(BEGIN - HOUR).series(BEGIN, [1500.0] * 3 + [10.0] * 90)
    for hour in range(16, 12 * 24):
        log.tick(BEGIN + hour * HOUR)
    due = local("2026-04-07")  # Thursday, Friday and Monday are the three days

    def registry(*arrivals: int) -> RegistryHistory:
        notices = NoticeHistory(load_calendar("KZ"))
        for at in arrivals:
            told_of = Notice("N-1", "EXCEEDANCE", BIN, "A", BEGIN, BEGIN + HOUR, "SO2")
            assert notices.add(told_of, at)
        found = RegistryHistory(notices)
        found.add(-(1 << 61), BIN, enterprise(), proof(0))
        return found

    (one,) = of_kind(told(log, registry()), "MARK_DEADLINE")
    assert (one.term, one.rule, one.parameter) == ("FORM_2", "KZ-30", "SO2")
    assert (one.start, one.due, one.told_at) == (BEGIN, due, due - DAY)
    assert one.basis == "Order 208 n. 27"
    assert not of_kind(told(log, registry(due - 2 * DAY)), "MARK_DEADLINE")
    late = told(log, registry(due - HOUR))
    assert of_kind(late, "MARK_DEADLINE"), "what was told of before it came"
    cut = fold(log, registry(), range(1, len(log.records)), rebuilt=True, advice=True)
    assert of_kind(cut.advice, "MARK_DEADLINE") == [one]


def test_rules_that_a_mean_alone_does_not_decide_are_not_foreseen() -> None:
    log = minutes(Log(), BEGIN, [2900.0] * 120)
    assert not fold(log, enterprise(MINUTELY), rules=load_rules("eu"), advice=True).advice


def everything(found: Found) -> list[Advice]:
    return sorted(found.advice, key=lambda each: (each.told_at, each.id))


@examples(12)
@given(st.integers(0, 2**32), st.data())
def test_the_same_log_tells_the_same_once_however_it_is_cut_and_started_anew(
    seed: int, data: st.DataObject
) -> None:
    made = scene(Random(seed), 2, 9)
    policy = Policy(outage_limit=data.draw(st.sampled_from((HOUR, 6 * HOUR, DAY))))
    whole = fold(made.records, made.registry, policy=policy, advice=True)
    expected = everything(whole)
    assert len({each.id for each in expected}) == len(expected)
    for each in expected:
        assert each.told_at < each.due
        assert each.left_s >= 0
    cuts = data.draw(st.lists(st.integers(1, max(1, len(made.records) - 1)), max_size=6))
    cut = fold(made.records, made.registry, cuts, policy=policy, advice=True)
    assert everything(cut) == expected
    anew = fold(made.records, made.registry, cuts, rebuilt=True, policy=policy, advice=True)
    assert everything(anew) == expected
    without = fold(made.records, made.registry, cuts, rebuilt=True, policy=policy)
    for name in ("means", "gaps", "violations", "findings", "cases", "roots", "dead_letters"):
        mine, theirs = (map(msgspec.json.encode, getattr(each, name)) for each in (without, anew))
        assert sorted(mine) == sorted(theirs), "advice changes nothing else"


@examples(20)
@given(st.integers(0, 2**32), st.floats(0.0, 3000.0), st.sampled_from((60, 300, 600)))
def test_what_was_told_as_certain_happens(seed: int, level: float, cadence: int) -> None:
    """Whatever is sent afterwards, late or not, short of marks and other registrations."""
    rng = Random(seed)
    log, sent, at = Log().tick(BEGIN - MINUTE), [], local("2026-04-01")
    for _ in range({60: 300, 300: 300, 600: 180}[cadence]):  # 5, 25 and 30 hours
        if rng.random() < 0.1:
            level = rng.choice((0.0, 400.0, 900.0, 1100.0, 1600.0, 2999.0))
        state = "STOPPED" if rng.random() < 0.02 else "NORMAL"
        if rng.random() < 0.95:
            late = rng.choice((0, 0, 0, 7 * MINUTE, 3 * HOUR))
            value = min(3000.0, level * rng.uniform(0.9, 1.1))
            item = reading(at, period_s=cadence, values={"SO2": value}, state=state)
            sent.append((item.ends_at + late, item))
        at += cadence * 1000
    for arrival, item in sorted(sent, key=lambda each: each[0]):
        log.add(item, arrival)
    found = fold(
        log.tick(at + 80 * HOUR), history(enterprise(source(cadence_s=cadence))), advice=True
    )
    for each in of_kind(found.advice, "EXCEEDING"):
        assert each.window is not None
        assert each.reached_from is not None
        if each.certain:
            mean = found.mean(each.window, each.start)
            assert mean.status == "VALID"
            assert mean.value is not None
            assert mean.value >= each.reached_from
            assert [one for one in found.standing(each.rule or "") if one.start == each.start]
