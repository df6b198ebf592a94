"""Marks: readings count as marked, wherever the log is cut; late and contradicted ones do not."""

from __future__ import annotations

import gc
import weakref
from random import Random
from typing import Any

import pytest

from schemas.reading import Reading
from streams.core.engine.remarking import MissingReadingsError
from streams.core.registry.enterprise import Channel
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from tests.core.examples import (
    BIN,
    SO2,
    Found,
    Log,
    connected,
    engine,
    fold,
    limit,
    local,
    proof,
    reading,
    source,
    take,
)

BEGIN = local("2026-04-01 08:00")
CO = Channel("CO", "mg/m3", basis="dry", range=(0.0, 900.0))
FLOW = Channel("FLOW", "m3/s", range=(0.0, 900.0))


def mark(
    start: int, end: int, identity: str = "M-1", parameter: str | None = None, **said: Any
) -> Notice:
    return Notice(identity, "MARK", BIN, "A", start, end, parameter, reason="r", **said)


def told(*notices: tuple[int, Notice], cadence: int = 600) -> RegistryHistory:
    known = NoticeHistory(load_calendar("KZ"))
    for arrival, notice in notices:
        assert known.add(notice, arrival)
    registry = RegistryHistory(known)
    stack = source(cadence_s=cadence, channels=(SO2, CO, FLOW), limits=(limit(500.0),))
    registry.add(-(1 << 61), BIN, connected(stack, on="2026-03-01"), proof(0))
    return registry


def sent(at: int, so2: float = 100.0, flow: float = 50.0, **changes: object) -> Reading:
    values = {"SO2": so2, "CO": 10.0, "FLOW": flow}
    return reading(at, **({"values": values} | changes))


def day_of(*items: Reading, hours: int = 100) -> Log:
    log = Log().tick(BEGIN)
    for item in items:
        log.add(item)
    for hour in range(1, hours):
        log.tick(items[-1].ends_at + hour * HOUR)
    return log


def readings(values: list[float], **changes: object) -> list[Reading]:
    """Readings in a row; from the first to the third hour hardly any gas flows."""
    return [
        sent(BEGIN + at * 10 * MINUTE, value, 1.0 if 5 <= at < 24 else 50.0, **changes)
        for at, value in enumerate(values)
    ]


HIGH = [100.0] * 6 + [1500.0] * 6 + [100.0] * 24
SPAN = (BEGIN + HOUR, BEGIN + 2 * HOUR)


def test_a_mark_takes_what_it_names_out_of_means_and_violations() -> None:
    log = day_of(*readings(HIGH))
    before = fold(log, told())
    assert len(before.standing("KZ-30")) == 2
    arrival = BEGIN + 5 * HOUR
    found = fold(log, told((arrival, mark(*SPAN, parameter="SO2", flag="C"))), range(1, 200))
    assert not found.standing("KZ-30")
    assert [each.status for each in found.violations if each.rule == "KZ-30"] == [
        *("CLOSED", "CLOSED", "WITHDRAWN", "WITHDRAWN"),
    ]
    mean = found.mean("1h", SPAN[0])
    assert (mean.valid_s, mean.due_s, mean.revision) == (0, 3600, 2)
    assert mean.seconds_by_code == {"STATUS_C": 3600}
    assert found.mean("1h", SPAN[0], parameter="CO").valid_s == 3600
    assert found.mean("20min", BEGIN).revision == 1
    assert found.spans("SO2") == [SPAN]
    assert found.spans("CO") == []
    assert found.verdicts == {"M-1": "IN_TIME"}
    assert [each.verdict for each in found.notices] == ["PENDING", "IN_TIME"]


