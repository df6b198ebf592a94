"""A nation sent as time passes: nothing early, nothing left out, on from where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from emissions.simulation.live import CATCH_UP, STEP_MS, Position, begin_at, send_live
from emissions.simulation.nation import Nation
from emissions.simulation.stream import records
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.time.interval import HOUR, MINUTE

NATION = Nation(enterprises=2, tampered=0, density=4.0)
CODEC = Codec(FileIds())


class SeenEnoughError(Exception):
    """The test has seen enough."""


class Clock:
    """A clock that only sleeping moves; it stops the sending at ``end``."""

    def __init__(self, now: int, end: int) -> None:
        self.now, self.end = now, end

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)
        if self.now >= self.end:
            raise SeenEnoughError


class Writer:
    def __init__(self) -> None:
        self.waiting: list[tuple[int, bytes]] = []
        self.confirmed: list[tuple[int, bytes]] = []

    async def write(
        self,
        key: bytes,
        timestamp: int,
        value: bytes,
        headers: list[tuple[str, bytes]] | None,
    ) -> None:
        self.waiting.append((timestamp, value))

    async def flush(self) -> list[int]:
        self.confirmed += self.waiting
        self.waiting.clear()
        return []


async def sent(position: Position, writer: Writer, start: int, end: int) -> None:
    clock = Clock(start, end)
    with pytest.raises(SeenEnoughError):
        await send_live(NATION, CODEC, writer, position, clock=clock, sleep=clock.sleep)


def due(until: int) -> list[tuple[int, bytes]]:
    """What arrives from the start of the nation on and before a moment, in order."""
    every = [record for batch in records(NATION, CODEC) for record in batch]
    return [
        (record.arrived_at, record.value)
        for record in every
        if NATION.start <= record.arrived_at < until
    ]


async def test_everything_is_sent_in_order_and_nothing_before_it_arrives(tmp_path: Path) -> None:
    writer = Writer()
    end = NATION.start + 4 * HOUR
    await sent(Position(tmp_path / "position"), writer, NATION.start + HOUR, end)
    wanted = due(end - STEP_MS)
    found = writer.confirmed
    assert [value for _, value in found][: len(wanted)] == [value for _, value in wanted]
    assert len(found) - len(wanted) <= 50
    arrivals = [arrived for arrived, _ in due(end)]
    assert all(stamp >= arrived for (stamp, _), arrived in zip(found, arrivals, strict=False))


async def test_a_later_start_goes_on_where_it_stopped(tmp_path: Path) -> None:
    position, writer = Position(tmp_path / "position"), Writer()
    stop, end = NATION.start + 90 * MINUTE, NATION.start + 3 * HOUR
    await sent(position, writer, NATION.start + HOUR, stop)
    writer.waiting.clear()  # what a killed process had not confirmed
    await sent(position, writer, stop + 20 * MINUTE, end)
    wanted = [value for _, value in due(end - STEP_MS)]
    assert [value for _, value in writer.confirmed][: len(wanted)] == wanted


def test_it_begins_with_the_nation_and_never_so_far_back_that_it_is_too_late() -> None:
    start = NATION.start
    assert begin_at(NATION, None, start + HOUR) == start - 1
    assert begin_at(NATION, start + HOUR, start + 2 * HOUR) == start + HOUR
    assert begin_at(NATION, start, start + 2 * CATCH_UP) == start + CATCH_UP


def test_a_file_that_holds_no_position_is_named(tmp_path: Path) -> None:
    position = Position(tmp_path / "position")
    assert position.read() is None
    position.write(5)
    assert position.read() == 5
    (tmp_path / "position").write_text("five")
    with pytest.raises(ValueError, match="position holds no position"):
        position.read()
