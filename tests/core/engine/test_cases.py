"""Cases along the log of a partition: opened by stream time alone, wherever batches are cut."""

from __future__ import annotations

from random import Random

import pytest

from streams.core.cases.measures import MeasureHistory
from streams.core.registry.measure import DELIVERED, REVIEWED, Measure
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.engine.test_bulk import by_case
from tests.core.engine.test_notices_in_traffic import told
from tests.core.examples import (
    BIN,
    Found,
    Log,
    connected,
    engine,
    enterprise,
    fold,
    history,
    local,
    obliged,
    reading,
    take,
)
from tests.core.traffic import scene

BEGIN = local("2026-04-01 08:00")
OPENS = local("2026-04-06")
"""72 h after the end of the local day in which the half hour's end and 24 h lie."""


def exceeding() -> Log:
    """Half an hour at three times the limit, and an hour without."""
    return Log().tick(BEGIN - HOUR).series(BEGIN, [1500.0] * 3 + [10.0] * 6)


def told_of(found: Found) -> list[tuple[int, str, int]]:
    return [(each.revision, each.state, each.revised_at) for each in found.cases]


@pytest.mark.parametrize(("last", "opened"), [(OPENS - 1, []), (OPENS, [(1, "REVIEW", OPENS)])])
def test_a_tick_of_its_moment_opens_a_case(last: int, opened: list[tuple[int, str, int]]) -> None:
    found = fold(exceeding().tick(last))
    assert told_of(found) == opened


def test_where_stream_time_jumps_the_moment_itself_counts() -> None:
    found = fold(exceeding().tick(OPENS + 9 * DAY))
    (case,) = found.cases
    (violation,) = found.standing("KZ-30")
    assert (case.opened_at, case.revised_at) == (OPENS, OPENS)
    assert case.violations == (violation.id,)
    assert violation.detected_at > case.detected_at == BEGIN + 35 * MINUTE


def test_violations_of_a_jump_count_at_their_moments_among_those_that_open_cases() -> None:
    """An outage begins while another case is due: both are passed by one tick."""
    log = exceeding().tick(OPENS + 9 * DAY)
    outage, case = sorted(fold(log, connected()).cases, key=lambda each: each.article)
    silent = BEGIN + 90 * MINUTE
    assert (case.opened_at, outage.opened_at) == (OPENS, silent + 4 * DAY)
    assert outage.detected_at == silent + DAY


def test_what_late_data_made_was_detected_when_they_arrived() -> None:
    """The second reading of the half hour arrives with the record that closes its window."""
    log = Log().tick(BEGIN).add(reading(BEGIN, values={"SO2": 1500.0}))
    log.add(reading(BEGIN + 10 * MINUTE, values={"SO2": 1500.0}), BEGIN + 5 * HOUR)
    found = fold(log.tick(OPENS))
    assert [each.detected_at for each in found.cases] == [BEGIN + 5 * HOUR]


def test_a_case_on_a_duty_opens_when_it_is_published() -> None:
    log = Log().tick(BEGIN).tick(BEGIN + HOUR)
    found = fold(log, obliged())
    (case,) = found.cases
    assert (case.source_id, case.article, case.detected_at) == (None, "325", BEGIN)
    assert case.revised_at == BEGIN


@pytest.mark.parametrize("key", ["A", "B"])
def test_messages_of_a_source_that_are_refused_in_an_outage(key: str) -> None:
    """Also such as cannot be decoded, by their key."""
    silent = BEGIN + 90 * MINUTE
    log = exceeding().raw(silent + 5 * HOUR, b"\x01junk", key)
    for hour in (30, 100, 110):
        log.tick(silent + hour * HOUR)
    expected = fold(log, connected(), range(1, len(log.records)))
    case = next(each for each in expected.cases if each.article.startswith("26"))
    assert ("DATA_REFUSED" in case.reasons) == (key == "A")
    for cuts, rebuilt in (((), False), ((11, 12, 13), True)):
        assert by_case(fold(log, connected(), cuts, rebuilt=rebuilt)) == by_case(expected)


