"""The registry over time: a registration applies to readings that arrive after it."""

from __future__ import annotations

from streams.core.registry.enterprise import Enterprise, Source
from streams.core.sources.history import RegistryHistory
from streams.core.time.interval import HOUR, MINUTE
from tests.core.examples import (
    BIN,
    Found,
    Log,
    connected,
    engine,
    enterprise,
    fold,
    limit,
    local,
    proof,
    reading,
    source,
    take,
)

BEGIN = local("2026-04-01")
OTHER = "123456789012"


def registered(*versions: tuple[int, Enterprise | None]) -> RegistryHistory:
    """Versions of one enterprise, each with its arrival."""
    registry = RegistryHistory()
    for number, (at, each) in enumerate(versions):
        registry.add(at, BIN, each, proof(number))
    return registry


def stricter(value: float = 50.0) -> Source:
    """The source with another limit."""
    return source(limits=(limit(value),))


def test_a_source_is_known_from_the_arrival_of_its_registration_on() -> None:
    registry = registered((BEGIN, enterprise()))
    assert registry.source("A", BEGIN - 1) is None
    assert registry.source("A", BEGIN) is not None
    assert registry.source("B", BEGIN) is None
    log = Log().add(reading(BEGIN), BEGIN - 1).add(reading(BEGIN + 10 * MINUTE), BEGIN + HOUR)
    found = fold(log, registry)
    assert [letter.reason for letter in found.dead_letters] == ["UNKNOWN_SOURCE"]
    assert found.used == 1


def test_the_version_in_force_is_the_last_that_arrived() -> None:
    registry = registered((BEGIN, enterprise()), (BEGIN + 5, enterprise(stricter())))
    before, after = registry.source("A", BEGIN + 4), registry.source("A", BEGIN + 5)
    assert before is not None
    assert after is not None
    assert before.source.limits[0].value == 500.0
    assert after.source.limits[0].value == 50.0


def test_a_source_is_struck_off_with_its_enterprise_or_alone() -> None:
    gone = registered((BEGIN, enterprise()), (BEGIN + HOUR, None))
    other = registered((BEGIN, enterprise()), (BEGIN + HOUR, enterprise(source("B"))))
    for registry in (gone, other):
        log = Log().add(reading(BEGIN)).add(reading(BEGIN + 2 * HOUR))
        found = fold(log, registry)
        assert (found.used, [each.reason for each in found.dead_letters]) == (1, ["UNKNOWN_SOURCE"])
        assert registry.source("A", BEGIN + HOUR) is None


def test_a_source_struck_off_is_judged_to_the_end_of_what_it_sent_but_not_for_its_silence() -> None:
    """So it is for an engine that goes on and for one that starts anew after the striking off."""
    registry = registered((0, connected(on="2026-04-01")), (BEGIN + 50 * MINUTE, None))
    log = Log().series(BEGIN, [1000.0] * 4).tick(BEGIN + 55 * MINUTE)
    log.add(reading(BEGIN + HOUR)).tick(BEGIN + 72 * HOUR)
    whole = fold(log, registry)
    cut = fold(log, registry, range(len(log.records)), rebuilt=True)
    for found in (whole, cut):
        assert {mean.window for mean in found.means} == {"20min", "30min", "1h", "day"}
        assert [each.rule for each in found.violations] == ["KZ-30", "KZ-15"]
        assert found.gaps == []
        assert [each.reason for each in found.dead_letters] == ["UNKNOWN_SOURCE"]
    assert whole.means == cut.means


def test_a_source_that_comes_back_is_known_again() -> None:
    registry = registered(
        (BEGIN, enterprise()), (BEGIN + HOUR, None), (BEGIN + 2 * HOUR, enterprise())
    )
    known = [registry.source("A", BEGIN + hours * HOUR) is not None for hours in range(4)]
    assert known == [True, False, True, True]
    assert registry.last_known("A", BEGIN + HOUR) is registry.source("A", BEGIN)
    assert registry.last_known("A", BEGIN - 1) is None
    log = Log().add(reading(BEGIN)).add(reading(BEGIN + HOUR)).add(reading(BEGIN + 3 * HOUR))
    found = fold(log, registry)
    assert (found.used, len(found.dead_letters)) == (2, 1)
    assert found.spans() == [(BEGIN + 10 * MINUTE, BEGIN + 3 * HOUR)]


def test_a_clock_that_runs_backwards_counts_as_standing_still() -> None:
    registry = registered((BEGIN, enterprise()), (BEGIN - HOUR, enterprise(stricter())))
    entry = registry.source("A", BEGIN)
    assert entry is not None
    assert entry.source.limits[0].value == 50.0
    assert registry.source("A", BEGIN - 1) is None


