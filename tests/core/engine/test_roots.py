"""The root of a source's day is that of a plain tree over the accepted messages of the log."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import Reading
from streams.core.evidence.merkle import leaf_hash, root_of
from streams.core.records.record import RawRecord
from streams.core.records.root import SourceDayRoot
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import to_datetime, zone
from tests.core.engine.test_bulk import one_by_one, same
from tests.core.examples import (
    BIN,
    CODEC,
    PERIOD,
    TOPIC,
    Found,
    Log,
    engine,
    enterprise,
    fold,
    history,
    local,
    proof,
    reading,
    source,
    take,
)
from tests.core.traffic import Scene, scene
from tests.support.generated import examples

MIDNIGHT = local("2026-04-02")
GRACE, LATENESS = 20 * MINUTE, 72 * HOUR


def accepted(made: Scene, found: Found) -> dict[tuple[str, str], list[RawRecord]]:
    """The accepted messages by source and local day, in the order of offsets."""
    unused = {each.offset for each in found.dead_letters} | set(found.duplicate_offsets)
    days: dict[tuple[str, str], list[RawRecord]] = {}
    for record in made.records:
        item = CODEC.decode_reading(record.value or b"")
        if isinstance(item, Reading) and record.offset not in unused:
            entry = made.registry.source(item.source_id, record.timestamp)
            assert entry is not None
            day = to_datetime(item.measured_at).astimezone(zone(entry.zone)).date()
            days.setdefault((item.source_id, day.isoformat()), []).append(record)
    return days


def tree(records: list[RawRecord]) -> tuple[int, int, int, str]:
    root = root_of(leaf_hash(record.value or b"") for record in records)
    return records[0].offset, records[-1].offset, len(records), root.hex()


def holds(made: Scene, found: Found) -> None:
    """Every revision is the tree of the messages up to its last one; the last is of all."""
    days = accepted(made, found)
    assert sum(map(len, days.values())) == found.used
    for root in found.roots:
        own = days[root.source_id, root.day]
        upto = [record for record in own if record.offset <= root.last_offset]
        assert (root.first_offset, root.last_offset, root.count, root.root) == tree(upto)
        assert root.complete
    end = max(record.timestamp for record in made.records if record.timestamp < 1 << 61)
    closed = {}
    for place, root in found.last_roots.items():
        assert root.count == len(days[place])
        assert root.final == (end > root.end + LATENESS)
        closed[place] = root.end
    for (name, day), own in days.items():  # an open day has no root yet, and each closed one has
        first = CODEC.decode_reading(own[0].value or b"")
        assert isinstance(first, Reading)
        entry = made.registry.last_source(name, end)
        assert entry is not None
        if entry.clock.day(first.measured_at)[1] + GRACE <= end:
            assert (name, day) in closed


@examples(40)
@given(st.integers(0, 2**32), st.sampled_from((1, 2)), st.sampled_from((2, 5, 9)))
def test_roots_are_those_of_the_log(seed: int, sources: int, hours: int) -> None:
    made = scene(Random(seed), sources, hours)
    holds(made, fold(made.records, made.registry))


def quarters(*hours: float) -> Log:
    """Readings of source A that begin at these hours after midnight, on time."""
    log = Log().tick(MIDNIGHT - HOUR)
    for hour in hours:
        log.add(reading(MIDNIGHT + round(hour * HOUR)))
    return log


def told(found: Found) -> list[tuple[int, int, bool, int]]:
    return [(each.revision, each.count, each.final, each.stream_time) for each in found.roots]


def test_a_day_has_a_root_when_it_closes_and_when_it_is_final() -> None:
    log = quarters(-0.5, 0, 1, 23.5)
    closes, final = MIDNIGHT + DAY + GRACE, MIDNIGHT + DAY + LATENESS + 1
    for at in (closes - 1, closes, final - 1, final, final + 9 * DAY):
        log.tick(at)
    made = Scene(history(enterprise()), log.records)
    found = one_by_one(made)
    holds(made, found)
    today = [each for each in found.roots if each.day == "2026-04-02"]
    yesterday = found.roots[0]
    assert (yesterday.day, yesterday.end, yesterday.count) == ("2026-04-01", MIDNIGHT, 1)
    assert [(each.revision, each.final, each.stream_time) for each in today] == [
        (1, False, closes),
        (2, True, final),
    ]
    assert today[0] == SourceDayRoot(
        "A", BIN, "2026-04-02", MIDNIGHT, MIDNIGHT + DAY, TOPIC, 0, 2, 4, 3,
        tree(log.records[2:5])[3], 1, False, True, closes,
    )  # fmt: skip
    assert fold(log, enterprise()).last_roots == found.last_roots
    assert len(found.state["0/roots/A"]) < 9  # and nothing is remembered of it


def test_late_messages_are_counted_once_each_and_told_once_a_batch() -> None:
    log = quarters(1)
    log.tick(MIDNIGHT + DAY + GRACE)
    for late in (2, 3, 4):
        log.add(reading(MIDNIGHT + late * HOUR), MIDNIGHT + DAY + 2 * HOUR)
    log.add(reading(MIDNIGHT + 4 * HOUR), MIDNIGHT + DAY + 2 * HOUR)  # a duplicate
    log.tick(MIDNIGHT + DAY + LATENESS + HOUR)
    # A record whose timestamp lies before stream time is accepted still.
    log.add(reading(MIDNIGHT + 20 * HOUR), MIDNIGHT + DAY)
    made = Scene(history(enterprise()), log.records)
    each = one_by_one(made)
    holds(made, each)
    late, after = MIDNIGHT + DAY + 2 * HOUR, MIDNIGHT + DAY + LATENESS + HOUR
    first = (1, 1, False, MIDNIGHT + DAY + GRACE)
    assert told(each) == [
        first, (2, 2, False, late), (3, 3, False, late), (4, 4, False, late),
        (5, 4, True, after), (6, 5, True, after),
    ]  # fmt: skip
    assert told(fold(log, enterprise(), [3, 5])) == [
        first,
        (3, 3, False, late),
        (6, 5, True, after),
    ]


def test_a_day_of_late_messages_alone_has_a_root() -> None:
    log = Log().tick(MIDNIGHT + DAY + HOUR)
    log.add(reading(MIDNIGHT + HOUR), MIDNIGHT + DAY + HOUR)
    log.add(reading(MIDNIGHT + 2 * HOUR), MIDNIGHT + DAY + HOUR)
    found = fold(log, enterprise())
    assert told(found) == [(2, 2, False, MIDNIGHT + DAY + HOUR)]
    same(found, one_by_one(Scene(history(enterprise()), log.records)))


@pytest.mark.parametrize("moved", ["Asia/Kolkata", "Asia/Tokyo"])
def test_a_message_counts_for_the_day_on_the_clock_of_its_registration(moved: str) -> None:
    registry = history(enterprise())
    registry.add(MIDNIGHT + HOUR, BIN, enterprise(source(timezone=moved)), proof(1))
    log = Log()
    for at in range(-6 * HOUR, 30 * HOUR, PERIOD):
        log.add(reading(MIDNIGHT + at))
    log.tick(MIDNIGHT + 9 * DAY)
    made = Scene(registry, log.records)
    found = one_by_one(made)
    days = accepted(made, found)
    assert {place: root.count for place, root in found.last_roots.items()} == {
        place: len(own) for place, own in days.items()
    }
    for place, root in found.last_roots.items():
        assert (root.first_offset, root.last_offset, root.count, root.root) == tree(days[place])
        measured = [CODEC.decode_reading(each.value or b"").measured_at for each in days[place]]  # type: ignore[union-attr]
        assert root.start <= min(measured) <= max(measured) < root.end
    same(fold(log, registry), found)
    same(fold(log, registry, [7, 50, 60], rebuilt=True), found)


@pytest.mark.parametrize("stale", [False, True], ids=["never kept", "kept before"])
def test_a_day_that_was_half_seen_says_so(stale: bool) -> None:
    """A version that keeps no roots judged some of the messages."""
    log = quarters(-2, -1, 1, 2, 3, 25)
    log.tick(MIDNIGHT + 9 * DAY)
    registry = history(enterprise())
    expected = fold(log, registry).last_roots
    first = fold(log.records[:2], registry)
    half = fold(log.records[:4], registry).state  # some of two days
    half.pop("0/roots/A")
    if stale:
        half["0/roots/A"] = first.state["0/roots/A"]
    found = Found(state=half)
    take(found, engine(registry, half), log.records[4:])
    assert found.last_roots["A", "2026-04-03"] == expected["A", "2026-04-03"]
    partial = found.last_roots["A", "2026-04-02"]
    assert not partial.complete
    assert partial.root == tree(log.records[4:6])[3]
    assert ("A", "2026-04-01") not in found.last_roots or stale
