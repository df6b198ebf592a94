"""Silence: what is covered, what remains of a silence, and when it is next worth a look."""

from __future__ import annotations

from bisect import insort

from hypothesis import given
from hypothesis import strategies as st

from streams.core.gaps.gap import (
    MERGE_DISTANCE,
    GapInterval,
    add_coverage,
    channel_gaps,
    gaps_in,
    next_change,
    silences,
    source_gaps,
)
from streams.core.registry.enterprise import Channel
from streams.core.time.interval import DAY, FOREVER, HOUR, MINUTE, Interval, union_of
from tests.core.examples import (
    SO2,
    Log,
    connected,
    excused,
    limit,
    local,
    one_by_one,
    reading,
    source,
)

AFTER = 30 * MINUTE
GRACE = 5 * MINUTE
BEGIN = local("2026-04-01")

times = st.integers(0, 40).map(lambda step: step * 5 * MINUTE)
intervals = st.tuples(times, st.integers(1, 12)).map(
    lambda pair: (pair[0], pair[0] + pair[1] * 5 * MINUTE)
)
readings = st.tuples(st.integers(0, 150), st.sampled_from((1, 10, 20))).map(
    lambda pair: (pair[0] * 3 * MINUTE, pair[0] * 3 * MINUTE + pair[1] * MINUTE)
)


def naive_cover(found: list[Interval]) -> list[Interval]:
    """Intervals whose distance is at most 20 minutes, merged by the definition."""
    merged = union_of((start, end + MERGE_DISTANCE) for start, end in found)
    return [(start, end - MERGE_DISTANCE) for start, end in merged]


@given(st.lists(readings, max_size=30))
def test_cover_is_the_union_with_short_silences_filled(found: list[Interval]) -> None:
    runs: list[Interval] = []
    for start, end in found:
        add_coverage(runs, start, end)
    assert runs == naive_cover(found)


@given(st.lists(readings, min_size=1, max_size=20), readings)
def test_cover_tells_when_more_than_the_last_run_changed(
    found: list[Interval], more: Interval
) -> None:
    runs: list[Interval] = []
    for start, end in found:
        add_coverage(runs, start, end)
    before = list(runs)
    if not add_coverage(runs, *more):
        assert [start for start, _ in runs] == [start for start, _ in before]
        assert runs[:-1] == before[:-1]
        assert runs[-1][1] >= before[-1][1]


def test_silences_lie_between_the_runs_and_before_the_first_if_something_was_expected() -> None:
    assert silences(None, []) == []
    assert silences(5, []) == [(5, None)]
    assert silences(None, [(10, 20), (50, 60)]) == [(20, 50), (60, None)]
    assert silences(5, [(10, 20)]) == [(5, 10), (20, None)]


def pieces(
    start: int, end: int | None, now: int = 0, cuts: list[Interval] | None = None
) -> list[tuple[int, int | None]]:
    """Pieces of a silence as plain intervals."""
    found = gaps_in((start, end), cuts or [], AFTER, GRACE, now)
    return [(piece.start, piece.end) for piece in found]


def test_a_silence_must_exceed_gap_after() -> None:
    assert pieces(0, AFTER) == []
    assert pieces(0, AFTER + 1) == [(0, AFTER + 1)]


def test_a_silence_that_lasts_waits_for_the_grace_too() -> None:
    assert pieces(0, None, AFTER + GRACE) == []
    assert pieces(0, None, AFTER + GRACE + 1) == [(0, None)]


def test_excused_time_is_cut_out_and_short_pieces_fall() -> None:
    cuts = [(40 * MINUTE, HOUR)]
    assert pieces(0, 2 * HOUR, cuts=cuts) == [(0, 40 * MINUTE), (HOUR, 2 * HOUR)]
    assert pieces(0, 90 * MINUTE, cuts=cuts) == [(0, 40 * MINUTE)]
    assert pieces(0, 2 * HOUR, cuts=[(0, 3 * HOUR)]) == []
    assert pieces(20 * MINUTE, 2 * HOUR, cuts=cuts) == [(HOUR, 2 * HOUR)]


def test_an_excused_period_closes_an_open_gap_and_a_new_one_opens_after_it() -> None:
    cuts = [(HOUR, 2 * HOUR)]
    assert pieces(0, None, HOUR - 1, cuts) == [(0, None)]
    assert pieces(0, None, HOUR, cuts) == [(0, HOUR)]
    assert pieces(0, None, 2 * HOUR + AFTER, cuts) == [(0, HOUR)]
    assert pieces(0, None, 2 * HOUR + AFTER + 1, cuts) == [(0, HOUR), (2 * HOUR, None)]


