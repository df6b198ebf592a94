"""Times of a mapped table: several columns, zones of the pinned data, hours that come twice."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import zoneinfo
from pathlib import Path

import pytest

from emissions.input.reading_row import InputError
from tests.emissions.input.mapped import refusal_of, rows_of, times_of

LAYOUT = 'format: "%Y-%m-%d %H:%M"'


def mapping(time: str, period_s: int = 1200) -> str:
    return (
        f"{{source: A, period_s: {period_s}, time: {{column: t, {time}}},"
        " parameters: {CO: {column: CO}}}"
    )


def table(*times: str) -> str:
    return "t,CO\n" + "".join(f"{time},{number}\n" for number, time in enumerate(times))


BERLIN = f"{LAYOUT}, timezone: Europe/Berlin"
TWICE = [
    "2025-10-26 01:40",
    *(f"2025-10-26 02:{m}" for m in ("00", "20", "40")),
    "2025-10-26 03:00",
]
BOTH = [*TWICE[:4], *TWICE[1:]]


def test_a_repeated_hour_is_refused_unless_the_mapping_says_which(tmp_path: Path) -> None:
    assert refusal_of(tmp_path, mapping(BERLIN), table(*BOTH)) == (
        "in.csv, row 2 (line 3), column t: '2025-10-26 02:00' occurs twice in Europe/Berlin, where "
        "clocks were put back: set `repeated` in the mapping (in_order, first or "
        "second)"
    )


def test_in_order_rows_tell_which_hour_they_mean(tmp_path: Path) -> None:
    said: list[str] = []
    found = times_of(tmp_path, mapping(f"{BERLIN}, repeated: in_order"), table(*BOTH), said)
    assert found == [
        "2025-10-25T23:40:00Z", "2025-10-26T00:00:00Z", "2025-10-26T00:20:00Z",
        "2025-10-26T00:40:00Z", "2025-10-26T01:00:00Z", "2025-10-26T01:20:00Z",
        "2025-10-26T01:40:00Z", "2025-10-26T02:00:00Z",
    ]  # fmt: skip
    assert said == []


def test_almaty_put_its_clocks_back_once(tmp_path: Path) -> None:
    times = ["2024-02-29 22:40", "2024-02-29 23:00", "2024-02-29 23:20", "2024-02-29 23:40"]
    almaty = mapping(f"{LAYOUT}, timezone: Asia/Almaty, repeated: in_order")
    found = times_of(tmp_path, almaty, table(*times, *times[1:], "2024-02-29 24:00"))
    assert found[0] == "2024-02-29T16:40:00Z"
    assert found[-1] == "2024-02-29T19:00:00Z"
    assert len(set(found)) == 8


def test_any_order_of_rows_gives_the_same_or_is_refused(tmp_path: Path) -> None:
    hourly = ["2025-10-26 01:00", "2025-10-26 02:00", "2025-10-26 02:00", "2025-10-26 03:00"]
    for time in (BERLIN, f"{BERLIN}, repeated: first", f"{BERLIN}, repeated: second"):
        for order in itertools.permutations(hourly):
            with pytest.raises(InputError):
                rows_of(tmp_path, mapping(time, 3600), table(*order))
    in_order = mapping(f"{BERLIN}, repeated: in_order", 3600)
    wanted = sorted(times_of(tmp_path, in_order, table(*hourly)))
    for order in set(itertools.permutations(hourly)):
        try:
            found = times_of(tmp_path, in_order, table(*order))
        except InputError:
            continue
        assert sorted(found) == wanted


@pytest.mark.parametrize("shuffled", [sorted(BOTH), BOTH[::-1]])
def test_rows_that_are_not_in_order_are_refused(tmp_path: Path, shuffled: list[str]) -> None:
    sentence = refusal_of(tmp_path, mapping(f"{BERLIN}, repeated: in_order"), table(*shuffled))
    assert "the rows of A are not in order of time" in sentence


@pytest.mark.parametrize(
    ("repeated", "first"),
    [
        ("in_order", "2025-10-26T00:00:00Z"),
        ("first", "2025-10-26T00:00:00Z"),
        ("second", "2025-10-26T01:00:00Z"),
    ],
)
def test_one_of_the_two_hours_is_said(tmp_path: Path, repeated: str, first: str) -> None:
    said: list[str] = []
    found = times_of(tmp_path, mapping(f"{BERLIN}, repeated: {repeated}"), table(*TWICE), said)
    assert found[1] == first
    (sentence,) = said
    assert sentence.startswith(
        "in.csv: 3 local times occur only once in hours that Europe/Berlin rep"
    )


def test_a_time_that_clocks_skipped_is_refused(tmp_path: Path) -> None:
    sentence = refusal_of(tmp_path, mapping(BERLIN), table("2025-03-30 02:30"))
    assert "'2025-03-30 02:30' does not exist in Europe/Berlin" in sentence


def test_a_clock_of_one_offset_repeats_nothing(tmp_path: Path) -> None:
    for zone in ("Etc/GMT-5", '"+05:00"', "UTC+5"):
        found = times_of(
            tmp_path, mapping(f"{LAYOUT}, timezone: {zone}"), table("2024-02-29 23:20")
        )
        assert found == ["2024-02-29T18:20:00Z"]


@pytest.mark.process
def test_zones_are_those_of_the_pinned_data_whatever_the_host_has(tmp_path: Path) -> None:
    """A host whose Almaty is still six hours ahead, or has no zones at all."""
    host = tmp_path / "zoneinfo"
    (host / "Asia").mkdir(parents=True)
    fixed = Path(str(zoneinfo.__file__)).parent  # any place without the zone's own data
    assert fixed.exists()
    (host / "Asia" / "Almaty").write_bytes(_fixed_zone_file())
    (tmp_path / "m.yaml").write_text(mapping(f"{LAYOUT}, timezone: Asia/Almaty"))
    (tmp_path / "in.csv").write_text(table("2026-05-04 00:00"))
    code = (
        "import sys, emissions.cli.main; from pathlib import Path; from zoneinfo import ZoneInfo; "
        "from datetime import datetime; "
        "from emissions.input.read_inputs import read_inputs as r; d = Path(sys.argv[1]); "
        "print(next(r([d / 'in.csv'], {'CO'}, [d / 'm.yaml'])).reading.measured_at, "
        "datetime(2026, 5, 4, tzinfo=ZoneInfo('Asia/Almaty')).utcoffset())"
    )
    for path in (str(host), ""):
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path],
            env={**os.environ, "PYTHONTZPATH": path},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert done.stdout.split() == ["1777834800000", "5:00:00"]


def _fixed_zone_file() -> bytes:
    """A TZif file of one offset, UTC+6."""
    head = b"TZif2" + b"\0" * 15
    empty = head + b"\0" * 12 + (0).to_bytes(4) + (1).to_bytes(4) + (4).to_bytes(4)
    kind = (6 * 3600).to_bytes(4) + b"\0\0" + b"+06\0"
    return empty + kind + empty + kind + b"\n<+06>-6\n"


@pytest.mark.parametrize(
    ("columns", "layout", "marks", "cells", "expected"),
    [
        ("[d, h]", "%Y-%m-%d %H", "start", "2026-05-04,0", "2026-05-03T19:00:00Z"),
        ("[d, h]", "%Y-%m-%d %H", "start", "2026-05-04,23", "2026-05-04T18:00:00Z"),
        ("[d, h]", "%Y-%m-%d %H", "end", "2026-05-04,1", "2026-05-03T19:00:00Z"),
        ("[d, h]", "%Y-%m-%d %H", "end", "2026-05-04,24", "2026-05-04T18:00:00Z"),
        ("[d, h]", "%d.%m.%Y %H:%M:%S", "start", "04.05.2026,05:00:00", "2026-05-04T00:00:00Z"),
        ("[d, h]", "%d/%m/%Y %I:%M %p", "start", "04/05/2026,5:00 AM", "2026-05-04T00:00:00Z"),
    ],
)
def test_the_time_in_several_columns(
    tmp_path: Path, columns: str, layout: str, marks: str, cells: str, expected: str
) -> None:
    text = (
        f'{{source: A, period_s: 3600, time: {{columns: {columns}, format: "{layout}", '
        f"timezone: Asia/Almaty, marks: {marks}}}, parameters: {{CO: {{column: CO}}}}}}"
    )
    assert times_of(tmp_path, text, f"d,h,CO\n{cells},1\n") == [expected]


def test_year_month_day_and_hour_in_four_columns(tmp_path: Path) -> None:
    text = (
        '{source: A, period_s: 3600, time: {columns: [y, m, d, h], format: "%Y %m %d %H", '
        "timezone: UTC}, parameters: {CO: {column: CO}}}"
    )
    assert times_of(tmp_path, text, "h,d,m,y,CO\n7,4,5,2026,1\n") == ["2026-05-04T07:00:00Z"]


@pytest.mark.parametrize(
    ("layout", "zone", "why"),
    [
        ("%Y-%m-%d %H:%M UTC", "Asia/Almaty", "its text says UTC, but timezone says Asia/Almaty"),
        ("%Y-%m-%dT%H:%M:%SZ", "Asia/Almaty", "its text says Z, but timezone says Asia/Almaty"),
        ("%Y-%m-%d %H:%M GMT", "Europe/London", "its text says GMT, but timezone says Europe/Lon"),
        ("%Y-%m-%d %H:%M+05:00", "Asia/Tokyo", "its text says +05:00, but timezone says Asia/Tok"),
        ("%Y-%m-%d", "Asia/Almaty", "the hour is missing"),
    ],
)
def test_a_layout_that_contradicts_its_zone(
    tmp_path: Path, layout: str, zone: str, why: str
) -> None:
    sentence = refusal_of(tmp_path, mapping(f'format: "{layout}", timezone: {zone}'), "t,CO\n")
    assert sentence.startswith(f"m.yaml: $.time.format: {why}")


def test_a_zone_word_may_be_text_of_the_format(tmp_path: Path) -> None:
    text = mapping('format: "%d.%m.%Y %H:%M UTC", timezone: Etc/UTC')
    assert times_of(tmp_path, text, table("03.05.2026 19:00 UTC")) == ["2026-05-03T19:00:00Z"]


def test_a_cell_that_is_not_written_so_names_row_column_and_key(tmp_path: Path) -> None:
    text = mapping('format: "%Y%m%d%H%M%S", timezone: Asia/Almaty')
    assert refusal_of(tmp_path, text, table("202605041240")) == (
        "in.csv, row 1 (line 2), column t: '202605041240' is not a time like %Y%m%d%H%M%S: it "
        "does not match (`time.format` in the mapping)"
    )


def test_a_local_iso_time_names_the_key(tmp_path: Path) -> None:
    sentence = refusal_of(tmp_path, mapping("format: iso"), table("2026-05-04T00:00"))
    assert sentence.endswith("(set `time.format` and `.timezone` in the mapping for other layouts)")


def test_the_end_of_the_calendar_is_a_sentence(tmp_path: Path) -> None:
    text = mapping(f"{LAYOUT}, timezone: Asia/Almaty")
    assert "outside the calendar" in refusal_of(tmp_path, text, table("9999-12-31 24:00"))
    assert len(rows_of(tmp_path, text, table("0001-01-01 00:00"))) == 1
