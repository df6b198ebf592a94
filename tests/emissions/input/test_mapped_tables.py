"""Tables as the field has them: expressed in the mapping, or named with the key that would."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from emissions.input.mapping_file import describe_keys
from tests.emissions.input.mapped import refusal_of, rows_of, times_of, values_of

TIME = 'time: {column: Date, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty}'


def mapping(more: str = "", so2: str = "{column: SO2}", time: str = TIME) -> str:
    return (
        f"source: F-1\nperiod_s: 1200\n{time}\ndelimiter: ';'\ndecimal: ','\n{more}\n"
        f"parameters: {{SO2: {so2}}}\n"
    )


ROWS = "04.05.2026 00:00;12,5\n04.05.2026 00:20;13,5\n"
BOTH = [{"SO2": 12.5}, {"SO2": 13.5}]


@pytest.mark.parametrize(
    ("more", "table"),
    [
        ("", f"Date;SO2\n{ROWS}"),
        ("", f"Date;SO2\n{ROWS.replace(chr(10), chr(13) + chr(10))}"),
        ("", f"Date;SO2\n{ROWS}".replace("\n", "\r")),
        ("", f"sep=;\nDate;SO2\n{ROWS}"),
        ("", f'"sep=;"\r\nDate;SO2\n{ROWS}'),
        ("", f"  Date ; SO2 \n{ROWS.replace(';', ' ; ')}"),
        ("", f"Date;SO2\n\n{ROWS}\n\n"),
        ("", f"Date;SO2;;\n{ROWS.replace(chr(10), ';;' + chr(10))};;;\n"),
        ("", f"Date;SO2\n{ROWS.replace(chr(10), ';;' + chr(10))}"),
        ("skip_lines: 2", f'Report of "May\n\nDate;SO2\n{ROWS}'),
        ("units_lines: 1", f"Date;SO2\n;мг/м3\n{ROWS}"),
        ("footer_lines: 2", f"Date;SO2\n{ROWS}Среднее;13\nПодпись: ____\n\n"),
        ("skip_rows: {column: Date, begins: [Итого]}", f"Date;SO2\n{ROWS}Итого за сутки;26\n"),
        ("skip_rows: {column: Date, begins: [Итого]}", f"Date;SO2\n{ROWS}Итого\n"),
        ("comment: '#'", f"# logger 7\nDate;SO2\n# calibrated\n{ROWS}"),
        ("header: [Date, SO2]", ROWS),
        ("header: [Date, SO2]\nskip_lines: 1", f"Дата;Дата\n{ROWS}"),
        ("skip_lines: 3\nunits_lines: 1\nfooter_lines: 1", f"a\nb\n\nDate;SO2\n-;-\n{ROWS}x\n"),
    ],
)
def test_the_same_readings_however_they_are_laid_out(tmp_path: Path, more: str, table: str) -> None:
    assert values_of(tmp_path, mapping(more), table) == BOTH


def test_names_that_nobody_maps_may_repeat_and_be_empty(tmp_path: Path) -> None:
    table = "Date;SO2;Status;NO;Status;;\n04.05.2026 00:00;12,5;Good;3,1;Good;;\n"
    said: list[str] = []
    (row,) = rows_of(tmp_path, mapping(), table, said=said)
    assert row.reading.values == {"SO2": 12.5}
    assert said == ["in.csv: skipped columns, not mapped: Status, NO, Status"]
    assert refusal_of(tmp_path, mapping(so2="{column: Status}"), table) == (
        "in.csv, header: column 'Status' occurs twice (columns 3, 5; name the columns with "
        "`header` in the mapping, or skip the line with `skip_lines`)"
    )
    named = mapping(
        "header: [Date, SO2, S1, NO, S2, a, b]\nskip_lines: 1",
        so2="{column: SO2, flag: {column: S2, values: {Good: N}}}",
    )
    assert values_of(tmp_path, named, table) == [{"SO2": 12.5}]


@pytest.mark.parametrize(
    ("mark", "encoding", "aliases"),
    [
        (codecs.BOM_UTF8, "utf-8", ["utf-8", "utf8", "UTF_8", "U8", "cp65001", "utf-8-sig"]),
        (codecs.BOM_UTF16_LE, "utf-16-le", ["utf-16-le", "UTF-16LE", "utf_16_le", "utf-16", "u16"]),
        (codecs.BOM_UTF16_BE, "utf-16-be", ["utf-16-be", "UTF-16BE", "utf-16"]),
        (codecs.BOM_UTF32_LE, "utf-32-le", ["utf-32-le", "utf-32"]),
        (b"", "cp1251", ["cp1251", "windows-1251", "1251"]),
        (b"", "utf-16-le", ["utf-16-le", "utf-16"]),
        (b"", "cp866", ["cp866", "ibm866"]),
    ],
)
def test_a_byte_order_mark_is_no_part_of_a_name_under_any_alias(
    tmp_path: Path, mark: bytes, encoding: str, aliases: list[str]
) -> None:
    content = mark + f"Date;SO2\n{ROWS}".encode(encoding)
    for alias in aliases:
        text = mapping(f"encoding: {alias}")
        assert [row.reading.values for row in rows_of(tmp_path, text, content)] == BOTH


@pytest.mark.parametrize(
    ("content", "encoding", "why"),
    [
        (codecs.BOM_UTF8 + b"Date;SO2\n", "cp1251", "in.csv has the byte order mark of ut"),
        (codecs.BOM_UTF16_BE + b"\0D", "utf-16-le", "in.csv has the byte order mark of"),
        ("Date;SO2\n".encode("utf-16-le"), "cp1251", "in.csv, line 1: NUL character: the text"),
        (b"Date;SO2\n\xff;1\n", "utf-8", "in.csv, line 2: the text is not utf-8"),
        (b"\x1f\x8b\x08\x00", "utf-8", "in.csv: it is compressed (gzip): decompress it first"),
        (b"PK\x03\x04....", "utf-8", "in.csv: it is a workbook or a zip archive"),
        (b"Date;SO2\n" + b"1" * 2_000_000, "utf-8", "in.csv, line 2 is longer than 1048576 char"),
        (b"Date;SO2\n\"" + b"1" * 200_000 + b'";1\n', "utf-8", "in.csv, line 2: field larger than"),
        (b'Date;SO2\n"04.05.2026 00:00;1\n', "utf-8", "in.csv, line 2: unexpected end of data"),
        (b'Date;SO2\n"04"05;1\n', "utf-8", "in.csv, line 2: ';' expected after '\"' (delimiter "),
        (b"", "utf-8", "in.csv is empty: a header row is required"),
    ],
)  # fmt: skip
def test_text_that_is_none_is_named(
    tmp_path: Path, content: bytes, encoding: str, why: str
) -> None:
    assert refusal_of(tmp_path, mapping(f"encoding: {encoding}"), content).startswith(why)


@pytest.mark.parametrize("name", ["rot13", "base64", "zip", "undefined", "idna", '"a\\0b"', "x"])
def test_an_encoding_is_one_of_text(tmp_path: Path, name: str) -> None:
    sentence = refusal_of(tmp_path, mapping(f"encoding: {name}"))
    assert "$.encoding:" in sentence or "m.yaml" in sentence


@pytest.mark.parametrize(
    ("more", "cell", "value"),
    [
        ("below: half", "<0,5", 0.25),
        ("below: half", "< 0,5", 0.25),
        ("below: zero", "<0,5", 0.0),
        ("below: half\nthousands: ' '", "<1 000", 500.0),
        ("thousands: ' '", "1 234,5", 1234.5),
        ("thousands: ' '", "1\u00a0234\u202f567,5", 1234567.5),
        ("thousands: '.'", "1.234,5", 1234.5),
        ('thousands: "\'"', "1'234,5", 1234.5),
        ("thousands: ' '", "-12,5", -12.5),
        ("", "1,5e1", 15.0),
    ],
)
def test_numbers_as_they_are_written(tmp_path: Path, more: str, cell: str, value: float) -> None:
    table = f"Date;SO2\n04.05.2026 00:00;{cell}\n"
    assert values_of(tmp_path, mapping(more), table) == [{"SO2": value}]


@pytest.mark.parametrize(
    ("more", "cell", "key"),
    [
        ("", "<0,5", "`below: half` or `below: zero`"),
        ("", "1 234,5", "`thousands` in the mapping"),
        ("thousands: ' '", "12 34,5", "is not a number"),
        ("thousands: '.'", "12.5", "is not a number with a decimal comma"),
        ("", "н/д", "`nulls` in the mapping"),
        ("", ">3000", "`nulls` in the mapping"),
        ("below: half", "<мало", "'<мало' has no number after < (add it to `nulls` in"),
        ("below: zero", "<LOD", "'<LOD' has no number after < (add it to `nulls` in"),
        ("below: half", "<-5", "'<-5' has no number"),
        ("below: zero", "<nan", "'<nan' has no number"),
        ("below: half", "<inf", "'<inf' has no number"),
        ("", "12.5", "is not a number with a decimal comma"),
    ],
)
def test_a_number_that_is_none_names_the_key(
    tmp_path: Path, more: str, cell: str, key: str
) -> None:
    sentence = refusal_of(tmp_path, mapping(more), f"Date;SO2\n04.05.2026 00:00;{cell}\n")
    assert sentence.startswith("in.csv, row 1 (line 2), column SO2: ")
    assert key in sentence


def test_a_column_may_have_its_own_policy(tmp_path: Path) -> None:
    text = mapping("below: zero", so2="{column: SO2, below: half, factor: 2}")
    assert values_of(tmp_path, text, "Date;SO2\n04.05.2026 00:00;<1\n") == [{"SO2": 1.0}]


def test_a_decimal_comma_names_its_key(tmp_path: Path) -> None:
    text = mapping().replace("decimal: ','", "decimal: .")
    sentence = refusal_of(tmp_path, text, "Date;SO2\n04.05.2026 00:00;12,5\n")
    assert 'set `decimal: ","` in the mapping' in sentence


START = "time: {start: 2026-05-04T00:00:00+05:00, step_s: 1200}"


def test_a_blank_line_in_a_file_without_times_is_refused_or_said(tmp_path: Path) -> None:
    table = "SO2\n1\n\n2\n\n"
    assert refusal_of(tmp_path, mapping(time=START), table) == (
        "in.csv, line 3 is blank, which may be a missing interval in a file without times: set "
        "`blank_lines: skip` or `blank_lines: row` in the mapping"
    )
    assert times_of(tmp_path, mapping("blank_lines: skip", time=START), table) == [
        "2026-05-03T19:00:00Z", "2026-05-03T19:20:00Z",
    ]  # fmt: skip
    rows = rows_of(tmp_path, mapping("blank_lines: row", time=START), table)
    assert [row.reading.values for row in rows] == [{"SO2": 1.0}, {}, {"SO2": 2.0}]
    assert rows[2].reading.measured_at - rows[0].reading.measured_at == 2_400_000


@pytest.mark.parametrize("table", [f"Title;\nDate;SO2\n{ROWS}", f"Report\nDate;SO2\n{ROWS}"])
def test_a_title_names_the_key(tmp_path: Path, table: str) -> None:
    assert "`skip_lines` skips lines above the header" in refusal_of(tmp_path, mapping(), table)


def test_units_and_footers_name_the_keys(tmp_path: Path) -> None:
    assert "`units_lines`, `footer_lines` or `skip_rows` in" in refusal_of(
        tmp_path, mapping(), f"Date;SO2\n;мг/м3\n{ROWS}"
    )
    footer = refusal_of(tmp_path, mapping(), f"Date;SO2\n{ROWS}Итого\n")
    assert footer.startswith("in.csv, row 3 (line 4), it has 1 cell, but the header has 2 (")
    assert "`footer_lines`" in footer


def test_sep_must_not_contradict_the_mapping(tmp_path: Path) -> None:
    sentence = refusal_of(tmp_path, mapping(), f"sep=,\nDate,SO2\n{ROWS}")
    assert sentence == "in.csv, line 1 says sep=,, but `delimiter` in the mapping is ';'"
    without = mapping().replace("delimiter: ';'\n", "")
    assert values_of(tmp_path, without, f"sep=;\nDate;SO2\n{ROWS}") == BOTH


LONG = """
source: {column: Post, values: {"1": A, "2": B}}
period_s: 1200
time: {column: Date, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty}
delimiter: ";"
decimal: ","
long: {parameter: Substance, value: Value}
parameters:
  SO2: {name: Сера диоксид, flag: {column: St, values: {ok: N, bad: D}}}
  "NO": {name: Азот (II) оксид, factor: 1000, flag: {column: St, values: {ok: N, bad: D}}}