def test_a_source_that_is_not_connected_yet_is_not_silent() -> None:
    assert source_gaps(DAY, 0, [], [], AFTER, GRACE, DAY - 1) == []
    assert source_gaps(DAY, 0, [], [], AFTER, GRACE, DAY + HOUR) == [GapInterval(DAY, None)]
    assert source_gaps(None, 0, [], [], AFTER, GRACE, DAY + HOUR) == []


def test_no_silence_of_a_source_begins_before_the_log_is_observed() -> None:
    runs = [(0, HOUR), (5 * HOUR, 6 * HOUR)]
    for observed, spans in (
        (0, [(HOUR, 5 * HOUR), (6 * HOUR, None)]),
        (3 * HOUR, [(3 * HOUR, 5 * HOUR), (6 * HOUR, None)]),
        (5 * HOUR - AFTER, [(6 * HOUR, None)]),
        (7 * HOUR, [(7 * HOUR, None)]),
        (8 * HOUR, []),
    ):
        found = source_gaps(None, observed, runs, [], AFTER, GRACE, 8 * HOUR)
        assert [(piece.start, piece.end) for piece in found] == spans


def test_late_readings_of_before_the_log_show_no_silence_between_them() -> None:
    log = Log().tick(BEGIN)
    for start in (-5 * HOUR, -3 * HOUR):
        log.add(reading(BEGIN + start), BEGIN)
    log.add(reading(BEGIN + 40 * MINUTE))
    found = one_by_one(log, connected(on="2020-01-01"))
    assert found.spans() == [(BEGIN, BEGIN + 40 * MINUTE)]


def test_a_silence_of_the_source_is_cut_out_of_its_channels_whole() -> None:
    """Also where an excused period leaves no gap of it."""
    period = excused("2026-04-01 00:40", "2026-04-01 02:00")
    log = Log().series(BEGIN, [5000.0] * 3).add(reading(BEGIN + 2 * HOUR))
    found = one_by_one(log, connected(source(excused=(period,)), on="2020-01-01"))
    assert found.spans() == found.spans("SO2") == []
    assert not [gap for gap in found.gaps if gap.parameter is None]


def test_stops_and_gaps_of_the_source_are_cut_out_of_a_channels_gap() -> None:
    stops = [(HOUR, 2 * HOUR)]
    of_source = [(4 * HOUR, 5 * HOUR), (7 * HOUR, FOREVER)]
    found = channel_gaps(0, [], [], stops, of_source, AFTER, GRACE, 8 * HOUR)
    spans = [(0, HOUR), (2 * HOUR, 4 * HOUR), (5 * HOUR, 7 * HOUR)]
    assert found == [GapInterval(*span) for span in spans]


@given(intervals, st.lists(intervals, max_size=4), st.integers(0, 60))
def test_next_change_is_never_later_than_the_first_change(
    silence: Interval, periods: list[Interval], first: int
) -> None:
    """Brute force over stream times: what a lasting silence says changes only when foretold."""
    start, cuts = silence[0], union_of(periods)
    now = start + first * 5 * MINUTE

    def said(at: int) -> list[GapInterval]:
        return gaps_in((start, None), cuts, AFTER, GRACE, at)

    due = next_change(start, cuts, AFTER, GRACE, now)
    assert due > now
    edges = sorted({edge for each in cuts for edge in each} | {start, now})
    moments: list[int] = []
    for edge in edges:
        for after in (0, AFTER, AFTER + GRACE):
            for step in (-1, 0, 1, 2):
                insort(moments, edge + after + step)
    for moment in moments:
        if now < moment < due:
            assert said(moment) == said(now)
    if due == FOREVER:
        assert said(1000 * DAY) == said(now)


def test_a_source_gap_opens_when_the_grace_is_over_and_closes_with_the_next_reading() -> None:
    end = BEGIN + HOUR
    log = Log().series(BEGIN, [100.0] * 6).tick(end + AFTER + GRACE)
    log.tick(end + AFTER + GRACE + 1).add(reading(end + HOUR))
    found = one_by_one(log)
    told = [(gap.revision, gap.status, gap.start, gap.end) for gap in found.gaps]
    assert told == [(1, "OPEN", end, None), (2, "CLOSED", end, end + HOUR)]
    assert found.gaps[0].detected_at == end + AFTER + GRACE + 1
    assert found.gaps[0].id == found.gaps[1].id


