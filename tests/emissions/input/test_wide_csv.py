"""The product's own CSV: what is read, and the exact sentence for what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import InputError, ReadingRow
from schemas.reading import Reading

PARAMETERS = {"SO2", "CO", "O2"}
HEADER = "source_id,measured_at,period_s,arrived_at,state,device_serial,SO2,CO,SO2.flag"
GOOD = "A,2026-05-04T00:00:00+05:00,60,,,,1,2,"
MIDNIGHT = 1_777_834_800_000  # 2026-05-04T00:00:00+05:00


def read(tmp_path: Path, content: str | bytes) -> list[ReadingRow]:
    path = tmp_path / "in.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_inputs([path], PARAMETERS))


def refusal(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_every_column_is_read(tmp_path: Path) -> None:
    row = "A,2026-05-04T00:00:00+05:00,60,2026-05-03T19:01:02.5Z,STARTUP,SN-1,1.5,,D"
    assert read(tmp_path, f"{HEADER}\n{row}\n") == [
        ReadingRow(
            1,
            Reading("A", MIDNIGHT, 60, "STARTUP", "SN-1", {"SO2": 1.5}, {"SO2": "D"}),
            MIDNIGHT + 62_500,
        )
    ]


def test_only_the_required_columns(tmp_path: Path) -> None:
    rows = read(tmp_path, "period_s,measured_at,source_id\n1800,1969-12-31T23:59:59.999Z,Ж\n")
    assert rows == [ReadingRow(1, Reading("Ж", -1, 1800, "NORMAL", None, {}, {}), None)]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEADER}\n{GOOD}\n",
        f"{HEADER}\r\n{GOOD}\r\n",
        f"{HEADER}\n\n{GOOD}\n\n\n",
        f"{HEADER}\n{GOOD}",
        HEADER + '\n"A","2026-05-04T00:00:00+05:00","60",,,"","1","2",\n',
        f"{HEADER}\nA,2026-05-03 19:00:00Z,60,,NORMAL,,1,2,N\n",
        f"{HEADER}\nA,2026-05-03T19:00Z,+60,,,,1.0,2e0,\n",
    ],
    ids=["byte order mark", "CRLF", "blank lines", "no last newline", "quotes", "UTC", "short"],
)
def test_the_same_reading_however_it_is_written(tmp_path: Path, content: str) -> None:
    rows = read(tmp_path, content)
    assert rows == [
        ReadingRow(1, Reading("A", MIDNIGHT, 60, "NORMAL", None, {"SO2": 1, "CO": 2}, {}), None)
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1e34", 1e34),
        ("-0.0", -0.0),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("1e999", math.inf),
        ("5e-324", 5e-324),
        (".5", 0.5),
    ],
)
def test_cells_are_ieee_doubles(tmp_path: Path, cell: str, value: float) -> None:
    (row,) = read(tmp_path, f"{HEADER}\nA,2026-05-04T00:00:00+05:00,60,,,,{cell},,\n")
    assert row.reading.values == {"SO2": value}
    assert math.copysign(1, row.reading.values["SO2"]) == math.copysign(1, value)


@pytest.mark.parametrize("cell", ["NaN", "nan", "NAN", "-nan"])
def test_not_a_number_is_a_double_too(tmp_path: Path, cell: str) -> None:
    (row,) = read(tmp_path, f"{HEADER}\nA,2026-05-04T00:00:00+05:00,60,,,,{cell},,\n")
    assert math.isnan(row.reading.values["SO2"])


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        (0, "", "column source_id: is empty"),
        (1, "", "column measured_at: is empty, but a time is required"),
        (1, "04.05.2026 00:00", "column measured_at: '04.05.2026 00:00' is not an ISO 8601 time"),
        (
            1,
            "2026-05-04T00:00:00",
            "column measured_at: '2026-05-04T00:00:00' has no offset from UTC (write +05:00 or Z)",
        ),
        (1, "2026-02-30T00:00Z", "column measured_at: '2026-02-30T00:00Z' is not an ISO 8601 time"),
        (2, "", "column period_s: '' is not a whole number of seconds"),
        (2, "60.0", "column period_s: '60.0' is not a whole number of seconds"),
        (2, "1_0", "column period_s: '1_0' is not a whole number of seconds"),
        (
            2,
            "99999999999",
            "column period_s: '99999999999' seconds is longer than a period can be",
        ),
        (
            3,
            "1900-01-01T00:00:00+05:00",
            "column arrived_at: is before 1970-01-01T00:00Z, when no message can arrive",
        ),
        (3, "soon", "column arrived_at: 'soon' is not an ISO 8601 time"),
        (
            3,
            "2300-01-01T00:00Z",
            "column arrived_at: is after 2299-12-31T23:39Z: results cannot represent times "
            "after 2299",
        ),
        (
            4,
            "normal",
            "column state: 'normal' is not a state "
            "(one of NORMAL, STARTUP, SHUTDOWN, STOPPED, EMERGENCY)",
        ),
        (6, "abc", "column SO2: 'abc' is not a number"),
        (6, "1_000", "column SO2: '1_000' is not a number"),
        (6, "١٢", "column SO2: '١٢' is not a number"),
        (7, '"12,5"', "column CO: '12,5' is not a number"),
        (7, " ", "column CO: ' ' is not a number"),
        (7, "0x10", "column CO: '0x10' is not a number"),
        (8, "X", "column SO2.flag: 'X' is not a flag (one of N F M S D C T B)"),
        (8, "d", "column SO2.flag: 'd' is not a flag (one of N F M S D C T B)"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, column: int, cell: str, why: str) -> None:
    cells = GOOD.split(",")
    cells[column] = cell
    content = f"{HEADER}\n{GOOD}\n{','.join(cells)}\n"
    assert refusal(tmp_path, content) == f"in.csv, row 2 (line 3), {why}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "in.csv is empty: a header row is required"),
        (
            "source_id,period_s\n",
            "in.csv, header: column measured_at is missing (a CSV of another layout needs "
            "--mapping)",
        ),
        (
            "source_id,measured_at,period_s,SO3\n",
            "in.csv, header, column 'SO3': neither a fixed column "
            "nor a parameter of a channel in the registry",
        ),
        (
            "source_id,measured_at,period_s,SO3.flag\n",
            "in.csv, header, column 'SO3.flag': neither a fixed column "
            "nor a parameter of a channel in the registry",
        ),
        (
            "source_id,measured_at,period_s,CO,CO\n",
            "in.csv, header: column 'CO' occurs twice",
        ),
        (
            "source_id,measured_at,period_s\nA,2026-05-04T00:00Z\n",
            "in.csv, row 1 (line 2), it has 2 cells, but the header has 3",
        ),
        (
            "source_id,measured_at,period_s\n\nA,2026-05-04T00:00Z,60,\n",
            "in.csv, row 1 (line 3), it has 4 cells, but the header has 3",
        ),
        (
            b"source_id,measured_at,period_s\nA,2026-05-04T00:00Z,60\n\xcf\xf0,,\n",
            "in.csv, line 3: the text is not utf-8: set `encoding` in a mapping (often cp1251), "
            "or save it as UTF-8",
        ),
        (
            'source_id,measured_at,period_s\nA,2026-05-04T00:00Z,"60\n',
            "in.csv, line 2: unexpected end of data: a quotation mark is opened and never closed",
        ),
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert refusal(tmp_path, content) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"source_id,measured_at,period_s\nA\0,x,60\n", "in.csv, line 2: NUL character: the"),
        (b"source_id," + b"x" * 1_100_000, "in.csv, line 1 is longer than 1048576 characters"),
        (b"\x1f\x8b\x08", "in.csv: it is compressed (gzip): decompress it first"),
        (
            "source_id".encode("utf-16"),
            "in.csv has the byte order mark of utf-16-le, but utf-8 is expected: save it ",
        ),
        (
            b'[{"source_id": "A"}]',
            "in.csv is a JSON array; NDJSON has one object a line",
        ),
        (
            "source_id,measured_at,period_s,SО2\n".encode(),
            "in.csv, header, column 'SО2': neither a fixed column nor a parameter of a channel in "
            "the registry; did you mean SO2, it has Cyrillic letter О (U+041E)? write SO2",
        ),
        (b"source_id;measured_at;period_s\n", "in.csv, header: column source_id is missing (a "),
        (b"source_id,measured_at,period_s\nA,9999-12-31T24:00Z,60\n", "in.csv, row 1 (line 2), co"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert refusal(tmp_path, content).startswith(sentence)


def test_the_hour_24_is_the_next_midnight_and_sep_is_no_row(tmp_path: Path) -> None:
    for line in ("2026-05-03T24:00:00+05:00", "2026-05-03T24:00+05:00", "20260503T24+05:00"):
        content = f"sep=,\r\nsource_id,measured_at,period_s\r\nA,{line},60\r\n"
        (row,) = read(tmp_path, content)
        assert row.reading.measured_at == MIDNIGHT


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: No such file or directory"):
        list(read_inputs([tmp_path / "none.csv"], PARAMETERS))


def test_files_follow_each_other_and_count_their_own_rows(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(f"{HEADER}\n{GOOD}\n{GOOD}\n")
    rows = list(read_inputs([tmp_path / "a", tmp_path / "b"], PARAMETERS))
    assert [row.row for row in rows] == [1, 2, 1, 2]
