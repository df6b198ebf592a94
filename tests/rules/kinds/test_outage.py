"""KZ-GAP: no data from a connected source for longer than the outage limit."""

from __future__ import annotations

from streams.core.law.policy import Policy
from streams.core.records.findings import violation_id
from streams.core.time.interval import DAY, HOUR, MINUTE
from tests.core.examples import (
    Log,
    connected,
    enterprise,
    excused,
    fold,
    local,
    one_by_one,
    reading,
    source,
)

BEGIN = local("2026-04-01")
END = BEGIN + 10 * MINUTE
PLANT = connected(on="2026-04-01")


def sent(*, at: int = BEGIN) -> Log:
    """One reading, and silence after it."""
    return Log().add(reading(at))


def test_an_outage_begins_when_the_silence_exceeds_the_limit() -> None:
    assert not one_by_one(sent().tick(END + DAY), PLANT).violations
    found = one_by_one(sent().tick(END + DAY + 1), PLANT)
    outage = found.standing("KZ-GAP")[0]
    assert (outage.status, outage.start, outage.end) == ("OPEN", END, None)
    assert (outage.unit, outage.value, outage.limit) == ("s", 86_400.001, 86_400.0)
    assert outage.ratio == 86_400.001 / 86_400
    assert (outage.parameter, outage.source_id, outage.validated_value) == (None, "A", None)
    assert outage.automatic
    assert outage.evidence[0].readings == 0
    assert (outage.evidence[0].first_offset, outage.evidence[0].last_offset) == (0, 1)


def test_time_alone_is_no_news_of_an_open_outage() -> None:
    log = sent()
    for hours in range(24, 72):
        log.tick(END + hours * HOUR + 1)
    found = fold(log, PLANT, range(len(log.records)), rebuilt=True)
    assert [each.revision for each in found.violations] == [1]


def test_the_next_reading_closes_an_outage() -> None:
    back = END + 30 * HOUR
    log = sent().tick(END + DAY + HOUR).add(reading(back))
    found = one_by_one(log, PLANT)
    assert found.story(violation_id("KZ-GAP", "A", None, END)) == [(1, "OPEN"), (2, "CLOSED")]
    outage = found.standing("KZ-GAP")[0]
    assert (outage.end, outage.value) == (back, 30 * 3600.0)


def test_exactly_the_limit_is_no_outage_even_when_it_is_over() -> None:
    assert not one_by_one(sent().add(reading(END + DAY)), PLANT).standing("KZ-GAP")
    over = one_by_one(sent().add(reading(END + DAY + 10 * MINUTE)), PLANT)
    assert [each.status for each in over.standing("KZ-GAP")] == ["CLOSED"]


def test_the_limit_is_policy() -> None:
    short = Policy(outage_limit=2 * HOUR)
    found = one_by_one(sent().tick(END + 2 * HOUR + 1), PLANT, policy=short)
    assert found.standing("KZ-GAP")[0].limit == 7200.0


def test_a_source_that_is_not_connected_has_no_outage() -> None:
    log = sent().tick(END + 5 * DAY)
    assert not one_by_one(log, enterprise()).violations
    assert not one_by_one(log, connected(on="2026-04-07")).violations


def test_a_silence_that_began_before_the_connection_counts_from_it_and_starts_there() -> None:
    late = connected(on="2026-04-02")
    since = BEGIN + DAY
    assert not one_by_one(sent().tick(since + DAY), late).violations
    found = one_by_one(sent().tick(since + DAY + 1), late)
    assert found.spans() == [(END, None)]
    outage = found.standing("KZ-GAP")[0]
    assert (outage.start, outage.value) == (since, 86_400.001)
    assert outage.id == violation_id("KZ-GAP", "A", None, since)
    back = one_by_one(sent().add(reading(since + 25 * HOUR)), late).standing("KZ-GAP")
    assert [(each.start, each.end, each.value) for each in back] == [
        (since, since + 25 * HOUR, 25 * 3600.0)
    ]
    over_before = one_by_one(sent(at=BEGIN - 3 * DAY).add(reading(since - HOUR)).tick(since), late)
    assert over_before.spans()
    assert not over_before.violations


def test_going_live_accuses_nobody_of_the_time_before_the_log() -> None:
    """Connected for years: silence counts from the arrival of the first record."""
    plant = connected(on="2023-03-01")
    log = Log().tick(BEGIN).tick(BEGIN + 35 * MINUTE)
    assert not one_by_one(log, plant).gaps
    log.tick(BEGIN + DAY)
    found = one_by_one(log, plant)
    assert found.spans() == [(BEGIN, None)]
    assert not found.violations
    found = one_by_one(log.tick(BEGIN + DAY + 1), plant)
    assert [(each.start, each.value) for each in found.standing("KZ-GAP")] == [(BEGIN, 86_400.001)]


