"""How much of the time sources transmitted, against a count of minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.periods import Period
from emissions.portal.queries.transmission import FirstData, Silence, ValidTime
from emissions.portal.transmission import Shares, shares, shares_by, source_shares
from tests.emissions.portal.nation import place

START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTES = 120


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


PERIODS = [
    Period(date(2026, 5, 1), at(0), at(60)),
    Period(date(2026, 5, 2), at(60), at(MINUTES)),
]


@st.composite
def gaps(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """Gaps that do not touch; the last may last."""
    cuts = sorted(draw(st.sets(st.integers(-30, 150), max_size=8)))
    found: list[tuple[int, int | None]] = list(zip(cuts[::2], cuts[1::2], strict=False))
    if len(cuts) % 2:
        found.append((cuts[-1], None))
    return found


@given(gaps(), st.integers(-30, 130), st.integers(-10, 150))
def test_silence_is_what_a_count_of_minutes_finds(
    told: list[tuple[int, int | None]], first: int, newest: int
) -> None:
    silences = [
        Silence("s", at(a), None if b is None else at(b), at(a)) for a, b in told if a <= newest
    ]
    begins = min([first, *(a for a, _ in told if a <= newest)])
    found = source_shares(
        [place(source_id="s")], PERIODS, silences, [FirstData("s", at(first))], [], at(newest)
    )
    for number, period in enumerate(PERIODS):
        watched = [
            minute
            for minute in range(-60, 200)
            if period.start <= at(minute) < period.end and begins <= minute < newest
        ]
        silent = [
            minute
            for minute in watched
            if any(a <= minute and (b is None or minute < b) for a, b in told)
        ]
        rows = [each for each in found if each.period == number]
        assert [(each.observed_s, each.silent_s) for each in rows] == (
            [(60 * len(watched), 60 * len(silent))] if watched else []
        )


def test_a_source_that_never_sent_has_no_share() -> None:
    assert source_shares([place()], PERIODS, [], [], [], at(90)) == []
    assert (shares([]).transmitted, shares([]).valid, shares([]).both) == (None, None, None)


def test_sources_weigh_by_the_time_they_were_watched() -> None:
    found = source_shares(
        [place(source_id="old", bin="1"), place(source_id="new", bin="2")],
        PERIODS[:1],
        [Silence("new", at(50), None, at(55).replace(tzinfo=None))],
        [FirstData("old", at(-99).replace(tzinfo=None)), FirstData("new", at(40))],
        [ValidTime("old", 1, 900, 1200), ValidTime("new", 1, 600, 600)],
        at(60),
    )
    both = shares(found)
    assert (both.sources, both.silent_now) == (2, 1)
    assert both.transmitted == 1 - 600 / 4800
    assert both.valid == 1500 / 1800
    of_bin = shares_by(found, lambda each: each.place.bin)
    assert (of_bin["1"].transmitted, of_bin["2"].transmitted) == (1.0, 0.5)
    assert of_bin["1"].both == 0.75


def test_wholly_silent_is_nothing_and_not_unknown() -> None:
    assert Shares(1, 1, 60.0, 60.0, 0, 0).both == 0.0
    assert Shares(1, 0, 60.0, 30.0, 0, 0).both is None