def test_a_source_may_move_to_another_enterprise() -> None:
    registry = registered((BEGIN, enterprise()), (BEGIN + HOUR, None))
    registry.add(BEGIN + HOUR, OTHER, enterprise(bin=OTHER), proof(2))
    entry = registry.source("A", BEGIN + HOUR)
    assert entry is not None
    assert entry.enterprise.bin == OTHER


def test_changes_are_found_in_the_order_of_arrival() -> None:
    registry = registered((BEGIN, enterprise()), (BEGIN + 9, None))
    registry.add(BEGIN + 4, OTHER, enterprise(source("B"), bin=OTHER), proof(2))
    assert [registry.changes_after(BEGIN + at) for at in (-1, 0, 4, 9)] == [
        BEGIN,
        BEGIN + 4,
        BEGIN + 9,
        None,
    ]
    assert [registry.last_change(BEGIN + at) for at in (0, 5, 99)] == [BEGIN, BEGIN + 4, BEGIN + 9]
    assert registry.source_ids() == ("A", "B")
    assert registry.bins() == (OTHER, BIN)
    assert registry.version == 3


def test_closed_windows_are_not_judged_again_for_a_registration() -> None:
    """The first day under 500, a new limit of 50 in the evening of the second."""
    change = BEGIN + 3 * HOUR
    registry = registered((0, enterprise()), (change, enterprise(stricter())))
    log = Log().series(BEGIN, [100.0] * 36).tick(BEGIN + 7 * HOUR)
    found = fold(log, registry)
    assert {each.start for each in found.standing("KZ-30")} == {
        change - 30 * MINUTE + index * 30 * MINUTE for index in range(7)
    }
    assert found.mean("1h", BEGIN + HOUR).limit == 500.0
    assert found.mean("1h", change).limit == 50.0


def test_a_registration_applies_in_the_middle_of_a_batch_and_after_a_restart() -> None:
    registry = registered((0, enterprise()), (BEGIN + 95 * MINUTE, enterprise(stricter())))
    log = Log().series(BEGIN, [100.0] * 24).tick(BEGIN + 6 * HOUR)
    whole = fold(log, registry)
    cut = fold(log, registry, range(len(log.records)), rebuilt=True)
    assert whole.violations == cut.violations
    assert whole.last_means == cut.last_means


def test_a_registration_that_comes_while_the_engine_runs_is_taken_over() -> None:
    registry = registered((0, enterprise()))
    running = engine(registry)
    found = Found()
    log = Log().series(BEGIN, [100.0] * 12).tick(BEGIN + 4 * HOUR)
    take(found, running, log.records[:6])
    registry.add(BEGIN + 70 * MINUTE, BIN, enterprise(stricter()), proof(1))
    take(found, running, log.records[6:])
    assert found.mean("1h", BEGIN).limit in (50.0, 500.0)
    assert found.mean("1h", BEGIN + HOUR).limit == 50.0
    assert len(found.standing("KZ-30")) == 3


def test_an_older_reading_behind_a_newer_registration_is_judged_by_its_own_arrival() -> None:
    """Its record's timestamp counts, not the stream time that others have brought about."""
    registry = registered((BEGIN, enterprise()), (BEGIN + HOUR, None))
    log = Log().tick(BEGIN + 2 * HOUR).add(reading(BEGIN), BEGIN + 10 * MINUTE)
    found = fold(log, registry)
    assert (found.used, found.dead_letters) == (1, [])


def test_a_source_connected_by_a_later_registration_falls_silent_from_then_on() -> None:
    registry = registered((0, enterprise()), (BEGIN, connected(on="2026-04-01")))
    log = Log().tick(BEGIN - HOUR).tick(BEGIN + 1).tick(BEGIN + HOUR)
    assert fold(log, registry).spans() == [(BEGIN, None)]


def test_a_test_stream_is_kept_apart() -> None:
    plant = connected(on="2026-04-01", test=True)
    log = Log().add(reading(BEGIN)).tick(BEGIN + 48 * HOUR)
    found = fold(log, plant)
    assert [each.reason for each in found.dead_letters] == ["TEST_STREAM"]
    assert (found.means, found.gaps, found.violations) == ([], [], [])


def test_a_source_that_went_over_is_not_struck_off_by_its_former_enterprise() -> None:
    registry = RegistryHistory()
    registry.add(BEGIN, BIN, enterprise(source("A"), source("B")), proof(0))
    registry.add(BEGIN + 1, OTHER, enterprise(source("B"), bin=OTHER), proof(1))
    registry.add(BEGIN + 2, BIN, enterprise(source("A")), proof(2))
    held = registry.source("B", BEGIN + 2)
    assert held is not None
    assert held.enterprise.bin == OTHER
    registry.add(BEGIN + 3, OTHER, None, proof(3))
    assert registry.source("B", BEGIN + 3) is None
