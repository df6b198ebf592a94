"""The example of getting-started/your-own-csv: its files are read, and the page shows them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from emissions.input.mapping import CsvMapping
from emissions.input.read_inputs import read_inputs
from emissions.input.reading_row import ReadingRow
from streams.registry.document import load_registry

DOCS = Path(__file__).parents[2] / "docs" / "getting-started"
EXAMPLE = DOCS / "example"
PAGE = (DOCS / "your-own-csv.md").read_text("utf-8")


def rows() -> list[ReadingRow]:
    enterprises = load_registry(EXAMPLE / "registry.yaml")
    parameters = {
        channel.parameter
        for enterprise in enterprises
        for source in enterprise.sources
        for channel in source.channels
    }
    return list(read_inputs([EXAMPLE / "boilers.csv"], parameters, [EXAMPLE / "mapping.yaml"]))


def test_file_of_the_example_becomes_the_readings_that_the_page_counts() -> None:
    readings = [row.reading for row in rows()]
    assert Counter(each.source_id for each in readings) == {"BOILER-1": 72, "BOILER-2": 68}
    assert Counter(each.state for each in readings) == {"NORMAL": 137, "STARTUP": 3}
    assert {each.device_serial for each in readings} == {"A-1001", "A-1002"}


def test_values_are_those_of_the_cells_in_the_units_of_the_registry() -> None:
    first = rows()[0].reading
    assert first.values["SO2"] == 346.0  # 0,346 g/m3
    assert abs(first.values["PRESSURE"] - 98.565) < 0.001  # 739,3 mmHg in kPa
    below = [row.reading.values.get("SO2") for row in rows() if row.reading.source_id == "BOILER-2"]
    assert below.count(2.5) == 1  # half of <0,005 g/m3
    assert below.count(None) == 1  # н/д


def test_page_shows_the_mapping_as_it_is() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert shown[0] == (EXAMPLE / "mapping.yaml").read_text("utf-8")


def test_page_explains_or_names_every_key_of_a_mapping() -> None:
    named = set(re.findall(r"`([a-z_]+)(?:`|\.)", PAGE))
    assert set(CsvMapping.__struct_fields__) - {"parameters", "time"} <= named
