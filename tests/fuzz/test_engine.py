"""The judging code under fuzz: a short run, and every named case, message by message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading, Rejected, Tick
from streams.registry.avro import RECORD, enterprise_from_record
from streams.registry.errors import RegistryError
from tests.fuzz.avro import Fields, double
from tests.fuzz.engine import Figures, run
from tests.fuzz.hostile import CASES, HEAVY
from tests.fuzz.registrations import ABSURD, absurd
from tests.fuzz.traffic import BEGIN, Message, Traffic
from tests.fuzz.world import PARAMETERS, enterprises

WORLD = enterprises()
SOUND = Fields(
    b"KZ-0001-01", BEGIN, 60, values=[(name.encode(), double(9.5)) for name in PARAMETERS]
)


def accounted(figures: Figures, messages: int) -> bool:
    ended = figures.used + figures.duplicates + figures.dead + figures.ticks
    return figures.messages == messages == ended


def test_every_message_ends_in_one_place() -> None:
    """Ledger, dead letters and the audit's own account are compared inside, batch by batch."""
    figures = run(Traffic(WORLD, 1, 4), WORLD, 6_000, partitions=4, seed=1)
    assert accounted(figures, 6_000)
    assert figures.used > 1_000
    assert figures.outputs > figures.dead
    assert {"UNDECODABLE", "UNKNOWN_SCHEMA", "UNKNOWN_SOURCE", "TEST_STREAM", "BAD_PERIOD"} <= set(
        figures.reasons
    )


def test_the_same_seed_brings_the_same_messages() -> None:
    one, other = (iter(Traffic(WORLD, 3, 4)) for _ in range(2))
    assert [next(one) for _ in range(2_000)] == [next(other) for _ in range(2_000)]


@pytest.mark.parametrize("name", CASES)
def test_a_named_case_is_a_reading_a_tick_or_a_reason(name: str) -> None:
    value = CASES[name](SOUND)
    found = Codec(FileIds()).decode_reading(value)
    assert isinstance(found, Reading | Tick | Rejected)
    if name.startswith(("a source of", "a map of", "a block of", "a source as long")):
        assert isinstance(found, Rejected | Reading)


def each_case() -> Iterator[Message]:
    """Every case for a source that is registered; the light ones for two that are refused too."""
    for number, (name, case) in enumerate(CASES.items()):
        sources = (b"KZ-0001-01", b"KZ-0006-01", b"KZ-9999-01")
        for source in sources[: 1 if name in HEAVY else 3]:
            sound = SOUND._replace(source_id=source, measured_at=BEGIN + number * 60_000)
            arrival = BEGIN + (number + 1) * 60_000
            yield Message(0, arrival, source, case(sound), (), name)


def test_named_cases_in_a_row_leave_nothing_behind() -> None:
    count = 3 * len(CASES) - 2 * len(HEAVY)
    figures = run(each_case(), WORLD, count, partitions=1, seed=0)
    assert accounted(figures, count)
    assert figures.state_bytes < 500_000


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_registration_is_refused_or_can_be_judged_by(name: str) -> None:
    codec = Codec(FileIds())
    record = dict(absurd(WORLD[0]))[name]
    try:
        taken = enterprise_from_record(codec.decode(codec.encode(RECORD, record))[1])
    except RegistryError:
        return
    traffic = Traffic([taken], 1, 2)
    assert accounted(run(traffic, [taken], 150, partitions=2, seed=1), 150)
