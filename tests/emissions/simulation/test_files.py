"""Files of a nation read back through the readers of the replay as what was simulated."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import msgspec
import pytest

from emissions.input.ndjson import read_ndjson
from emissions.input.wide_csv import read_wide_csv
from emissions.simulation.files import write_readings, write_registry
from emissions.simulation.nation import Nation
from emissions.simulation.stream import readings
from schemas.reading import Reading
from streams.registry.document import load_registry

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


def test_the_registry_loads_as_the_enterprises_of_the_nation(tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    nation = Nation(days=2)
    write_registry(path, nation.enterprises)
    assert load_registry(path) == nation.enterprises
    assert any(source.excused for each in nation.enterprises for source in each.sources)


def _ordered(reading: Reading) -> str:
    """All fields, channels by name: a table has its own order of columns."""
    fields = msgspec.structs.asdict(reading)
    return repr(fields | {"values": sorted(fields["values"].items())})