"""
LONG_HEAD = "Date;Post;Substance;Value;St\n"


def test_a_row_a_substance(tmp_path: Path) -> None:
    said: list[str] = []
    table = (
        f"{LONG_HEAD}04.05.2026 00:00;1;Сера диоксид;12,5;ok\n04.05.2026 00:20;1;Сера диоксид;;ok\n"
        "04.05.2026 00:00;2;Азот (II) оксид;0,5;bad\n04.05.2026 00:00;1;Азот (II) оксид;0,25;ok\n"
        "04.05.2026 00:00;1;Пыль;7;ok\n04.05.2026 00:00;1;Сера диоксид;12,5;ok\n"
    )
    rows = rows_of(tmp_path, LONG, table, said=said)
    found = [
        (row.row, row.reading.source_id, row.reading.values, row.reading.flags) for row in rows
    ]
    assert found == [
        (1, "A", {"SO2": 12.5, "NO": 250.0}, {}),
        (2, "A", {}, {}),
        (3, "B", {"NO": 500.0}, {"NO": "D"}),
    ]
    assert said == ["in.csv: skipped, not mapped: substances 'Пыль' (1 rows)"]


def test_two_values_of_one_substance_and_time_are_refused(tmp_path: Path) -> None:
    row = "04.05.2026 00:00;1;Сера диоксид;12,5;ok\n"
    sentence = refusal_of(tmp_path, LONG, LONG_HEAD + row + row.replace("12,5", "13"))
    assert sentence == (
        "in.csv, row 2 (line 3), column SO2: A at 2026-05-03T19:00:00Z has another value or flag "
        "in row 1"
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("period_s: 1200", "period_s: 1200\nperiod_s: 600", "line 4: the key 'period_s' is there"),
        ("parameters:", "parameters:\n  SO2: {name: A}", "line 10: the key 'SO2' is there twice"),
        ("delimiter", "delimeter", "line 5: $ has no key 'delimeter' (did you mean delimiter? "),
        ("{column: Date", "{colum: Date", "line 4: $.time has no key 'colum' (did you mean column"),
        ("long: {parameter", "long: {param", "line 7: $.long has no key 'param' (did you mean par"),
        ("{column: St", "{colunm: St", "line 9: $.parameters.SO2.flag has no key 'colunm' (did y"),
        ("{name: Сера диоксид", "{name: x, column: y", "$.parameters.SO2.column: not allowed"),
        ("Азот (II) оксид", "Сера диоксид", "$.parameters.NO.name: Сера диоксид is already SO2"),
    ],
)  # fmt: skip
def test_a_mapping_that_says_two_things_is_refused(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    assert refusal_of(tmp_path, LONG.replace(old, new), LONG_HEAD).startswith(f"m.yaml: {why}")


def test_a_mapping_nested_without_end_is_a_sentence(tmp_path: Path) -> None:
    deep = "source: " + "{a: " * 3000 + "1" + "}" * 3000
    assert refusal_of(tmp_path, deep) == (
        "m.yaml: line 1: the document is nested deeper than 50 levels"
    )
    assert "nested deeper" in refusal_of(tmp_path, "[" * 3000)


def test_every_key_is_described() -> None:
    for line in describe_keys().splitlines()[1:]:
        assert len(line) <= 80
        assert line.startswith(" " * 19) or line[18:].strip(), line


def test_an_arrival_that_is_not_told_is_the_end_of_the_interval(tmp_path: Path) -> None:
    more = 'arrived_at: {column: Came, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty}'
    table = "Date;SO2;Came\n04.05.2026 00:00;1;04.05.2026 00:25\n04.05.2026 00:20;1;\n"
    first, second = rows_of(tmp_path, mapping(more), table)
    assert first.arrived_at == first.reading.ends_at + 300_000
    assert second.arrived_at is None


def test_a_footer_of_a_file_without_times_is_no_row(tmp_path: Path) -> None:
    table = "SO2\n1\n2\nEnd\n"
    assert len(times_of(tmp_path, mapping("footer_lines: 1", time=START), table)) == 2
    assert "'End' is not a number" in refusal_of(tmp_path, mapping(time=START), table)


def test_a_row_of_empty_cells_in_a_file_without_times_is_refused_or_said(tmp_path: Path) -> None:
    text = mapping("", time=START)
    table = ";;\nSO2;X;Y\n1;;\n;;\n2;;\n"
    assert "in.csv, line 4 is blank, which may be a missing interval in a file" in refusal_of(
        tmp_path, text, table
    )
    assert values_of(tmp_path, mapping("blank_lines: skip", time=START), table) == [
        {"SO2": 1},
        {"SO2": 2},
    ]
    assert values_of(tmp_path, mapping("blank_lines: row", time=START), table) == [
        {"SO2": 1},
        {},
        {"SO2": 2},
    ]


def test_a_blank_line_above_the_header_is_no_row(tmp_path: Path) -> None:
    for blank in ("", "blank_lines: row"):
        assert values_of(tmp_path, mapping(blank, time=START), "\nSO2\n1\n") == [{"SO2": 1}]


def test_a_step_that_leads_out_of_the_calendar_is_refused(tmp_path: Path) -> None:
    time = "time: {start: 9999-05-04T00:00:00+05:00, step_s: 99999999999999999}"
    told = refusal_of(tmp_path, mapping("", time=time), "SO2\n1\n2\n")
    assert "in.csv, row 2 (line 3), column time: start and step_s go beyond the calendar" in told


def test_sentences_name_columns_without_control_characters_and_not_without_end(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    head = ";".join(["SO2", "\x1b[31m", *(f"c{number}" for number in range(3000))])
    text = mapping("", time=START)
    rows_of(tmp_path, text, f"{head}\n{'1;' * 3001}1\n", said=said)
    assert said == [
        "in.csv: skipped columns, not mapped: \\x1b[31m, "
        f"{', '.join(f'c{number}' for number in range(29))} and 2971 more"
    ]
    assert "c28 and 2971 more; `skip_lines`" in refusal_of(tmp_path, text, head.replace("SO2;", ""))


def test_a_file_without_a_reading_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    text = mapping("footer_lines: 9", time=START)
    assert rows_of(tmp_path, text, "SO2\n1\n2\n", said=said) == []
    assert said == ["in.csv: contains no readings"]
