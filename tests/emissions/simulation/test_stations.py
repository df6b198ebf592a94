"""Twenty-minute stations of the simulator: what they send, and that nothing is found of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.simulation.files import write_registry
from emissions.simulation.nation import Nation
from emissions.simulation.stream import readings
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.findings import WindowMean
from streams.core.records.record import RawRecord
from streams.core.sources.source import compile_sources
from streams.registry.document import load_registry
from tests.core.examples import CODEC, RULES, TOPIC, Log, history


@pytest.fixture(scope="module")
def nation() -> Nation:
    return Nation(enterprises=1, stations=1, with_bytes=False)


def test_the_others_stay_as_they_are(nation: Nation) -> None:
    alone = Nation(enterprises=1, with_bytes=False)
    assert nation.truth == alone.truth
    assert nation.enterprises[:-1] == alone.enterprises
    station = nation.stations[0].stack.id
    sent = [item for batch in readings(nation) for item in batch]
    others = [item for item in sent if item[1].source_id != station]
    assert others == [item for batch in readings(alone) for item in batch]
    assert len(sent) - len(others) == 72
    assert nation.summary().readings == len(sent)
    assert nation.summary().sources == alone.summary().sources + 1


def test_a_station_is_registered_as_a_file_says_it(nation: Nation, tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    write_registry(path, nation.enterprises)
    assert load_registry(path)[-1] == nation.enterprises[-1]
    (entry,) = compile_sources(nation.enterprises[-1])
    assert {channel.parameter for channel in entry.source.channels if channel.gauge} == {"PRESSURE"}
    assert entry.plan(nation.start).compared == [("NO2_GS|g/s", "NO2|g/s")]


def test_nothing_is_found_of_it_and_its_hours_are_what_it_reports(nation: Nation) -> None:
    station = nation.stations[0]
    log = Log()
    for batch in readings(nation):
        for arrived_at, item in batch:
            if item.source_id == station.stack.id:
                log.add(item, arrived_at)
    engine = PartitionProcessor(
        topic=TOPIC,
        partition=0,
        partitions=1,
        decode=CODEC.decode_readings,
        rules=RULES,
        policy=Policy(),
        registry=history(station.enterprise),
        state={},
    )
    records: list[RawRecord] = log.tick(nation.until).records
    outcome = engine.apply(records)
    assert outcome.used == 72
    told = (outcome.violations, outcome.findings, outcome.dead_letters, outcome.gaps)
    assert told == ([], [], [], [])
    means = {(each.parameter, each.unit, each.window, each.start): each for each in outcome.means}
    hours = [each for each in outcome.means if each.window == "1h"]
    for mean in hours:
        if (mean.parameter, mean.unit) in (("NO2_GS", "g/s"), ("SO2", "g/s"), ("NO", "mg/m3")):
            assert mean.status == "VALID"
        if mean.parameter == "NO2_GS":
            computed = means["NO2", "g/s", "1h", mean.start]
            assert mean.value == pytest.approx(_value(computed), rel=0.01)
    assert len([each for each in hours if each.parameter == "NO2_GS"]) == 24
    days = [each for each in outcome.means if each.window == "day" and each.unit == "mg/m3"]
    assert {each.parameter for each in days} == {"NO", "NO2", "CO", "H2O"}
    assert all(each.limit is None or _value(each) < each.limit for each in days)


def _value(mean: WindowMean) -> float:
    assert mean.value is not None
    return mean.value