def as_if_sent(items: list[Reading], span: tuple[int, int], **said: object) -> list[Reading]:
    """The readings as they would have been with the mark in them."""
    return [
        sent(each.measured_at, each.values["SO2"], each.values["FLOW"], **said)
        if each.measured_at < span[1] and each.ends_at > span[0]
        else each
        for each in items
    ]


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ({"state": "STARTUP"}, {"state": "STARTUP"}),
        ({"flag": "D"}, {"flags": {"SO2": "D", "CO": "D", "FLOW": "D"}}),
        ({"flag": "M", "parameter": "CO"}, {"flags": {"CO": "M"}}),
        ({"flag": "M", "parameter": "NO"}, {}),
    ],
)
@pytest.mark.parametrize("offset", [0, 7 * MINUTE, -3 * MINUTE])
def test_a_mark_in_time_gives_what_the_station_would_have_given(
    notice: dict[str, Any], said: dict[str, Any], offset: int
) -> None:
    """But for revisions and evidence: the readings were not sent again."""
    rng = Random(17)
    items = readings([rng.choice((100.0, 1200.0, 700.0)) for _ in range(60)])
    span = (SPAN[0] + offset, SPAN[1] + 40 * MINUTE + offset)
    arrival = BEGIN + 11 * HOUR
    found = fold(day_of(*items), told((arrival, mark(*span, **notice))), range(0, 150, 3))
    expected = fold(day_of(*as_if_sent(items, span, **said)), told())
    same_results(found, expected)


def same_results(found: Found, expected: Found) -> None:
    said = [
        {key: plain(mean) for key, mean in each.last_means.items()} for each in (found, expected)
    ]
    assert said[0] == said[1]
    assert found.spans() == expected.spans()
    for parameter in ("SO2", "CO"):
        assert found.spans(parameter) == expected.spans(parameter)
    for rule in ("KZ-30", "KZ-3H", "KZ-DAY"):
        kept = [
            [(each.start, each.end, each.value) for each in of.standing(rule)]
            for of in (found, expected)
        ]
        assert kept[0] == kept[1]


def plain(mean: object) -> dict[str, object]:
    names = set(mean.__struct_fields__) - {"revision", "stream_time", "final"}  # type: ignore[attr-defined]
    return {name: getattr(mean, name) for name in names}


def test_wherever_the_log_is_cut_and_whoever_starts_again() -> None:
    rng = Random(3)
    items = readings([rng.choice((100.0, 1200.0, 700.0)) for _ in range(90)])
    late = items.pop(9)
    notices = (
        (BEGIN + 3 * HOUR, mark(*SPAN, state="STOPPED")),
        (BEGIN + 4 * HOUR, mark(SPAN[0] - HOUR, SPAN[1], "M-2", "SO2", flag="C")),
        (BEGIN + 5 * HOUR, Notice("W", "MARK", BIN, "A", withdraws="M-1")),
        (BEGIN + 6 * HOUR, mark(BEGIN + 5 * HOUR, BEGIN + 8 * HOUR, "M-3", flag="M")),
        (
            BEGIN + 10 * HOUR,
            Notice("U", "UNPLANNED_OUTAGE", BIN, "A", BEGIN + 8 * HOUR + 5 * MINUTE, BEGIN + DAY),
        ),
    )
    log = Log().tick(BEGIN)
    for item in items:
        log.add(item)
        if item.measured_at == BEGIN + 7 * HOUR:
            log.add(late, item.ends_at)
    for hour in range(16, 120):
        log.tick(BEGIN + hour * HOUR)
    expected = fold(log, told(*notices), range(1, len(log.records)))
    assert expected.verdicts == {
        "M-1": "WITHDRAWN", "M-2": "IN_TIME", "M-3": "IN_TIME", "W": "IN_TIME", "U": "IN_TIME",
    }  # fmt: skip
    for cuts, rebuilt in (((), False), (range(0, 200, 11), True), (range(1, 200), True)):
        found = fold(log, told(*notices), cuts, rebuilt=rebuilt)
        assert found.last_means == expected.last_means
        assert found.last_gaps == expected.last_gaps
        assert found.last_violations == expected.last_violations
        assert {each.notice_id: each for each in found.notices} == {
            each.notice_id: each for each in expected.notices
        }


@pytest.mark.parametrize(("delay", "verdict"), [(0, "IN_TIME"), (1, "PARTLY_LATE")])
def test_a_reading_is_marked_within_a_day_after_its_end(delay: int, verdict: str) -> None:
    log = day_of(*readings(HIGH))
    arrival = SPAN[0] + 10 * MINUTE + DAY + delay
    found = fold(log, told((arrival, mark(*SPAN, flag="C"))))
    assert found.verdicts == {"M-1": verdict}
    assert found.mean("1h", SPAN[0]).valid_s == (600 if delay else 0)


