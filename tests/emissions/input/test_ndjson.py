"""NDJSON input: one reading a line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import InputError, ReadingRow
from schemas.reading import Reading

START = '"source_id":"A","measured_at":"2026-05-04T00:00:00+05:00","period_s":60'
MIDNIGHT = 1_777_834_800_000


def read(tmp_path: Path, content: str) -> list[ReadingRow]:
    path = tmp_path / "in.ndjson"
    path.write_text(content)
    return list(read_inputs([path], {"SO2"}))


def test_a_full_line(tmp_path: Path) -> None:
    line = (
        f'{{{START},"arrived_at":{MIDNIGHT + 1},"state":"STOPPED","device_serial":"S",'
        '"values":{"SO2":1,"X":2.5,"CO":null},"flags":{"SO2":"D","X":"odd","CO":"N"}}'
    )
    assert read(tmp_path, f"\ufeff{line}\n\n") == [
        ReadingRow(
            1,
            Reading(
                "A",
                MIDNIGHT,
                60,
                "STOPPED",
                "S",
                {"SO2": 1.0, "X": 2.5},  # what the registry does not know is the pipeline's matter
                {"SO2": "D", "X": "odd"},
            ),
            MIDNIGHT + 1,
        )
    ]


def test_milliseconds_and_defaults(tmp_path: Path) -> None:
    (row,) = read(tmp_path, '{"source_id":"A","measured_at":-5,"period_s":60}')
    assert row == ReadingRow(1, Reading("A", -5, 60, "NORMAL", None, {}, {}), None)


def test_not_finite_values_as_python_writes_them(tmp_path: Path) -> None:
    (row,) = read(tmp_path, f'{{{START},"values":{{"A":NaN,"B":-Infinity}}}}')
    assert math.isnan(row.reading.values["A"])
    assert row.reading.values["B"] == -math.inf


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[1]", "column of the line: Expected `object`, got `array`"),
        (f"{{{START}", "Input data was truncated"),
        (f'{{{START},"value":{{}}}}', "column of the line: Object contains unknown field `value`"),
        (
            '{"measured_at":0,"period_s":60}',
            "column of the line: Object missing required field `source",
        ),
        ('{"source_id":"","measured_at":0,"period_s":60}', "column source_id: is empty"),
        (
            '{"source_id":"A","measured_at":0,"period_s":60.5}',
            "column period_s: Expected `int`, got `float`",
        ),
        (
            '{"source_id":"A","measured_at":"2026-01-01T00:00","period_s":60}',
            "column measured_at: '2026-01-01T00:00' has no offset from UTC (write +05:00 or Z)",
        ),
        (
            f'{{{START},"arrived_at":10413791999999}}',
            "column arrived_at: is after 2299-12-31T23:39Z: results cannot represent times "
            "after 2299",
        ),
        (
            f'{{{START},"values":{{"SO2":"high"}}}}',
            "column values.SO2: 'high' is not a number",
        ),
        (f'{{{START},"values":{{"A":NaN,"SO2":true}}}}', "column values.SO2: 'True' is not a num"),
        (f'{{{START},"flags":{{"SO2":1}}}}', "column flags.SO2: '1' is not a flag"),
        (f'{{{START},"period_s":60}}', "the key 'period_s' occurs twice"),
        (f'{{{START},"values":{{"A":1,"A":2}}}}', "the key 'A' occurs twice"),
        (f'{{{START},"values":{{"A" : NaN, "A" : 2}}}}', "the key 'A' occurs twice"),
        (f'{{{START},"values":{{}},"values":{{"A":1}}}}', "the key 'values' occurs twice"),
        (f'{{{START},"state":null,"state":"STOPPED"}}', "the key 'state' occurs twice"),
        (f'{{{START},"values":{{"A":NaN}},"x":{"[" * 90_000}', "it is nested too deep"),
        (f'{{{START},"values":{"[" * 90_000}', "column values: Expected `object`"),
        (f'{{{START},"values":{{"A":1{"0" * 400}}}}}', ""),
        (
            f'{{{START},"values":{{"A":NaN}},"device_serial":"\\ud800"}}',
            r"'\ud800' has half of a s",
        ),
        (f'{{{START},"device_serial":"\\ud800"}}', r"'\ud800' has half of a s"),
        (f'{{{START},"device_serial":"{"x" * 1_100_000}"}}', "the line is longer than 1048576 by"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"{{{START}}}\n{line}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'in.ndjson'}, row 2, {why}")
    assert len(str(caught.value)) < 300


def test_a_text_that_looks_like_a_key_is_none(tmp_path: Path) -> None:
    odd = f'{{{START},"device_serial":"a\\":b","values":{{"SO2":1}},"state":null}}'
    (row,) = read(tmp_path, odd)
    assert row.reading.device_serial == 'a":b'


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    path.write_bytes(b'{"source_id":"\xff","measured_at":0,"period_s":60,"values":{"A":NaN}}')
    with pytest.raises(InputError, match="row 1, "):
        list(read_inputs([path], {"SO2"}))
    path.write_bytes(b"\xff\xfe{\0")
    with pytest.raises(InputError):
        list(read_inputs([path], {"SO2"}))