def test_a_message_refused_by_whose_arrival_the_case_of_an_outage_opens() -> None:
    """Stream time passes the opening with the message itself, and the outage goes on."""
    silent = BEGIN + 90 * MINUTE
    log = exceeding().tick(silent + 30 * HOUR).raw(silent + 5 * DAY, b"\x01junk", "A")
    log.tick(silent + 6 * DAY)
    expected = fold(log, connected(), range(1, len(log.records)))
    outage = [each for each in expected.cases if each.article.startswith("26")]
    assert [(each.state, each.reasons) for each in outage][-1] == ("REVIEW", ("DATA_REFUSED",))
    for cuts, rebuilt in (((), False), ((11, 12, 13), True)):
        found = by_case(fold(log, connected(), cuts, rebuilt=rebuilt))
        assert found == by_case(expected)


def test_a_measure_counts_from_its_arrival_and_wakes_its_case() -> None:
    log = exceeding().tick(OPENS).tick(OPENS + DAY).tick(OPENS + 3 * DAY)
    (case,) = fold(log).cases
    measures = MeasureHistory()
    delivered = Measure("M-1", DELIVERED, BIN, case.id, "A", delivered_at=OPENS + HOUR)
    measures.add(delivered, OPENS + 2 * DAY)
    measures.add(Measure("M-2", REVIEWED, BIN, case.id, "A", closes=True), OPENS + 2 * DAY + 1)
    found = fold(log, measures=measures)
    assert told_of(found) == [
        (1, "REVIEW", OPENS),
        (2, "REVIEW", OPENS + 2 * DAY),
        (3, "CLOSED", OPENS + 2 * DAY + 1),
    ]
    assert found.cases[1].delivered_at == OPENS + HOUR
    assert by_case(fold(log, cuts=range(1, 13), rebuilt=True, measures=measures)) == by_case(found)


def test_a_measure_that_became_known_too_late_still_counts() -> None:
    """Stream time has passed its arrival: it counts from the next record on."""
    log = exceeding().tick(OPENS).tick(OPENS + DAY)
    measures = MeasureHistory()
    found = fold(log, measures=measures)
    measures.add(Measure("M-1", DELIVERED, BIN, found.cases[0].id, delivered_at=OPENS), OPENS + 1)
    state = dict(found.state)
    log.tick(OPENS + 2 * DAY)
    later = Found(state=state)
    take(later, engine(history(enterprise()), state, measures=measures), log.records)
    assert [each.revision for each in later.cases] == [2]


def test_state_of_before_has_no_cases_and_can_be_read() -> None:
    found = fold(exceeding().tick(OPENS))
    assert [key for key in found.state if key.startswith(("0/case/", "0/cases/"))] == [
        f"0/case/{BIN}/A/{found.cases[0].id}",
        f"0/cases/{BIN}/A",
    ]
    old = {key: value for key, value in found.state.items() if not key.startswith("0/case")}
    log = exceeding().tick(OPENS).tick(OPENS + DAY)
    later = Found(state=old)
    take(later, engine(history(enterprise()), old), log.records)
    assert later.cases == []


@pytest.mark.parametrize("seed", range(4))
def test_the_same_wherever_batches_are_cut_and_whoever_restarts(seed: int) -> None:
    """Late data, marks, measures on the cases, ticks and records in one millisecond."""
    rng = Random(seed)
    sources, hours = rng.choice((1, 2)), rng.choice((6, 9))
    made = scene(rng, sources, hours)
    made.registry.notices = told(rng, sources, hours)
    measures, end = MeasureHistory(), made.records[-1].timestamp
    for number, case in enumerate(fold(made.records, made.registry).last_cases.values()):
        at = end - rng.randrange(60 * HOUR)
        kind = rng.choice((DELIVERED, REVIEWED))
        moment = at if kind == DELIVERED else None
        measure = Measure(f"M-{number}", kind, BIN, case.id, case.source_id, delivered_at=moment)
        measures.add(measure, at)
        made.records.append(made.records[-1]._replace(timestamp=at, offset=len(made.records)))
    expected = fold(made.records, made.registry, range(1, len(made.records)), measures=measures)
    count = len(made.records)
    for cuts, rebuilt in (((), False), ([rng.randrange(count) for _ in range(6)], True)):
        found = fold(made.records, made.registry, cuts, rebuilt=rebuilt, measures=measures)
        assert by_case(found) == by_case(expected)
