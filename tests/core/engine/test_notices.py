"""Notices of outages: what they excuse, from when on, and what is said of each."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.notice import Notice
from streams.core.sources.history import RegistryHistory
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.calendar import load_calendar
from tests.core.examples import (
    BIN,
    Found,
    Log,
    connected,
    engine,
    enterprise,
    fold,
    local,
    proof,
    source,
)

BEGIN = local("2026-04-01 08:00")
OUT = (BEGIN + 4 * HOUR, BEGIN + 40 * HOUR)


def outage(
    identity: str = "N-1", kind: str = "UNPLANNED_OUTAGE", of: str = BIN, **changes: object
) -> Notice:
    given = {"start": OUT[0], "end": OUT[1], **changes}
    return Notice(identity, kind, of, "A", **given)  # type: ignore[arg-type]


def told(*notices: tuple[int, Notice], of: Enterprise | None = None) -> RegistryHistory:
    """A registry loaded before everything else, and notices by their arrival."""
    known = NoticeHistory(load_calendar("KZ"))
    for arrival, notice in notices:
        assert known.add(notice, arrival)
    registry = RegistryHistory(known)
    registry.add(-(1 << 61), BIN, of or connected(source(), on="2026-03-01"), proof(0))
    return registry


def silent_log() -> Log:
    """Readings for four hours, silence while it is out, and readings again."""
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 24)
    for hour in range(5, 40):
        log.tick(BEGIN + hour * HOUR)
    return log.series(OUT[1], [100.0] * 12).tick(OUT[1] + 2 * HOUR)


def verdict(found: Found, identity: str = "N-1") -> NoticeVerdict:
    return [each for each in found.notices if each.notice_id == identity][-1]


def test_without_a_notice_the_silence_is_a_gap_and_a_ground_for_a_visit() -> None:
    found = fold(silent_log(), told())
    assert found.spans() == [OUT]
    assert [each.start for each in found.standing("KZ-GAP")] == [OUT[0]]


@pytest.mark.parametrize("late", [0, 1])
def test_an_unplanned_outage_excuses_if_it_is_told_within_two_hours(late: int) -> None:
    found = fold(silent_log(), told((OUT[0] + 2 * HOUR + late, outage())))
    assert found.spans() == ([OUT] if late else [])
    assert bool(found.standing("KZ-GAP")) == bool(late)
    assert found.verdicts == {"N-1": "LATE" if late else "IN_TIME"}
    assert verdict(found).due == OUT[0] + 2 * HOUR
    assert verdict(found).basis == "Order 208 n. 24"


def test_a_source_whose_outage_is_told_in_time_is_not_counted_as_silent() -> None:
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 24).tick(OUT[0] + 30 * HOUR)
    for notice, counted in ((OUT[0] + HOUR, []), (OUT[0] + 3 * HOUR, [30 * HOUR])):
        running = engine(told((notice, outage())))
        running.apply(log.records)
        assert running.silences() == counted


def test_a_gap_that_was_open_closes_where_the_outage_begins() -> None:
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 24)
    for minutes in range(5, 120, 5):
        log.tick(OUT[0] + minutes * MINUTE)
    found = fold(log, told((OUT[0] + 90 * MINUTE, outage())), range(1, len(log.records)))
    assert [(gap.status, gap.start) for gap in found.gaps] == [
        ("OPEN", OUT[0]),
        ("WITHDRAWN", OUT[0]),
    ]


def test_a_planned_outage_takes_due_time_and_marks_readings() -> None:
    start, end = BEGIN + 30 * MINUTE, BEGIN + 90 * MINUTE
    notice = outage(kind="PLANNED_OUTAGE", start=start, end=end)
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 18).tick(BEGIN + DAY)
    found = fold(log, told((BEGIN - 31 * DAY, notice)))
    assert found.verdicts == {"N-1": "IN_TIME"}
    mean = found.mean("1h", BEGIN)
    assert (mean.due_s, mean.valid_s, mean.seconds_by_code) == (1800, 1800, {"EXCUSED": 1800})
    late = fold(log, told((BEGIN - 29 * DAY, notice)))
    assert late.verdicts == {"N-1": "LATE"}
    assert late.mean("1h", BEGIN).due_s == 3600


def test_a_notice_takes_another_back_in_its_term_alone() -> None:
    back = Notice("N-2", "UNPLANNED_OUTAGE", BIN, "A", withdraws="N-1")
    first = (OUT[0] + HOUR, outage())
    in_time = fold(silent_log(), told(first, (OUT[0] + 2 * HOUR, back)))
    assert in_time.verdicts == {"N-1": "WITHDRAWN", "N-2": "IN_TIME"}
    assert verdict(in_time).withdrawn_by == "N-2"
    assert in_time.spans() == [OUT]
    late = fold(silent_log(), told(first, (OUT[0] + 3 * HOUR, back)))
    assert late.verdicts == {"N-1": "IN_TIME", "N-2": "LATE"}
    assert late.spans() == []


def test_a_form_1_excuses_nothing_by_itself() -> None:
    form = outage("N-2", completes="N-1")
    found = fold(silent_log(), told((OUT[0] + 3 * HOUR, outage()), (OUT[0] + 5 * HOUR, form)))
    assert found.verdicts == {"N-1": "LATE", "N-2": "IN_TIME"}
    assert found.spans() == [OUT]


def test_only_the_operator_of_the_source_may_tell() -> None:
    other = Notice("N-1", "UNPLANNED_OUTAGE", "060640006999", "A", *OUT)
    unknown = Notice("N-2", "UNPLANNED_OUTAGE", BIN, "B", *OUT)
    found = fold(silent_log(), told((OUT[0], other), (OUT[0], unknown)))
    assert found.verdicts == {"N-1": "REFUSED", "N-2": "REFUSED"}
    assert found.spans() == [OUT]


def handed_over(at: int, *notices: tuple[int, Notice]) -> RegistryHistory:
    """The source goes over to another operator."""
    registry = told(*notices)
    registry.add(at, BIN, None, proof(1))
    other = connected(source(), on="2026-03-01", bin="060640006999")
    registry.add(at, other.bin, other, proof(2))
    return registry


def test_what_an_operator_told_excuses_until_the_source_is_that_of_another() -> None:
    """It counts from its arrival, as registrations do; the next one has to tell it anew."""
    at = OUT[0] + 30 * HOUR
    found = fold(silent_log(), handed_over(at, (OUT[0] + HOUR, outage())))
    assert found.verdicts == {"N-1": "IN_TIME"}
    assert found.spans() == [(at, OUT[1])]
    assert not found.standing("KZ-GAP")
    told_anew = outage("N-2", of="060640006999", start=at)
    notices = ((OUT[0] + HOUR, outage()), (at + HOUR, told_anew))
    assert fold(silent_log(), handed_over(at, *notices)).spans() == []


def test_an_outage_that_was_over_excuses_also_under_another_operator() -> None:
    registry = handed_over(OUT[1] + HOUR, (OUT[0] + HOUR, outage()))
    found = fold(silent_log(), registry)
    assert found.verdicts == {"N-1": "IN_TIME"}
    assert found.spans() == []
    assert not found.violations


def test_the_id_of_a_notice_is_taken_by_the_first() -> None:
    known = NoticeHistory()
    assert known.add(outage(), 10)
    assert not known.add(outage(kind="PLANNED_OUTAGE"), 5)
    assert known.of_source("A")[0].notice == outage()


def test_wherever_the_log_is_cut_and_whoever_starts_again() -> None:
    notices = (
        (BEGIN - 40 * DAY, outage("P", "PLANNED_OUTAGE", start=BEGIN + 3 * HOUR)),
        (OUT[0] + HOUR, outage()),
        (OUT[0] + 90 * MINUTE, Notice("W", "UNPLANNED_OUTAGE", BIN, "A", withdraws="N-1")),
        (OUT[0] + 100 * MINUTE, outage("N-3", start=OUT[0] + HOUR)),
        (OUT[0] + 5 * HOUR, outage("N-4")),
    )
    log = silent_log()
    whole = fold(log, told(*notices))
    expected = fold(log, told(*notices), range(1, len(log.records)))
    assert len(expected.notices) == 6
    for found in (
        whole,
        fold(log, told(*notices), range(0, len(log.records), 7), rebuilt=True),
        fold(log, told(*notices), range(1, len(log.records)), rebuilt=True),
    ):
        assert found.last_means == expected.last_means
        assert found.last_gaps == expected.last_gaps
        assert found.last_violations == expected.last_violations
        assert {each.notice_id: each for each in found.notices} == {
            each.notice_id: each for each in expected.notices
        }
    assert all(one.decided_at <= other.decided_at for one, other in pairwise(expected.notices))


def test_verdicts_on_notices_of_long_ago_are_forgotten_and_not_given_again() -> None:
    notices = ((OUT[0] + HOUR, outage()), (BEGIN + 60 * DAY, outage("N-2")))
    log = silent_log().tick(BEGIN + 50 * DAY).tick(BEGIN + 61 * DAY).tick(BEGIN + 62 * DAY)
    found = fold(log, told(*notices, of=enterprise()), range(1, len(log.records)), rebuilt=True)
    assert [each.notice_id for each in found.notices] == ["N-1", "N-2"]
    assert b"N-1" not in found.state["0/notices"]


def test_a_registration_finds_the_same_verdicts_whoever_was_started_anew() -> None:
    """It comes when the verdict is 50 days old, and strikes the source off."""
    registry = told((OUT[0] + HOUR, outage()))
    registry.add(BEGIN + 50 * DAY, BIN, connected(source("B"), on="2026-03-01"), proof(1))
    log = silent_log()
    for day in range(3, 60):
        log.tick(BEGIN + day * DAY)
    expected = fold(log, registry)
    for cut in (len(log.records) - 30, len(log.records) - 12, len(log.records) - 5):
        for rebuilt in (False, True):
            assert fold(log, registry, [cut], rebuilt=rebuilt).notices == expected.notices


def test_a_source_that_was_struck_off_is_judged_on_as_it_was_excused() -> None:
    """Also by an engine that is started anew: the day closes after the registration is gone."""
    notice = outage(start=BEGIN + HOUR, end=BEGIN + 30 * HOUR)
    registry = told((BEGIN + HOUR, notice))
    registry.add(BEGIN + 4 * HOUR, BIN, None, proof(1))
    log = Log().tick(BEGIN).series(BEGIN, [100.0] * 20)
    for hour in range(5, 40):
        log.tick(BEGIN + hour * HOUR)
    expected = fold(log, registry)
    assert expected.mean("day", BEGIN - 8 * HOUR).due_s == 9 * 3600
    for cut in range(1, len(log.records), 7):
        found = fold(log, registry, [cut], rebuilt=True)
        assert found.last_means == expected.last_means


def test_a_registration_that_no_record_saw_counts_the_same_whoever_was_started_anew() -> None:
    """It comes between two records and is struck off before the second."""
    registry = told()
    registry.add(BEGIN + 4 * HOUR + 1, BIN, None, proof(1))
    other = connected(source(), on="2026-03-01", bin="060640006999")
    registry.add(BEGIN + 4 * HOUR + 2, other.bin, other, proof(2))
    registry.add(BEGIN + 4 * HOUR + 3, other.bin, None, proof(3))
    log = Log().tick(BEGIN).series(BEGIN, [1500.0] * 24)
    for hour in range(5, 40):
        log.tick(BEGIN + hour * HOUR)
    expected = fold(log, registry)
    assert expected.standing("KZ-15")
    for cut in range(1, len(log.records), 7):
        found = fold(log, registry, [cut], rebuilt=True)
        assert found.last_violations == expected.last_violations


def test_a_registration_sets_when_a_verdict_is_due() -> None:
    """The source goes over to the operator whose notice had been refused: it is ripe after that."""
    other = "060640006999"
    mark = Notice("M", "MARK", other, "A", BEGIN, BEGIN + HOUR, None, flag="C", reason="r")
    registry = handed_over(BEGIN + 30 * HOUR, (BEGIN + 2 * HOUR, mark))
    log = silent_log()
    for day in range(3, 60):
        log.tick(BEGIN + day * DAY)
    expected = fold(log, registry, range(1, len(log.records)))
    assert [each.verdict for each in expected.notices] == ["REFUSED", "PENDING", "IN_TIME"]
    assert expected.notices[-1].decided_at == BEGIN + 4 * DAY
    for cuts, rebuilt in (((), False), (range(1, len(log.records), 9), True)):
        assert fold(log, registry, cuts, rebuilt=rebuilt).notices[-1] == expected.notices[-1]
