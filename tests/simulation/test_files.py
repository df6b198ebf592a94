"""Files of a nation read back through the readers of the replay as what was simulated."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import msgspec
import pytest
import yaml

from streams.core.reading import Reading
from streams.core.registration import Enterprise
from streams.input.ndjson import read_ndjson
from streams.input.wide_csv import read_wide_csv
from streams.simulation.files import write_readings, write_registry
from streams.simulation.nation import Nation
from streams.simulation.stream import readings

NATION = Nation(enterprises=2, seed=5, density=20, with_bytes=False)


@pytest.fixture(scope="module")
def simulated() -> list[tuple[int, str]]:
    return [(at, repr(reading)) for at, reading in chain.from_iterable(readings(NATION))]


def test_a_csv_reads_back(tmp_path: Path, simulated: list[tuple[int, str]]) -> None:
    told: list[int] = []
    path = tmp_path / "readings.csv"
    assert write_readings(NATION, path, told.append) == len(simulated) == told[-1]
    rows = read_wide_csv(path, NATION.parameters())
    assert [(row.arrived_at, _ordered(row.reading)) for row in rows] == [
        (at, _ordered(reading)) for at, reading in chain.from_iterable(readings(NATION))
    ]


def test_ndjson_reads_back(tmp_path: Path, simulated: list[tuple[int, str]]) -> None:
    path = tmp_path / "readings.ndjson"
    assert write_readings(NATION, path) == len(simulated)
    assert [(row.arrived_at, repr(row.reading)) for row in read_ndjson(path)] == simulated


def test_another_ending_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.csv or \.ndjson"):
        write_readings(NATION, tmp_path / "readings.avro")


def test_the_registry_file_holds_the_enterprises(tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    write_registry(path, NATION.enterprises)
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert msgspec.convert(document["enterprises"], tuple[Enterprise, ...]) == NATION.enterprises


def _ordered(reading: Reading) -> str:
    """All fields, channels by name: a table has its own order of columns."""
    fields = msgspec.structs.asdict(reading)
    return repr(fields | {"values": sorted(fields["values"].items())})