def test_the_first_record_is_remembered_and_whatever_it_is_it_counts() -> None:
    """Junk has a time of arrival; a record without one has not. It moves with no new start."""
    plant = connected(on="2023-03-01")
    log = Log().raw(-1, b"junk").raw(1 << 62, b"junk").raw(BEGIN, b"junk")
    log.tick(BEGIN - HOUR).tick(BEGIN + 2 * DAY)
    for cuts in ((), range(len(log.records))):
        found = fold(log, plant, cuts, rebuilt=True)
        assert found.spans() == [(BEGIN, None)]
        assert [each.start for each in found.standing("KZ-GAP")] == [BEGIN]


def test_a_reading_from_before_the_log_shows_no_silence_before_it() -> None:
    plant = connected(on="2023-03-01")
    log = Log().tick(BEGIN).tick(BEGIN + 25 * HOUR)
    log.add(reading(BEGIN - HOUR), BEGIN + 26 * HOUR)
    found = one_by_one(log, plant)
    assert found.spans() == [(BEGIN, None)]
    assert [(each.start, each.revision) for each in found.violations] == [(BEGIN, 1)]


def test_a_source_connected_later_is_expected_from_its_connection_on() -> None:
    """The later of both; a registration that arrives late says so from its date."""
    log = Log().tick(BEGIN).tick(BEGIN + 3 * DAY)
    assert one_by_one(log, connected(on="2026-04-03")).spans() == [(BEGIN + 2 * DAY, None)]


def test_every_source_may_have_an_outage_whether_obliged_or_not() -> None:
    assert PLANT.category == 2
    assert PLANT.sources[0].criteria is None
    assert one_by_one(sent().tick(END + 2 * DAY), PLANT).standing("KZ-GAP")


def test_each_remaining_piece_is_an_outage_of_its_own() -> None:
    """Two days of silence, an excused day, two days: two outages; a short piece is none."""
    period = excused("2026-04-03", "2026-04-04")
    plant = connected(source(excused=(period,)), on="2026-04-01")
    log = sent().add(reading(BEGIN + 5 * DAY))
    found = one_by_one(log, plant)
    spans = [(each.start, each.end) for each in found.standing("KZ-GAP")]
    assert spans == [(END, BEGIN + 2 * DAY), (BEGIN + 3 * DAY, BEGIN + 5 * DAY)]
    log = sent().add(reading(BEGIN + 4 * DAY))
    spans = [(each.start, each.end) for each in one_by_one(log, plant).standing("KZ-GAP")]
    assert spans == [(END, BEGIN + 2 * DAY)]


def test_a_late_reading_shortens_or_withdraws_an_outage() -> None:
    log = sent().add(reading(END + 50 * HOUR))
    before = one_by_one(log, PLANT)
    assert [each.value for each in before.standing("KZ-GAP")] == [50 * 3600.0]
    found = one_by_one(log.add(reading(END + 30 * HOUR), END + 51 * HOUR), PLANT)
    assert [each.value for each in found.standing("KZ-GAP")] == [30 * 3600.0]
    found = one_by_one(log.add(reading(END + 20 * HOUR), END + 52 * HOUR), PLANT)
    assert not found.standing("KZ-GAP")
    story = found.story(violation_id("KZ-GAP", "A", None, END))
    # The reading that comes after the outage opens and closes it at once.
    assert story == [(2, "CLOSED"), (3, "CLOSED"), (4, "WITHDRAWN")]


def test_an_outage_is_automatic_from_12_march_2026_on_while_it_lasts() -> None:
    law = local("2026-03-12")
    plant = connected(on="2026-03-09")
    start = law - 3 * DAY
    open_before = sent(at=start).tick(law - 1)
    assert [each.automatic for each in one_by_one(open_before, plant).standing("KZ-GAP")] == [False]
    found = one_by_one(open_before.tick(law), plant)
    identity = violation_id("KZ-GAP", "A", None, start + 10 * MINUTE)
    assert found.story(identity) == [(1, "OPEN"), (2, "AMENDED")]
    assert found.standing("KZ-GAP")[0].automatic


def test_an_outage_that_ended_before_the_law_is_not_automatic() -> None:
    law = local("2026-03-12")
    plant = connected(on="2026-03-09")
    for back, automatic in ((law - HOUR, False), (law, False), (law + 10 * MINUTE, True)):
        log = sent(at=law - 3 * DAY).add(reading(back))
        assert [each.automatic for each in one_by_one(log, plant).standing("KZ-GAP")] == [automatic]


def test_a_silence_before_the_rule_was_in_force_is_judged_if_it_reaches_into_it() -> None:
    since = local("2021-07-01") - HOUR  # Almaty was at UTC+6
    plant = connected(on="2021-06-01")
    assert not one_by_one(sent(at=since - 3 * DAY).tick(since - 1), plant).violations
    assert one_by_one(sent(at=since - 3 * DAY).tick(since + 2 * HOUR), plant).standing("KZ-GAP")
