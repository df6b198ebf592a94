"""A batch taken in as a whole is judged as if its records had come one by one."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine import partition_sources
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import DataGap, Violation, WindowMean
from streams.core.records.partitioning import partition_of
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import (
    BIN,
    CODEC,
    PERIOD,
    RULES,
    TOPIC,
    Found,
    Log,
    enterprise,
    fold,
    history,
    limit,
    local,
    proof,
    reading,
    source,
    take,
)
from tests.core.traffic import Scene, scene
from tests.support.generated import examples

BEGIN = local("2026-04-01 08:00")


def by_revision(changes: Sequence[DataGap | Violation]) -> dict[tuple[str, int], bytes]:
    """What each revision of each id says; they come in their order."""
    found: dict[tuple[str, int], bytes] = {}
    last: dict[str, int] = {}
    for each in changes:
        assert last.get(each.id, 0) < each.revision
        last[each.id] = each.revision
        found[each.id, each.revision] = msgspec.json.encode(each)
    return found


def said_no_other(
    found: Sequence[DataGap | Violation], all_: Sequence[DataGap | Violation]
) -> None:
    """Every number says what it says among all changes, and the last of each id is the same."""
    mine, theirs = by_revision(found), by_revision(all_)
    assert mine.items() <= theirs.items()
    assert dict(sorted(mine)) == dict(sorted(theirs))  # id to its highest number


def last(means: Sequence[WindowMean]) -> dict[tuple[str, str, str, str, int], bytes]:
    """The last that was said of each mean, as bytes: not a number is equal to itself."""
    found = {}
    revisions: dict[Any, int] = {}
    for mean in means:
        key = mean.source_id, mean.parameter, mean.unit, mean.window, mean.start
        assert revisions.get(key, 0) <= mean.revision
        revisions[key] = mean.revision
        found[key] = msgspec.json.encode(mean)
    return found


def same(found: Found, expected: Found) -> None:
    """Everything but the revisions of means, gaps and violations between two batches.

    ``expected`` has all changes of gaps and violations, one by one.
    """
    assert last(found.means) == last(expected.means)
    said = {(*key, mean.revision): mean for mean in expected.means for key in [_key(mean)]}
    for mean in found.means:
        theirs = said[(*_key(mean), mean.revision)]
        assert msgspec.json.encode(mean) == msgspec.json.encode(theirs)
    said_no_other(found.violations, expected.violations)
    said_no_other(found.gaps, expected.gaps)
    assert found.last_roots == expected.last_roots
    assert set(found.roots) <= set(expected.roots)
    assert found.dead_letters == expected.dead_letters
    assert by_case(found) == by_case(expected)
    assert (found.used, found.duplicates, found.ticks) == (
        expected.used,
        expected.duplicates,
        expected.ticks,
    )


def by_case(found: Found) -> dict[str, list[AdministrativeCase]]:
    """Every revision of every case, in the order of publication."""
    cases: dict[str, list[AdministrativeCase]] = {}
    for each in found.cases:
        cases.setdefault(each.id, []).append(each)
    return cases


def _key(mean: WindowMean) -> tuple[str, str, str, str, int]:
    return mean.source_id, mean.parameter, mean.unit, mean.window, mean.start


def one_by_one(made: Scene, *, rebuilt: bool = False) -> Found:
    """The log in batches of one record."""
    return fold(made.records, made.registry, range(1, len(made.records)), rebuilt=rebuilt)


@examples(40)
@given(st.integers(0, 2**32), st.sampled_from((1, 1, 2, 4)), st.sampled_from((2, 5, 9)))
def test_a_whole_batch_is_judged_as_its_records_one_by_one(
    seed: int, sources: int, hours: int
) -> None:
    made = scene(Random(seed), sources, hours if sources < 3 else 3)
    same(fold(made.records, made.registry), one_by_one(made))


@examples(40)
@given(st.integers(0, 2**32), st.data())
def test_results_are_independent_of_batch_boundaries(seed: int, data: st.DataObject) -> None:
    """Long batches and short ones, in an engine that goes on and in new ones."""
    made = scene(Random(seed), 2, 4)
    edges = st.integers(1, len(made.records) - 1)
    cuts = data.draw(st.sets(edges, min_size=1, max_size=6))
    found = fold(made.records, made.registry, cuts, rebuilt=data.draw(st.booleans()))
    same(found, one_by_one(made, rebuilt=data.draw(st.booleans())))


def run_with_a_late_reading(at: int, offset: int) -> tuple[Log, int]:
    """Readings above the limit for eight hours, one of the second hour late: after the ``at``-th.

    The log and the position behind the late one.
    """
    log = Log().tick(BEGIN)
    for number in range(48):
        start = BEGIN + number * PERIOD + offset
        if number != 10:
            log.add(reading(start, values={"SO2": 1500.0}))
        if number == at:
            late = reading(BEGIN + 10 * PERIOD + offset, values={"SO2": 1500.0})
            log.add(late, start + PERIOD)
            after = len(log.records)
    return log.tick(BEGIN + 12 * HOUR), after


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("at", range(24, 30))
def test_a_run_is_not_judged_before_the_windows_that_closed(at: int, offset: int) -> None:
    """A reading that is looked at by itself, right after a batch with a late one."""
    log, after = run_with_a_late_reading(at, offset)
    made = Scene(history(enterprise()), log.records)
    expected = one_by_one(made)
    for cut in range(after - 2, after + 5):
        same(fold(log, made.registry, [cut]), expected)
    (run,) = expected.standing("KZ-3H")
    assert [status for _, status in expected.story(run.id)].count("CLOSED") == 1


def test_what_was_said_under_a_registration_is_not_said_again_under_the_next() -> None:
    """A late reading, then another limit: the run of before is a matter of before."""
    log, _ = run_with_a_late_reading(26, 0)
    registry = history(enterprise())
    other = enterprise(source(limits=(limit(600.0),)))
    registry.add(BEGIN + 36 * PERIOD + 1, BIN, other, proof(1))
    made = Scene(registry, log.records)
    expected = one_by_one(made)
    for cut in (1, 31, 39):
        same(fold(log, registry, [cut]), expected)
    ends = [each.end or 0 for each in expected.violations if each.rule == "KZ-3H"]
    assert ends == sorted(ends)


@pytest.mark.parametrize("limit_", [0, 5, 60])
def test_sources_beyond_what_is_judged_at_once(
    limit_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene(Random(limit_), 6, 3)
    expected = one_by_one(made)
    monkeypatch.setattr(partition_sources, "_SLOTS_SUMMED_AT_ONCE", limit_)
    same(fold(made.records, made.registry), expected)


def test_a_hole_is_filled_right_before_what_is_known_already() -> None:
    """In the midst of readings that go on where the last ones ended."""
    stack = enterprise(source(cadence_s=60))
    log = Log().tick(BEGIN)
    for minute in (0, 1, 2, 4, 5, 3, 4, 5, 6, 7):
        log.add(reading(BEGIN + minute * MINUTE, period_s=60), BEGIN + 8 * MINUTE)
    for minute in (8, 9):
        other = {"SO2": 100.0 + minute}
        log.add(reading(BEGIN + minute * MINUTE, period_s=60), BEGIN + 10 * MINUTE)
        log.add(reading(BEGIN + minute * MINUTE, period_s=60, values=other), BEGIN + 10 * MINUTE)
    made = Scene(history(stack), log.tick(BEGIN + HOUR).records)
    found = fold(made.records, made.registry)
    assert (found.used, found.duplicates, len(found.dead_letters)) == (10, 2, 2)
    assert found.mean("20min", BEGIN).value == 100.0
    assert found.mean("20min", BEGIN).count == 10
    same(found, one_by_one(made))


def test_a_run_closes_by_time_alone_in_the_batch_after_a_longer_one() -> None:
    log = Log().series(BEGIN, [1500.0] * 24)
    cut = len(log.records)
    end = BEGIN + 24 * PERIOD
    for after in (6, 20, 34, 36, 50):
        log.tick(end + after * MINUTE)
    made = Scene(history(enterprise()), log.records)
    expected = one_by_one(made)
    found = fold(made.records, made.registry, [cut])
    same(found, expected)
    (run,) = found.standing("KZ-3H")
    assert (run.status, run.detected_at) == ("CLOSED", end + 36 * MINUTE)


def read_elsewhere(made: Scene, size: int) -> Found:
    """The log read as that of a partition to which none of the sources belongs by its key."""
    keys = {record.key.decode() for record in made.records if record.key}
    number = next(at for at in range(99) if at not in {partition_of(key, 99) for key in keys})
    found = Found()
    running = PartitionProcessor(
        topic=TOPIC,
        partition=number,
        partitions=99,
        decode=CODEC.decode_readings,
        rules=RULES,
        policy=Policy(),
        registry=made.registry,
        state=found.state,
    )
    for start in range(0, len(made.records), size):
        take(found, running, made.records[start : start + size])
        running.commit()
    return found


@examples(10)
@given(st.integers(0, 2**32))
def test_readings_of_sources_that_belong_elsewhere_are_all_refused(seed: int) -> None:
    made = scene(Random(seed), 2, 3)
    found, expected = read_elsewhere(made, len(made.records)), read_elsewhere(made, 1)
    same(found, expected)
    assert (found.used, found.means, found.gaps, found.violations) == (0, [], [], [])
    assert {letter.reason for letter in found.dead_letters} >= {"WRONG_PARTITION"}
    assert not [key for key in found.state if "/source/" in key or "/hour/" in key]
