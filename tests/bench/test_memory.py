"""What the memory benchmark rests on: a state of many that is about to close its day."""

from __future__ import annotations

import random

import msgspec

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.changelog.replica import marker_key
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.record import RawRecord
from streams.rules.load import load_rules
from tests.bench.cloned_state import (
    CHANNELS,
    MINUTE,
    changelog_records,
    enterprises,
    reading_of,
    seed_state,
    source_ids,
)
from tests.bench.state_load import CLOSING_MINUTE, END, HOUR
from tests.support.core_run import history


def test_the_day_of_each_source_closes_in_the_minute_that_is_said() -> None:
    names, codec, noise = source_ids(3), Codec(FileIds()), random.Random(1)
    written = changelog_records(seed_state(END - 25 * HOUR, 25), names, 1, 1)[0]
    state = {
        record.key.decode(): record.value
        for record in written
        if record.key is not None and record.value is not None and record.key != marker_key(0)
    }
    engine = PartitionProcessor(
        topic="emissions.readings",
        partition=0,
        partitions=1,
        decode=codec.decode_readings,
        rules=load_rules(),
        policy=Policy(),
        registry=history(enterprises(names)),
        state=state,
    )

    closed = {}
    for minute in range(CLOSING_MINUTE + 2):
        at = END + minute * MINUTE
        values = [
            codec.encode("EmissionReading", msgspec.structs.asdict(reading_of(name, at, noise)))
            for name in names
        ]
        batch = [
            RawRecord(1 + minute * len(names) + n, at + MINUTE, name.encode(), value, ())
            for n, (name, value) in enumerate(zip(names, values, strict=True))
        ]
        means = engine.apply(batch).means
        closed[minute] = sorted(mean.source_id for mean in means if mean.window == "day")
        assert all(mean.count == 24 * 60 for mean in means if mean.window == "day")

    every = sorted(name for name in names for _ in CHANNELS)
    assert closed == {
        minute: every if minute == CLOSING_MINUTE else [] for minute in range(CLOSING_MINUTE + 2)
    }
