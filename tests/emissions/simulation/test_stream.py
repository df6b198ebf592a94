"""The same seed gives the same bytes, in order of arrival, and exactly the readings planned."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import chain

import msgspec
import numpy as np
import pytest

from emissions.simulation import nation as nation_module
from emissions.simulation.nation import Nation
from emissions.simulation.stream import SimulatedRecord, readings, records
from emissions.simulation.template_encoder import TemplateEncoder
from schemas.codec import READING, Codec
from schemas.ids import FileIds
from schemas.reading import Reading, Rejected

GOLDEN = "5919be48"
"""First digits of the hash below; a change of it is a change of every simulated nation."""

HASH = """
import hashlib
from schemas.codec import Codec
from schemas.ids import FileIds
from emissions.simulation.nation import Nation
from emissions.simulation.stream import records
digest = hashlib.sha256()
for batch in records(Nation(enterprises=3, seed=7, density=10), Codec(FileIds())):
    for record in batch:
        digest.update(repr(record).encode())
print(digest.hexdigest())
"""


def small(seed: int = 7) -> Nation:
    return Nation(enterprises=3, seed=seed, density=10)


def sent(nation: Nation) -> list[SimulatedRecord]:
    return list(chain.from_iterable(records(nation, Codec(FileIds()))))


def digest(messages: list[SimulatedRecord]) -> str:
    return hashlib.sha256(b"".join(repr(message).encode() for message in messages)).hexdigest()


@pytest.fixture(scope="module")
def messages() -> list[SimulatedRecord]:
    return sent(small())


@pytest.mark.process
def test_the_bytes_are_those_of_the_seed_whatever_the_process(
    messages: list[SimulatedRecord],
) -> None:
    # The hashes of this process are others: its seed is drawn.
    told = subprocess.run(
        [sys.executable, "-c", HASH],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert told == digest(messages)
    assert digest(messages).startswith(GOLDEN)


def test_another_seed_gives_other_bytes(messages: list[SimulatedRecord]) -> None:
    assert digest(sent(small(8))) != digest(messages)


def test_the_cut_into_chunks_changes_nothing(
    messages: list[SimulatedRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nation_module, "CHUNK", 420_000)
    assert Counter(sent(small())) == Counter(messages)


def test_messages_come_in_order_of_arrival_and_within_the_time_of_the_nation(
    messages: list[SimulatedRecord],
) -> None:
    nation = small()
    arrivals = [message.arrived_at for message in messages]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] > nation.start
    assert nation.end < arrivals[-1] <= nation.until - 20 * 60_000


def test_the_summary_counts_the_messages(messages: list[SimulatedRecord]) -> None:
    assert small().summary().readings == len(messages)


def test_what_is_no_reading_is_refused_as_planned(messages: list[SimulatedRecord]) -> None:
    nation, codec = small(), Codec(FileIds())
    decoded = [codec.decode_reading(message.value) for message in messages]
    reasons = Counter(each.reason for each in decoded if isinstance(each, Rejected))
    expected: Counter[str] = Counter()
    for truth in nation.truth:
        if truth.code in ("UNDECODABLE", "UNKNOWN_SCHEMA"):
            expected[truth.code] += truth.count
    assert len(expected) == 2
    assert reasons == expected


def test_messages_and_csv_carry_the_same_readings(messages: list[SimulatedRecord]) -> None:
    codec = Codec(FileIds())
    of_messages = [
        (message.arrived_at, repr(reading))
        for message in messages
        if isinstance(reading := codec.decode_reading(message.value), Reading)
    ]
    of_table = [(at, repr(reading)) for at, reading in chain.from_iterable(readings(small()))]
    assert of_messages == of_table


def test_a_stamped_message_is_the_encoded_one() -> None:
    codec = Codec(FileIds())
    names = ("SO2", "O2", "TEMPERATURE")
    stamp = TemplateEncoder(codec, "KZ-0001-01", 60, "ASM-0001-01", names)
    times = np.array([1 << 34, 1_777_834_800_000, (1 << 41) - 1], dtype=np.int64)
    values = np.array([[0.1, -0.0, 1e34], [float("nan"), float("inf"), 5e-324], [1.0, 2.0, 3.0]])
    expected = [
        codec.encode(
            READING,
            msgspec.structs.asdict(
                Reading(
                    "KZ-0001-01",
                    int(time),
                    60,
                    "NORMAL",
                    "ASM-0001-01",
                    dict(zip(names, row.tolist(), strict=True)),
                    {},
                )
            ),
        )
        for time, row in zip(times, values, strict=True)
    ]
    assert stamp.messages(times, values) == expected
    assert stamp.messages(times[:0], values[:0]) == []
    with pytest.raises(ValueError, match="cannot be stamped"):
        stamp.messages(np.array([(1 << 41)], dtype=np.int64), values[:1])
