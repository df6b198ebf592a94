"""The local clock: days of 23, 24 and 25 hours, windows that tile time, moments as written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.time.interval import DAY, HOUR, MINUTE, SLOT
from streams.core.time.local_clock import (
    clock,
    from_datetime,
    iso,
    midnight,
    parse_instant,
    to_datetime,
    zone,
)
from streams.registry.errors import Problem
from streams.registry.moments import check_midnight

ALMATY = clock("Asia/Almaty")
ZONES = (
    "Asia/Almaty",
    "Asia/Qyzylorda",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "UTC",
)
LENGTHS = (SLOT, 20 * MINUTE, 30 * MINUTE, HOUR)

zones = st.sampled_from(ZONES)
instants = st.integers(
    from_datetime(datetime(2005, 1, 1, tzinfo=UTC)), from_datetime(datetime(2035, 1, 1, tzinfo=UTC))
)
switches = st.sampled_from(
    [
        datetime(2024, 2, 29, 18, 30, tzinfo=UTC),  # Almaty leaves UTC+6
        datetime(2018, 12, 20, 18, tzinfo=UTC),  # Qyzylorda becomes UTC+6
        datetime(2024, 4, 6, 15, tzinfo=UTC),  # Lord Howe goes back by half an hour
        datetime(2024, 10, 5, 15, 30, tzinfo=UTC),
        datetime(2022, 9, 21, 19, 30, tzinfo=UTC),  # Tehran, for the last time
        datetime(2024, 3, 31, 1, tzinfo=UTC),
        datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia skips a day
    ]
)
near_switches = st.builds(
    lambda switch, shift: from_datetime(switch) + shift, switches, st.integers(-DAY, DAY)
)


def utc(*parts: int) -> int:
    """The instant of a date and time in UTC."""
    return from_datetime(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type, misc]


def test_the_day_on_which_almaty_left_utc_6_has_25_hours() -> None:
    start, end = ALMATY.day(utc(2024, 2, 29, 12))
    assert (iso(start), iso(end)) == ("2024-02-28T18:00:00Z", "2024-02-29T19:00:00Z")
    assert end - start == 25 * HOUR
    assert ALMATY.day(end) == (end, end + DAY)
    assert ALMATY.day(start - 1) == (start - DAY, start)


def test_the_repeated_local_hour_is_two_windows() -> None:
    """23:00 to 24:00 of that day comes twice: first at UTC+6, then at UTC+5."""
    first, second = utc(2024, 2, 29, 17), utc(2024, 2, 29, 18)
    for at, offset in ((first, 6), (second, 5)):
        assert ALMATY.offset(at) == offset * HOUR
        assert ALMATY.start(at + 17 * MINUTE, HOUR) == at
        assert ALMATY.end(at, HOUR) == at + HOUR
        assert ALMATY.start(at + 35 * MINUTE, 30 * MINUTE) == at + 30 * MINUTE
    assert ALMATY.date(second) == date(2024, 2, 29)


def test_the_day_on_which_qyzylorda_left_its_zone_has_25_hours() -> None:
    """Qyzylorda went from UTC+6 to UTC+5 at the midnight that begins 2018-12-21."""
    local = clock("Asia/Qyzylorda")
    start, end = local.day(utc(2018, 12, 20, 12))
    assert end - start == 25 * HOUR
    assert local.date(end) == date(2018, 12, 21)
    assert iso(end) == "2018-12-20T19:00:00Z"


def test_slots_of_a_zone_between_the_hours_lie_on_its_own_clock() -> None:
    local = clock("Asia/Kathmandu")  # UTC+5:45
    at = utc(2026, 1, 1, 12, 0)
    assert local.start(at, SLOT) == at - 5 * MINUTE
    assert local.start(at, 20 * MINUTE) == at - 5 * MINUTE
    assert local.start(at, 30 * MINUTE) == at - 15 * MINUTE
    assert local.start(at, HOUR) == at - 45 * MINUTE
    assert local.day(at)[0] == utc(2025, 12, 31, 18, 15)


@given(zones, instants | near_switches, st.sampled_from(LENGTHS))
def test_windows_tile_time_and_contain_their_instant(name: str, instant: int, length: int) -> None:
    local = clock(name)
    start = local.start(instant, length)
    end = local.end(start, length)
    assert start <= instant < end
    assert local.start(start, length) == start
    assert local.start(end - 1, length) == start
    assert local.start(end, length) == end
    assert local.start(start - 1, length) < start
    assert local.end(local.start(start - 1, length), length) == start


@given(zones, instants | near_switches, st.sampled_from(LENGTHS))
def test_a_window_starts_where_local_time_is_a_multiple(
    name: str, instant: int, length: int
) -> None:
    local = clock(name)
    start = local.start(instant, length)
    assert (start + local.offset(start)) % length == 0


@given(zones, instants | near_switches)
def test_days_tile_time(name: str, instant: int) -> None:
    local = clock(name)
    start, end = local.day(instant)
    assert start <= instant < end
    assert local.day(start) == local.day(end - 1) == (start, end)
    assert local.day(end)[0] == end


@given(zones, instants | near_switches)
def test_the_offset_is_that_of_the_iana_data(name: str, instant: int) -> None:
    expected = to_datetime(instant).astimezone(ZoneInfo(name)).utcoffset()
    assert timedelta(milliseconds=clock(name).offset(instant)) == expected


@given(zones, instants | near_switches)
def test_a_slot_lies_in_one_window_of_every_length(name: str, instant: int) -> None:
    local = clock(name)
    start = local.start(instant, SLOT)
    for length in LENGTHS:
        assert local.start(start, length) == local.start(instant, length)
    assert local.day(start) == local.day(instant)


def test_a_date_is_the_local_midnight_and_a_time_keeps_its_offset() -> None:
    assert parse_instant("Asia/Almaty", "2024-02-29") == utc(2024, 2, 28, 18)
    assert parse_instant("Asia/Almaty", "2024-03-01") == utc(2024, 2, 29, 19)
    assert parse_instant("Asia/Almaty", "2026-03-01T00:00:00+05:00") == utc(2026, 2, 28, 19)
    assert parse_instant("UTC", "2026-03-01T00:00:00Z") == utc(2026, 3, 1)
    assert midnight("Asia/Almaty", date(2026, 3, 1)) == utc(2026, 2, 28, 19)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2026-02-30", "'2026-02-30' is neither a date nor a time"),
        ("0000-01-01", "'0000-01-01' is neither a date nor a time"),
        ("tomorrow", "'tomorrow' is neither a date nor a time"),
        ("", "'' is neither a date nor a time"),
        ("2026-03-01T00:00:00", "'2026-03-01T00:00:00' has no offset from UTC"),
        ("2026-03-01T00:00:00.5Z", "'2026-03-01T00:00:00.5Z' is not in whole seconds"),
    ],
)
def test_a_moment_that_cannot_be_read_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_instant("Asia/Almaty", text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["Asia/Nowhere", "../etc/passwd", "", "Asia", "Asia//Almaty"])
def test_a_zone_that_is_not_in_the_data_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone of the IANA data"):
        zone(name)


def test_iso_writes_milliseconds_only_where_there_are_some() -> None:
    assert iso(utc(2026, 3, 1)) == "2026-03-01T00:00:00Z"
    assert iso(utc(2026, 3, 1) + 7) == "2026-03-01T00:00:00.007Z"


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_an_offset_leads_out_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        parse_instant("Asia/Almaty", text)


def test_a_limit_does_not_end_with_the_last_second_of_the_calendar() -> None:
    with pytest.raises(Problem, match="is not a midnight"):
        check_midnight("Asia/Almaty", "9999-12-31T23:59:59+05:00", "valid_to")


def test_the_ends_of_the_calendar_are_moments() -> None:
    for text in ("0001-01-02", "9999-12-31", "9999-12-31T23:59:59+05:00"):
        assert iso(parse_instant("Asia/Almaty", text))