def test_a_mark_that_came_after_all_of_it_changes_nothing() -> None:
    log = day_of(*readings(HIGH))
    found = fold(log, told((SPAN[1] + DAY + 1, mark(*SPAN, flag="C"))))
    assert found.verdicts == {"M-1": "LATE"}
    assert len(found.standing("KZ-30")) == 2


def test_a_mark_is_taken_back_within_the_same_term() -> None:
    log = day_of(*readings(HIGH))
    back = Notice("M-2", "MARK", BIN, "A", withdraws="M-1")
    first = (BEGIN + 3 * HOUR, mark(*SPAN, state="STARTUP"))
    found = fold(log, told(first, (BEGIN + 9 * HOUR, back)))
    same_results(found, fold(log, told()))
    assert found.verdicts == {"M-1": "WITHDRAWN", "M-2": "IN_TIME"}


@pytest.mark.parametrize(("flow", "denied"), [(25.0, True), (24.0, False)])
def test_the_flow_of_a_source_denies_that_it_stood_still(flow: float, denied: bool) -> None:
    """The median of the hours before is 50."""
    items = [sent(BEGIN + at * 10 * MINUTE) for at in range(30)] + [
        sent(BEGIN + 5 * HOUR + at * 10 * MINUTE, 1500.0, flow) for at in range(6)
    ]
    span = (BEGIN + 5 * HOUR, BEGIN + 6 * HOUR)
    log = day_of(*items)
    claims: list[dict[str, Any]] = [{"state": "STOPPED"}, {"flag": "F"}]
    for said in claims:
        notices = told((BEGIN + 7 * HOUR, mark(*span, **said)))
        found = fold(log, notices, range(1, 150), rebuilt=True)
        assert found.verdicts == {"M-1": "CONTRADICTED" if denied else "IN_TIME"}
        assert bool(found.standing("KZ-30")) == denied
    notices = told((BEGIN + 7 * HOUR, mark(*span, flag="C")))
    assert fold(log, notices).verdicts == {"M-1": "IN_TIME"}  # of the analyser it says nothing


def test_a_mark_of_what_is_still_going_on_is_denied_when_it_is_over() -> None:
    items = readings([100.0] * 72)
    span = (BEGIN + 5 * HOUR, BEGIN + 10 * HOUR)
    log = day_of(*items)
    notices = told((BEGIN + 7 * HOUR, mark(*span, state="STOPPED")))
    found = fold(log, notices, range(1, 150))
    assert [each.verdict for each in found.notices] == ["PENDING", "CONTRADICTED"]
    same_results(found, fold(log, told()))


def test_an_outage_told_in_time_excuses_from_its_start() -> None:
    """Two hours are left to tell of it (Order 208 n. 24): windows that closed are judged again."""
    log = day_of(*readings(HIGH))
    notice = Notice("U", "UNPLANNED_OUTAGE", BIN, "A", *SPAN)
    told_at_once = fold(log, told((SPAN[0], notice)), range(1, len(log.records)))
    found = fold(log, told((SPAN[0] + 2 * HOUR, notice)), range(1, len(log.records)))
    mean = found.mean("1h", SPAN[0])
    assert (mean.due_s, mean.valid_s, mean.status, mean.revision) == (0, 0, "NOT_OPERATING", 2)
    assert found.standing("KZ-30") == []
    same_results(found, told_at_once)
    late = fold(log, told((SPAN[0] + 2 * HOUR + 1, notice)), range(1, len(log.records)))
    same_results(late, fold(log, told(), range(1, len(log.records))))


def test_an_outage_is_cut_out_of_closed_windows_without_a_reading_in_it() -> None:
    """The windows at its edges have less to cover, though no reading in it was counted."""
    items = [
        each for each in readings(HIGH) if not SPAN[0] + 10 * MINUTE <= each.measured_at < SPAN[1]
    ]
    log = day_of(*items)
    notice = Notice("U", "UNPLANNED_OUTAGE", BIN, "A", SPAN[0] + 10 * MINUTE, SPAN[1])
    found = fold(log, told((SPAN[0] + 2 * HOUR, notice)), range(1, len(log.records)))
    mean = found.mean("1h", SPAN[0])
    assert (mean.due_s, mean.revision) == (600, 2)