def test_late_readings_shorten_split_and_withdraw_a_gap() -> None:
    log = Log().add(reading(BEGIN)).add(reading(BEGIN + 5 * HOUR))
    log.add(reading(BEGIN + 2 * HOUR), BEGIN + 6 * HOUR)
    found = one_by_one(log)
    assert found.spans()[:2] == [
        (BEGIN + 10 * MINUTE, BEGIN + 2 * HOUR),
        (BEGIN + 2 * HOUR + 10 * MINUTE, BEGIN + 5 * HOUR),
    ]
    first = found.gaps[0]
    log.add(reading(BEGIN + 10 * MINUTE), BEGIN + 6 * HOUR)
    found = one_by_one(log)
    story = [(gap.status, gap.end) for gap in found.gaps if gap.id == first.id]
    assert story[-1][0] == "WITHDRAWN"
    assert (BEGIN + 20 * MINUTE, BEGIN + 2 * HOUR) in found.spans()


def test_nothing_is_missed_before_the_connection_or_the_first_reading() -> None:
    log = Log().tick(BEGIN).tick(BEGIN + 2 * HOUR)
    assert one_by_one(log).gaps == []
    assert one_by_one(log, connected(on="2026-04-01")).spans() == [(BEGIN, None)]
    early = Log().add(reading(BEGIN - 5 * HOUR)).tick(BEGIN + 2 * HOUR)
    assert one_by_one(early, connected(on="2026-04-01")).spans() == [
        (BEGIN - 5 * HOUR + 10 * MINUTE, None)
    ]


def test_excused_time_of_the_registry_is_cut_out_of_a_gap() -> None:
    period = excused("2026-04-01 02:00", "2026-04-01 04:00")
    log = Log().series(BEGIN, [100.0] * 6)
    for quarters in range(4, 25):
        log.tick(BEGIN + quarters * 15 * MINUTE)
    found = one_by_one(log, connected(source(excused=(period,)), on="2026-04-01"))
    assert found.spans() == [(BEGIN + HOUR, BEGIN + 2 * HOUR), (BEGIN + 4 * HOUR, None)]
    assert [gap.status for gap in found.gaps] == ["OPEN", "CLOSED", "OPEN"]
    assert [gap.detected_at for gap in found.gaps[1:]] == [
        BEGIN + 2 * HOUR,
        BEGIN + 4 * HOUR + 45 * MINUTE,
    ]


def test_a_channel_that_was_never_sent_is_missed_from_the_first_reading_on() -> None:
    plant = connected(source(channels=(SO2, Channel("CO", "mg/m3", basis="dry"))), on="2026-04-01")
    log = Log().series(BEGIN, [100.0] * 12)
    found = one_by_one(log, plant)
    assert found.spans("CO") == [(BEGIN, None)]
    assert found.spans("SO2") == found.spans() == []


def test_a_channel_that_is_not_valid_is_silent_but_not_while_the_source_stops() -> None:
    log = Log().series(BEGIN, [100.0] * 3)
    log.series(BEGIN + 30 * MINUTE, [100.0] * 9, flags={"SO2": "D"})
    log.series(BEGIN + 2 * HOUR, [None] * 6 + [100.0] * 3, state="STOPPED")
    log.series(BEGIN + 210 * MINUTE, [5000.0] * 6 + [100.0])
    found = one_by_one(log)
    assert found.spans("SO2") == [
        (BEGIN + 30 * MINUTE, BEGIN + 2 * HOUR),
        (BEGIN + 210 * MINUTE, BEGIN + 270 * MINUTE),
    ]
    assert found.spans() == [(BEGIN + 2 * HOUR, BEGIN + 3 * HOUR)]


def test_a_channels_gap_opens_on_time_after_a_gap_of_its_source() -> None:
    plant = connected(source(channels=(SO2, Channel("CO", "mg/m3", basis="dry"))), on="2026-04-01")
    back = BEGIN + 2 * HOUR
    log = (
        Log()
        .add(reading(BEGIN))
        .series(back, [100.0] * 3)
        .tick(back + AFTER)
        .tick(back + AFTER + 1)
    )
    found = one_by_one(log, plant)
    assert found.spans("CO") == [(back, None)]
    opened = [gap for gap in found.gaps if gap.parameter == "CO"]
    assert [gap.detected_at for gap in opened] == [back + AFTER + 1]


def test_a_channel_counts_by_its_mg_m3_series() -> None:
    """Without T, P and H2O a wet channel has no valid normalised value; a raw one has."""
    wet = Channel("SO2", "mg/m3", basis="wet")
    log = Log().series(BEGIN, [100.0] * 6)
    judged = connected(source(channels=(wet,)), on="2026-04-01")
    assert one_by_one(log, judged).spans("SO2") == [(BEGIN, None)]
    flow_only = connected(
        source(channels=(wet,), limits=(limit(9.0, unit="g/s"),)), on="2026-04-01"
    )
    assert one_by_one(log, flow_only).spans("SO2") == []
