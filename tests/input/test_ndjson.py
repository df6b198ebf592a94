"""NDJSON input: one reading a line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from streams.core.reading import Reading
from streams.input.read_inputs import read_inputs
from streams.input.reading_row import InputError, ReadingRow

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
        ("[1]", "Expected `object`, got `array`"),
        (f"{{{START}", "Input data was truncated"),
        (f'{{{START},"value":{{}}}}', "Object contains unknown field `value`"),
        ('{"measured_at":0,"period_s":60}', "Object missing required field `source_id`"),
        ('{"source_id":"","measured_at":0,"period_s":60}', "column source_id: is empty"),
        (
            '{"source_id":"A","measured_at":0,"period_s":60.5}',
            "Expected `int`, got `float` - at `$.period_s`",
        ),
        (
            '{"source_id":"A","measured_at":"2026-01-01T00:00","period_s":60}',
            "column measured_at: '2026-01-01T00:00' has no offset from UTC (write +05:00 or Z)",
        ),
        (
            f'{{{START},"values":{{"SO2":"high"}}}}',
            "Expected `float | null`, got `str` - at `$.values[...]`",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"{{{START}}}\n{line}\n")
    assert str(caught.value) == f"{tmp_path / 'in.ndjson'}, row 2, {why}"