def test_an_outage_that_is_taken_back_in_time_excuses_nothing() -> None:
    log = day_of(*readings(HIGH))
    notice = Notice("U", "UNPLANNED_OUTAGE", BIN, "A", *SPAN)
    back = Notice("V", "UNPLANNED_OUTAGE", BIN, "A", withdraws="U")
    notices = told((SPAN[0] + HOUR, notice), (SPAN[0] + 2 * HOUR, back))
    found = fold(log, notices, range(1, len(log.records)))
    same_results(found, fold(log, told(), range(1, len(log.records))))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_a_mark_finds_its_readings_where_another_clock_has_cut_them(zone: str) -> None:
    """Hours and slots are those of the registration under which the readings arrived."""
    log = day_of(*readings(HIGH))
    registry = told((BEGIN + 8 * HOUR, mark(*SPAN, flag="C")))
    stack = source(channels=(SO2, CO, FLOW), limits=(limit(500.0),), timezone=zone)
    registry.add(BEGIN + 7 * HOUR, BIN, connected(stack, on="2026-03-01"), proof(1))
    expected = fold(log, registry, range(1, len(log.records)))
    assert expected.verdicts == {"M-1": "IN_TIME"}
    assert expected.spans("SO2") == [SPAN]
    found = fold(log, registry, range(0, len(log.records), 7), rebuilt=True)
    assert found.last_means == expected.last_means
    assert found.last_violations == expected.last_violations


def test_a_mark_takes_readings_of_a_clock_that_goes_before() -> None:
    """They arrived before the mark, and begin after it."""
    log = Log().tick(BEGIN - HOUR)
    for minute in range(240):
        item = sent(BEGIN + minute * MINUTE, period_s=60)
        log.add(item, item.ends_at - 4 * MINUTE)
    log.tick(BEGIN + 5 * HOUR)
    span = BEGIN + HOUR, BEGIN + 3 * HOUR
    notice = (BEGIN + 2 * HOUR + 8 * MINUTE + 1, mark(*span, flag="C"))
    found = fold(log, told(notice, cadence=60), range(1, len(log.records)))
    for hour, valid_s in enumerate((3600, 0, 0, 3600)):
        assert found.mean("1h", BEGIN + hour * HOUR).valid_s == valid_s


def without_the_log(log: Log, notices: RegistryHistory, kept_from: int) -> Found:
    """Fold record by record where readings below an offset cannot be read again."""
    found = Found()
    running = engine(notices, found.state)
    for record in log.records:
        for start, end in running.wanted([record]):
            running.supply_lost(kept_from)
            running.supply(
                [each for each in log.records if max(start, kept_from) <= each.offset < end]
            )
        take(found, running, [record])
        running.commit()
    return found


@pytest.mark.parametrize("said", [{"flag": "C"}, {"state": "STARTUP"}])
def test_where_the_log_has_no_readings_any_more_a_mark_counts_all_the_same(
    said: dict[str, Any],
) -> None:
    """Its interval is that of whole slots here, so nothing else is in them."""
    log = day_of(*readings(HIGH))
    notices = told((BEGIN + 5 * HOUR, mark(*SPAN, **said)))
    expected = fold(log, notices, range(1, 200))
    for kept_from in (9, 20):  # in the middle of what is marked, and after it
        found = without_the_log(log, notices, kept_from)
        same_results(found, expected)
        assert not found.standing("KZ-30")
        assert found.verdicts == expected.verdicts


