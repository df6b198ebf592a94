"""A layout reads what it would write, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.input.time_layout import LayoutError, TimeLayout


@pytest.mark.parametrize(
    ("layout", "cell", "expected"),
    [
        ("%d.%m.%Y %H:%M", "04.05.2026 00:20", "2026-05-04 00:20"),
        ("%d.%m.%Y %H:%M", "4.5.2026  0:20", "2026-05-04 00:20"),
        ("%d.%m.%Y %H:%M", "30.04.2026 24:00", "2026-05-01 00:00"),
        ("%d.%m.%Y %H:%M:%S", "31.12.2026 24:00:00", "2027-01-01 00:00"),
        ("%Y-%m-%d %H", "2026-05-04 24", "2026-05-05 00:00"),
        ("%Y%m%d%H%M", "202605042400", "2026-05-05 00:00"),
        ("%m/%d/%Y %I:%M %p", "05/04/2026 12:20 AM", "2026-05-04 00:20"),
        ("%m/%d/%Y %I:%M %p", "05/04/2026 12:20 pm", "2026-05-04 12:20"),
        ("%m/%d/%Y %I:%M%p", "5/4/2026 1:20PM", "2026-05-04 13:20"),
        ("%m/%d/%Y %H:%M %p", "05/04/2026 13:20 PM", "2026-05-04 13:20"),
        ("%d%b%Y:%H:%M:%S.%f", "4May2026:01:02:03.5", "2026-05-04 01:02:03.500000"),
        ("%B %d, %Y %H:%M", "December 9, 2026 1:00", "2026-12-09 01:00"),
        ("%Y/%j %H:%M", "2024/366 01:00", "2024-12-31 01:00"),
        ("%a %d.%m.%y %H:%M", "Mon 04.05.26 00:00", "2026-05-04 00:00"),
        ("%Y-%m-%dT%H:%M:%S,%f", "2026-05-04T00:00:00,25", "2026-05-04 00:00:00.250000"),
    ],
)
def test_a_cell_is_read(layout: str, cell: str, expected: str) -> None:
    assert TimeLayout(layout)(cell) == (datetime.fromisoformat(expected), None)


@pytest.mark.parametrize(
    ("written", "hours"), [("+0500", 5.0), ("+05:30", 5.5), ("-03", -3.0), ("Z", 0.0)]
)
def test_an_offset_is_read(written: str, hours: float) -> None:
    found = TimeLayout("%Y-%m-%d %H:%M %z")(f"2026-05-04 00:00 {written}")
    assert found == (datetime(2026, 5, 4), timedelta(hours=hours))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("layout", "cell"),
    [
        ("%Y%m%d%H%M%S", "202605041240"),  # fewer digits than fields
        ("%Y%m%d%H%M", "20260504 1240"),
        ("%d.%m.%Y %H:%M", "04.05.2026 00:20:59"),  # text left over
        ("%d.%m.%Y %H:%M", "04.05.2026 00:20 PM"),
        ("%d.%m.%Y %H:%M", "04.05.26 00:20"),
        ("%d.%m.%y %H:%M", "04.05.2026 00:20"),
        ("%d.%m.%Y %H:%M", "04.05.2026 24:01"),
        ("%d.%m.%Y %H:%M", "04.05.2026 25:00"),
        ("%d.%m.%Y %H:%M", "31.04.2026 00:00"),
        ("%d.%m.%Y %H:%M", "٠4.05.2026 00:00"),
        ("%m/%d/%Y %H:%M %p", "05/04/2026 12:20 AM"),  # the hour of midnight, read as noon
        ("%m/%d/%Y %H:%M %p", "05/04/2026 01:20 PM"),
        ("%m/%d/%Y %I:%M %p", "05/04/2026 13:20 PM"),
        ("%m/%d/%Y %I:%M %p", "05/04/2026 0:20 AM"),
        ("%a %d.%m.%Y %H:%M", "Tue 04.05.2026 00:00"),
        ("%Y/%j %H:%M", "2026/366 00:00"),
        ("%Y-%m-%d %H:%M %z", "2026-05-04 00:00 +0575"),
    ],
)
def test_a_cell_that_is_not_written_so(layout: str, cell: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TimeLayout(layout)(cell)


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("%d.%m %H:%M", "the year is missing"),
        ("%Y %H:%M", "the month or the day is missing"),
        ("%Y-%m %H:%M", "the month or the day is missing"),
        ("%Y-%m-%d", "the hour is missing (%H, or %I with %p); if it is in another column"),
        ("%Y-%m-%d %H", "the minute is missing (%M), but a period is 90 s"),
        ("%Y-%m-%d %H:%M", "the second is missing (%S), but a period is 90 s"),
        ("%Y-%m-%d %I:%M", "%I requires %p"),
        ("%Y-%m-%d %I %H:%M", "%H and %I are redundant"),
        ("%Y-%m-%d %d %H:%M", "%d occurs twice"),
        ("%Y-%m-%d %H:%M %Z", "%Z: a zone name has no offset"),
        ("%c", "%c is not supported"),
        ("%Y-%m-%d %H:%M%", "a single %"),
    ],
)
def test_a_layout_that_cannot_say_when(layout: str, why: str) -> None:
    with pytest.raises(LayoutError) as caught:
        TimeLayout(layout, period_s=90)
    assert str(caught.value).startswith(why)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),  # noqa: DTZ001
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S.%f", "%d.%m.%y %H:%M:%S.%f", "%Y%m%d%H%M%S%f", "%Y/%j %I:%M:%S.%f %p",
         "%A %d %B %Y, %H.%M.%S.%f", "%a%b%d%Y%H%M%S.%f"]
    ),
)  # fmt: skip
def test_what_a_layout_writes_it_reads(moment: datetime, layout: str) -> None:
    assert TimeLayout(layout)(moment.strftime(layout))[0] == moment
