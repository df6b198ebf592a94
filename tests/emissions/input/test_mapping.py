"""Any CSV of the field through a mapping, and what a mapping or a row is refused for."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import InputError, ReadingRow
from schemas.reading import Reading

PARAMETERS = {"SO2", "CO", "TEMPERATURE"}
MIDNIGHT = 1_777_834_800_000  # 2026-05-04T00:00:00+05:00
MAPPING = """
source: {column: Stack, values: {"Boiler 1": KZ-1, "Boiler 2": KZ-2}}
period_s: 1200
time: {column: Date, format: "%d.%m.%Y %H:%M", timezone: Asia/Almaty, marks: end}
delimiter: ";"
decimal: ","
encoding: cp1251
nulls: ["", "-", н/д]
state: {column: Mode, values: {работа: NORMAL, пуск: STARTUP}}
device_serial: SN-1
parameters:
  SO2: {column: "SO2, г/м3", factor: 1000, flag: {column: St, values: {"0": N, "1": D}}}
  TEMPERATURE: {column: T, offset: -273.15, nulls: ["999"]}
"""
HEADER = "Date;Stack;Mode;SO2, г/м3;St;T;Operator\n"
GOOD = "04.05.2026 00:20;Boiler 2;пуск;0,25;1;373,15;Иванов\n"


def write(tmp_path: Path, mapping: str, *tables: str, encoding: str = "cp1251") -> list[Path]:
    (tmp_path / "m.yaml").write_text(mapping)
    paths = [tmp_path / f"{number}.csv" for number in range(len(tables))]
    for path, table in zip(paths, tables, strict=True):
        path.write_text(table, encoding=encoding)
    return paths


def read(tmp_path: Path, mapping: str, *tables: str, encoding: str = "cp1251") -> list[ReadingRow]:
    paths = write(tmp_path, mapping, *tables, encoding=encoding)
    return list(read_inputs(paths, PARAMETERS, [tmp_path / "m.yaml"]))


def refusal(tmp_path: Path, mapping: str, *tables: str) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, mapping, *tables)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_a_file_of_the_field(tmp_path: Path) -> None:
    absent = "04.05.2026 00:40;Boiler 1;-;н/д;;999;\n"
    first, second = read(tmp_path, MAPPING, HEADER + GOOD + absent)
    assert first.reading == Reading(
        "KZ-2", MIDNIGHT, 1200, "STARTUP", "SN-1", {"SO2": 250.0, "TEMPERATURE": 100.0},
        {"SO2": "D"},
    )  # fmt: skip
    assert second.reading == Reading("KZ-1", MIDNIGHT + 1_200_000, 1200, "NORMAL", "SN-1", {}, {})


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    paths = write(tmp_path, MAPPING, HEADER + GOOD)
    list(read_inputs(paths, PARAMETERS, [tmp_path / "m.yaml"], said.append))
    assert said == [f"{paths[0]}: skipped columns, not mapped: Operator"]


def test_a_file_without_times(tmp_path: Path) -> None:
    mapping = (
        "{source: A, period_s: 3600, time: {start: 2011-01-01T00:00:00+03:00, step_s: 3600},"
        " parameters: {CO: {column: CO}}}"
    )
    rows = read(tmp_path, mapping, "CO,AT\n1,2\n3,4\n")
    assert [row.reading.measured_at for row in rows] == [1_293_829_200_000, 1_293_832_800_000]
    assert [row.reading.values for row in rows] == [{"CO": 1.0}, {"CO": 3.0}]


def test_offsets_of_the_file_and_arrivals(tmp_path: Path) -> None:
    mapping = (
        "{source: {column: s}, period_s: 600, time: {column: t}, arrived_at: {column: a, "
        'format: "%H:%M %d/%m/%y %z"}, parameters: {CO: {column: CO}}}'
    )
    table = "s,t,a,CO\nA,2026-05-04T00:00+05:00,00:11 04/05/26 +0500,1\n"
    (row,) = read(tmp_path, mapping, table)
    assert (row.reading.measured_at, row.arrived_at) == (MIDNIGHT, MIDNIGHT + 660_000)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Boiler 2", "Boiler 9", "column Stack: 'Boiler 9' is not among the values of the mapping"),
        ("Boiler 2", "", "column source: no source (set"),
        ("пуск", "обед", "column Mode: 'обед' is not among the values of the mapping"),
        ("0,25", "0.25", "column SO2, г/м3: '0.25' is not a number with a decimal comma"),
        ("0,25", "много", "column SO2, г/м3: 'много' is not a number"),
        (";1;", ";7;", "column St: '7' is not among the values of the mapping"),
        ("04.05", "2026-05-04", "column Date: '2026-05-04.2026 00:20' is not a time like "),
    ],
)
def test_a_row_that_cannot_be_mapped_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    sentence = refusal(tmp_path, MAPPING, HEADER + GOOD + GOOD.replace(old, new))
    assert sentence.startswith(f"0.csv, row 2 (line 3), {why}")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("Stack, values", "Chimney, values", "0.csv, header: column 'Chimney' of the mapping is "),
        ("  TEMPERATURE", "  HUMIDITY", "m.yaml: $.parameters.HUMIDITY: no channel of the regis"),
        ("1200", "twenty", "m.yaml: line 3: $.period_s must be a whole number, but is 'tw"),
        ("factor: 1000", "factor: '1,5'", "m.yaml: line 12: $.parameters.SO2.factor must be a"),
        ("1200", "0", "m.yaml: $.period_s: a period is 1 second"),
        ("Asia/Almaty", "Asia/Atlantis", "m.yaml: $.time.timezone: 'Asia/Atlantis' is not a"),
        (", timezone: Asia/Almaty", "", "m.yaml: $.time.timezone: required, the format has no"),
        ("marks: end", "marks: middle", "m.yaml: $.time.marks: 'middle' is neither start nor end"),
        ("column: Date", "start: noon", "m.yaml: $.time.step_s: required with start"),
        ('";"', '";;"', "m.yaml: $.delimiter: ';;' is not a single character"),
        ('";"', '","', "m.yaml: $.decimal: equal to the delimiter"),
        ("cp1251", "koi9", "m.yaml: $.encoding: 'koi9' is unknown"),
        ('"1": D', '"1": BAD', "m.yaml: $.parameters.SO2.flag.values: '1' is BAD, not one of N"),
        ("STARTUP", "START", "m.yaml: $.state.values: 'пуск' is START, not one of NORMAL, START"),
        ("factor: 1000", "factor: 0", "m.yaml: $.parameters.SO2: factor and offset must be"),
        (
            "device_serial",
            "serial",
            "m.yaml: line 10: $ has no key 'serial' (did you mean device_serial? there",
        ),
        (
            "{column: T,",
            "{column: T",
            "m.yaml: line 13, column 33: did not find expected ',' or '}'",
        ),
        ("cp1251", "ascii", "0.csv, line 1: the text is not ascii"),
    ],
)
def test_a_mapping_that_cannot_work_is_named(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in MAPPING
    assert refusal(tmp_path, MAPPING.replace(old, new), HEADER + GOOD).startswith(sentence)


def test_mappings_and_inputs_must_fit(tmp_path: Path) -> None:
    mapping = (
        "{source: A, period_s: 60, time: {start: 2011-01-01T00:00:00Z, step_s: 60},"
        " parameters: {CO: {column: CO}}}"
    )
    assert refusal(tmp_path, mapping, "CO\n1\n", "CO\n1\n") == (
        "m.yaml: time.start is for a single file, not for several"
    )
    with pytest.raises(InputError, match="2 mappings for 1 inputs: give one, or one each"):
        list(read_inputs([tmp_path / "0.csv"], PARAMETERS, [tmp_path / "m.yaml"] * 2))