def test_a_mark_of_a_part_of_a_lost_slot_takes_the_whole_slot() -> None:
    """Minutes of a slot cannot be told apart; nobody is accused by what nobody can read."""
    items = [
        sent(BEGIN + at * MINUTE, 1500.0 if 60 <= at < 120 else 100.0, period_s=60)
        for at in range(300)
    ]
    log = day_of(*items)
    span = (SPAN[0] + 5 * MINUTE, SPAN[0] + 6 * MINUTE)
    notices = told((BEGIN + 5 * HOUR, mark(*span, parameter="SO2", flag="C")), cadence=60)
    expected = fold(log, notices)
    assert expected.mean("20min", SPAN[0]).valid_s == 1200 - 60
    found = without_the_log(log, notices, 200)
    assert found.mean("20min", SPAN[0]).valid_s == 600
    assert found.mean("20min", SPAN[0]).seconds_by_code == {"STATUS_C": 600}
    assert found.spans("SO2") == expected.spans("SO2") == []


def test_readings_that_are_lost_stay_as_they_are_when_a_mark_is_taken_back() -> None:
    log = day_of(*readings(HIGH))
    back = Notice("M-2", "MARK", BIN, "A", withdraws="M-1")
    notices = told(
        (BEGIN + 5 * HOUR, mark(*SPAN, flag="C")), (BEGIN + 5 * HOUR + 10 * MINUTE, back)
    )
    found = without_the_log(log, notices, 1000)
    assert found.verdicts == {"M-1": "WITHDRAWN", "M-2": "IN_TIME"}
    assert found.mean("1h", SPAN[0]).valid_s == 0
    assert not found.standing("KZ-30")


def test_readings_that_were_not_supplied_are_an_error_while_the_log_has_them() -> None:
    log = day_of(*readings(HIGH))
    running = engine(told((BEGIN + 5 * HOUR, mark(*SPAN, flag="C"))))
    running.apply(log.records[:25])
    running.wanted(log.records[25:])
    with pytest.raises(MissingReadingsError):
        running.apply(log.records[25:])


def test_what_was_wanted_is_wanted_again_when_it_is_forgotten() -> None:
    log = day_of(*readings(HIGH))
    running = engine(told((BEGIN + 5 * HOUR, mark(*SPAN, flag="C"))))
    running.apply(log.records[:25])
    wanted = running.wanted(log.records[25:])
    assert wanted
    assert running.wanted(log.records[25:]) == []
    running.forget_supplied()
    assert running.wanted(log.records[25:]) == wanted


def test_a_long_mark_stays_denied_when_its_first_hours_are_forgotten() -> None:
    """Of thirty hours the last ones stood still; when it is ripe only those are in the state."""
    items = [sent(BEGIN + at * 10 * MINUTE, flow=50.0 if at < 240 else 1.0) for at in range(6 * 50)]
    span = (BEGIN + 8 * HOUR, BEGIN + 44 * HOUR)
    log = day_of(*items, hours=150)
    notices = told((BEGIN + 9 * HOUR, mark(*span, state="STOPPED")))
    found = fold(log, notices, range(1, 440, 7))
    assert [each.verdict for each in found.notices] == ["PENDING", "CONTRADICTED"]


def test_ten_thousand_notices_at_once() -> None:
    """They are judged together, in records of the state that any broker takes."""
    log = day_of(*readings(HIGH))
    arrival = BEGIN + 5 * HOUR + 1
    made = [
        (
            arrival,
            mark(
                SPAN[0] + number * 360,
                SPAN[0] + number * 360 + 1000,
                f"{number:064}",
                state="STOPPED" if number % 2 else "STARTUP",
            ),
        )
        for number in range(10_000)
    ]
    found = fold(log, told(*made), range(0, 200, 20), rebuilt=True)
    assert len(found.verdicts) == 10_000
    assert found.mean("1h", SPAN[0]).due_s == 0
    assert found.mean("1h", SPAN[0]).revision <= 4
    assert max(map(len, found.state.values())) < 100_000


def test_an_engine_goes_with_its_last_reference() -> None:
    """A worker that has lost a partition does not keep it until garbage is collected."""
    registry = told((BEGIN + 12 * HOUR, mark(*SPAN, state="STOPPED")))
    log = day_of(*readings(HIGH))
    judging = engine(registry, advice=True)
    for start, end in judging.wanted(log.records):
        judging.supply(log.records[start:end])
    outcome = judging.apply(log.records)
    assert outcome.notices
    assert outcome.violations
    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(judging)
        del judging
        assert gone() is None
    finally:
        gc.enable()
