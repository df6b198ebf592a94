"""A file of measures, and records of their topic: what is read, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from emissions.replay.publish import publish_measures
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.cases.measures import MeasureHistory
from streams.core.registry.measure import Measure
from streams.core.time.interval import DAY
from streams.registry.errors import RegistryError
from streams.registry.measure_follower import MeasureFollower
from streams.registry.measures import (
    RECORD,
    DatedMeasure,
    load_measures,
    measure_from_record,
    measure_to_record,
)
from streams.rules.country import home
from tests.core.examples import BIN, local
from tests.support.broker import TestBroker
from tests.support.streams_process import own_settings

NOW = local("2026-04-20 12:00")
CASE = "7d444840-9dc0-5ef3-a245-5ffdce74fad2"
FINE = {
    "id": "F-1", "kind": "FINE", "bin": BIN, "source_id": "A", "article": "328", "part": "1",
    "imposed_on": "2025-11-03", "amount_kzt": 1_000_000, "reference": "№ 17",
}  # fmt: skip
DELIVERED = {
    "id": "D-1", "kind": "DELIVERED", "bin": BIN, "case_id": CASE,
    "delivered_at": "2026-04-20T11:00:00+05:00",
}  # fmt: skip
DECIDED = {"id": "Z-1", "kind": "DECIDED", "bin": BIN, "case_id": CASE, "closes": True}


def written(tmp_path: Path, *measures: dict[str, Any]) -> Path:
    file = tmp_path / "measures.yaml"
    file.write_bytes(msgspec.yaml.encode({"measures": list(measures)}))
    return file


def test_what_a_file_says(tmp_path: Path) -> None:
    fine, delivered, decided = load_measures(written(tmp_path, FINE, DELIVERED, DECIDED), now=NOW)
    assert fine.measure.imposed_on == date(2025, 11, 3)
    assert delivered.measure.delivered_at == local("2026-04-20 11:00")
    assert decided.measure.closes
    assert fine.arrived_at is None
    told = {**FINE, "arrived_at": "2026-01-10T09:00:00+05:00"}
    (dated,) = load_measures(written(tmp_path, told), now=NOW, dated=True)
    assert dated.arrived_at == local("2026-01-10 09:00")


def test_a_replay_may_tell_several_versions_of_one_measure(tmp_path: Path) -> None:
    versions = [{**FINE, "arrived_at": f"2026-01-{day}T09:00:00+05:00"} for day in (10, 11)]
    assert len(load_measures(written(tmp_path, *versions), now=NOW, dated=True)) == 2


@pytest.mark.parametrize(
    ("measure", "place", "why"),
    [
        ({**FINE, "kind": "PENALTY"}, "kind", "'PENALTY' is none of FINE, SENT, "),
        ({**FINE, "bin": "990140001234"}, "bin", "'990140001234' is not a БИН of 12 digits"),
        ({**FINE, "bin": "990140001243"}, "bin", f"source A is that of {BIN}, not 990140001243"),
        ({**FINE, "source_id": "А"}, "source_id", "no source 'А' is registered"),
        ({**FINE, "article": "ст. 328"}, "article", "is no number of an article, such as 328"),
        ({**FINE, "part": "ч. 1"}, "part", "is no number of a part, such as 1"),
        ({**FINE, "act": "КоАП"}, "act", "'КоАП' is none of KoAP, ORDER-208"),
        (
            {**FINE, "imposed_on": "2026-04-21"},
            "imposed_on",
            "2026-04-21 is later than the measure",
        ),
        ({**FINE, "imposed_on": "03.11.2025"}, "imposed_on", ""),
        ({**FINE, "executed_on": "2025-11-02"}, "executed_on", "is before imposed_on 2025-11-03"),
        ({**FINE, "amount_kzt": -1}, "amount_kzt", "is not from 0 to"),
        ({**FINE, "closes": True}, "closes", "is for DECIDED and REVIEWED alone"),
        ({**FINE, "source_id": None}, "source_id", "a FINE under 328 is on one source"),
        ({**FINE, "imposed_on": None}, "imposed_on", "on which day was the FINE imposed?"),
        ({**DECIDED, "case_id": None}, "case_id", "is missing: on which case is the DECIDED?"),
        ({**DECIDED, "case_id": CASE.upper()}, "case_id", "is not the id of a case"),
        ({**DELIVERED, "delivered_at": None}, "delivered_at", "is missing"),
        ({**DECIDED, "delivered_at": DELIVERED["delivered_at"]}, "delivered_at", "DELIVERED alone"),
        ({**DELIVERED, "delivered_at": "2026-04-20T12:06:00+05:00"}, "delivered_at", "is later"),
        ({**DECIDED, "id": "№ 1"}, "id", "must be 1 to 64 of the characters"),
        ({**DECIDED, "arrived_at": "2026-04-20T10:00:00+05:00"}, "arrived_at", "replay alone"),
    ],
)
def test_what_a_clerk_may_mistake_is_named(
    tmp_path: Path, measure: dict[str, Any], place: str, why: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        load_measures(written(tmp_path, DELIVERED, measure), now=NOW, owners={"A": BIN})
    assert f"measures[1].{place}: " in str(caught.value)
    assert why in str(caught.value)


def test_an_id_stands_once_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"measures\[1\].id: the id 'F-1' is taken by measures"):
        load_measures(written(tmp_path, FINE, FINE), now=NOW)


def test_a_record_is_checked_as_of_its_arrival() -> None:
    record = {**measure_to_record(Measure("D", "DELIVERED", BIN, CASE, delivered_at=NOW))}
    assert measure_from_record(record, home(), NOW).delivered_at == NOW
    with pytest.raises(RegistryError, match="measure delivered_at: is later"):
        measure_from_record(record, home(), NOW - DAY)


async def test_what_was_published_is_known_and_what_is_none_is_said(broker: TestBroker) -> None:
    settings, codec, known = own_settings(broker.address), Codec(FileIds()), MeasureHistory()
    await broker.create(settings.topic_measures)
    follower = MeasureFollower(settings, codec, known, home())
    await follower.start()
    try:
        fine = Measure("F", "FINE", BIN, None, "A", article="328", imposed_on=date(2025, 11, 3))
        later = msgspec.structs.replace(fine, overturned_on=date(2026, 4, 1))
        dated = [DatedMeasure(later, NOW + 1), DatedMeasure(fine, NOW)]
        assert await publish_measures(settings, dated, codec) == 2
        wrong = codec.encode(RECORD, {**measure_to_record(fine), "imposed_on": "yesterday"})
        topic = settings.topic_measures
        await broker.produce(topic, [wrong, None, b"x"], key=b"F", timestamp_ms=NOW + 2)
        with capture_logs() as logs:
            await follower.catch_up()
        assert [each.arrived_at for each in known.added] == [NOW, NOW + 1]
        assert known.on_source("A", BIN, NOW) == [fine]
        assert known.on_source("A", BIN, NOW + 1) == [later]
        assert known.on_source("A", "990140001243", NOW) == []
        assert (follower.applied, follower.skipped) == (2, 3)
        problems = [each["problem"] for each in logs if each["event"] == "measure_ignored"]
        assert problems[0].startswith("measure imposed_on: ")
        assert problems[1].startswith("a measure is never deleted")
    finally:
        await follower.stop()
