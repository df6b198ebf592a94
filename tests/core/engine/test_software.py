"""``SOFTWARE-CHANGED``: what readings say of the software that made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.engine.retention import LONGEST_DAY
from streams.core.engine.software import MOST_FOREIGN, UNREADABLE, software_of
from streams.core.law.policy import Policy
from streams.core.records.findings import Finding
from streams.core.registry.enterprise import Asm, Enterprise
from streams.core.sources.history import RegistryHistory
from streams.core.state.source_state import ForeignSoftware, SourceState
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.load import load_rules
from tests.core.examples import (
    BIN,
    PERIOD,
    Found,
    Log,
    enterprise,
    fold,
    local,
    proof,
    reading,
    source,
)
from tests.support.generated import examples

BEGIN = local("2026-04-01 08:00")
OWN, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64
KIND = "SOFTWARE-CHANGED"
EACH = range(1, 400)


def plant(checksum: str | None = OWN, **changes: Any) -> Enterprise:
    """An enterprise that registers a checksum."""
    return enterprise(asm=Asm("2020-01-01", "2020-02-01", checksum), **changes)


def known(*versions: tuple[int, Enterprise | None]) -> RegistryHistory:
    """Registrations by their arrival; the first was always there."""
    registry = RegistryHistory()
    registry.add(-(1 << 61), BIN, plant(), proof(0))
    for number, (at, each) in enumerate(versions, 1):
        registry.add(at, BIN, each, proof(number))
    return registry


def named(checksum: str | bytes | None) -> tuple[tuple[str, bytes | None], ...]:
    """The headers of a message."""
    if checksum is None:
        return ()
    value = checksum if isinstance(checksum, bytes) else checksum.encode()
    return (("trace", b"\xff"), ("software", value))


def sent(
    checksums: Sequence[str | bytes | None], start: int = BEGIN, log: Log | None = None
) -> Log:
    """Readings in a row, one by each software named."""
    log = log or Log()
    for number, each in enumerate(checksums):
        log.add(reading(start + number * PERIOD), headers=named(each))
    return log


def told(found: Found) -> list[tuple[str, int | None, int | None]]:
    """Each revision: status, start, end; in places of readings."""

    def place(at: int | None) -> int | None:
        return None if at is None else (at - BEGIN) // PERIOD

    return [
        (each.status, place(each.start), place(each.end))
        for each in found.findings
        if each.kind == KIND
    ]


def by_id(found: Found) -> dict[str, Finding]:
    """The last revision of each."""
    return {each.id: each for each in found.last_findings(KIND)}


def foreign(found: Found) -> dict[str, ForeignSoftware]:
    """What the state remembers."""
    state = found.state["0/source/A"]
    return msgspec.msgpack.decode(state, type=SourceState).foreign_software


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), None),
        ((("software", None),), None),
        ((("software", b""),), None),
        ((("Software", OWN.encode()),), None),
        ((("software", OWN.encode()),), OWN),
        ((("software", OWN.upper().encode()),), OWN),
        ((("software", OTHER.encode()), ("software", OWN.encode())), OWN),
        ((("software", OWN.encode() + b"\n"),), UNREADABLE),
        ((("software", b"a" * 100_000),), UNREADABLE),
        ((("software", b"\xff\x00"),), UNREADABLE),
        ((("software", b"v1.2"),), UNREADABLE),
    ],
)
def test_what_a_header_says(
    headers: tuple[tuple[str, bytes | None], ...], expected: str | None
) -> None:
    assert software_of(headers) == expected


def test_a_foreign_checksum_is_found_until_the_registered_one_comes_again() -> None:
    log = sent([OWN, None, OTHER, None, OTHER, OWN, OWN])
    found = fold(log, known(), EACH)
    assert told(found) == [("OPEN", 2, None), ("CLOSED", 2, 5)]
    first, last = (each for each in found.findings if each.kind == KIND)
    assert first.statistic == f"checksum of the software: {OTHER}"
    assert OWN in first.detail
    assert (first.basis, first.track, first.source_id) == ("Order 208 n. 30", "", "A")
    assert first.detected_at == BEGIN + 3 * PERIOD
    assert (last.id, last.revision) == (first.id, 2)


def test_nothing_is_found_where_nothing_is_said_or_registered() -> None:
    assert told(fold(sent([OWN, None, OWN, OWN.upper(), b""]), known())) == []
    assert told(fold(sent([OTHER, b"\xff"]), enterprise())) == []
    assert told(fold(sent([OTHER]), known(), rules=load_rules("eu"))) == []


class Untouchable(tuple[Any, ...]):
    """Headers that nobody may look at."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("headers were looked at")


def test_no_header_is_looked_at_where_no_checksum_is_registered() -> None:
    log = sent([OTHER] * 12)
    log.records = [each._replace(headers=Untouchable()) for each in log.records]
    assert fold(log, enterprise(), [3, 4]).used == 12
    with pytest.raises(AssertionError, match="headers were looked at"):
        fold(log, known())


def test_each_foreign_checksum_has_a_finding_and_unreadable_ones_have_one() -> None:
    found = fold(sent([OTHER, b"\xff", THIRD, b"x" * 9999, OTHER, OWN]), known(), EACH)
    last = {each.statistic[-64:]: each for each in by_id(found).values()}
    assert len(last) == 3
    assert {each.end for each in last.values()} == {BEGIN + 5 * PERIOD}
    assert {each.revision for each in last.values()} == {2}


def test_a_checksum_that_comes_again_opens_its_finding_again() -> None:
    found = fold(sent([OTHER, OWN, OTHER, OWN]), known(), EACH)
    assert told(found) == [("OPEN", 0, None), ("CLOSED", 0, 1), ("OPEN", 0, None), ("CLOSED", 0, 3)]
    assert len(by_id(found)) == 1


def test_late_readings_of_the_time_before_change_nothing() -> None:
    """The registered one from before the last foreign reading, and a foreign one from before."""
    log = sent([OWN]).add(reading(BEGIN + 2 * PERIOD), headers=named(OTHER))
    log.add(reading(BEGIN + PERIOD), BEGIN + 4 * PERIOD, named(OWN))
    log.add(reading(BEGIN + 4 * PERIOD), headers=named(OWN))
    log.add(reading(BEGIN + 3 * PERIOD), BEGIN + 6 * PERIOD, named(OTHER))
    assert told(fold(log, known(), EACH)) == [("OPEN", 2, None), ("CLOSED", 2, 4)]


def test_readings_that_are_not_accepted_say_nothing() -> None:
    log = sent([OWN, OWN])
    log.add(reading(BEGIN), BEGIN + HOUR, named(OTHER))  # a duplicate
    log.add(reading(BEGIN, values={"SO2": 7.0}), BEGIN + HOUR, named(OTHER))  # a conflict
    log.tick(BEGIN + 9 * DAY).add(reading(BEGIN + PERIOD * 3), BEGIN + 9 * DAY, named(OTHER))
    assert told(fold(log, known())) == []


@pytest.mark.parametrize(
    "later", [plant(OTHER), plant(None), None, enterprise()], ids=["to it", "none", "off", "plain"]
)
def test_a_registration_ends_it(later: Enterprise | None) -> None:
    log = sent([OTHER, OTHER])
    moment = BEGIN + 5 * PERIOD
    log.tick(moment).tick(moment + MINUTE).tick(moment + HOUR)
    registry = known((moment - 1, later))
    expected = fold(log, registry, EACH)
    assert told(expected) == [("OPEN", 0, None), ("CLOSED", 0, 5)]
    for cut in range(1, len(log.records)):
        assert by_id(fold(log, registry, [cut], rebuilt=True)) == by_id(expected)


def test_what_a_registration_ended_is_saved_though_nothing_else_has_changed() -> None:
    log = sent([OTHER])
    for hour in range(30, 36):
        log.tick(BEGIN + hour * HOUR)
    registry = known((BEGIN + 33 * HOUR, plant(OTHER)))
    expected = fold(log, registry, EACH)
    found = fold(log, registry, EACH, rebuilt=True)
    assert told(found) == told(expected) == [("OPEN", 0, None), ("CLOSED", 0, 33 * 6)]
    assert foreign(found) == foreign(expected)


def test_it_ends_no_earlier_than_its_last_reading() -> None:
    """A station whose clock goes before."""
    at = BEGIN + 6 * MINUTE
    log = Log().add(reading(BEGIN), at, named(OTHER)).tick(at + MINUTE)
    found = fold(log, known((at + MINUTE, plant(OTHER))), EACH)
    assert told(found) == [("OPEN", 0, None), ("CLOSED", 0, 1)]


def test_a_reading_that_arrived_under_another_registration_says_nothing() -> None:
    """The log's clock went back: what it was registered as then is asked about no more."""
    log = Log().tick(BEGIN + HOUR).add(reading(BEGIN), BEGIN + PERIOD, named(OWN))
    log.add(reading(BEGIN + PERIOD), BEGIN + HOUR, named(OWN))
    found = fold(log, known((BEGIN + HOUR, plant(OTHER))), EACH)
    assert told(found) == [("OPEN", 1, None)]


def test_two_findings_never_begin_at_the_same_reading() -> None:
    """Readings of two cadences may begin together: the second's next one begins its finding."""
    shorter = plant(sources=(source(cadence_s=300),))
    registry = known((BEGIN + PERIOD + 1, shorter))
    log = Log()
    for checksum, period_s, late in ((OTHER, 600, 0), (THIRD, 300, 1)):
        log.add(reading(BEGIN, period_s=period_s), BEGIN + PERIOD + late, named(checksum))
    found = fold(log, registry, EACH)
    assert (told(found), found.used) == ([("OPEN", 0, None)], 2)
    log.add(reading(BEGIN + PERIOD, period_s=300), headers=named(THIRD))
    found = fold(log, registry, EACH)
    assert told(found) == [("OPEN", 0, None), ("OPEN", 1, None)]


def test_another_registered_checksum_leaves_it_open() -> None:
    log = sent([OTHER]).tick(BEGIN + HOUR)
    registry = known((BEGIN + 20 * MINUTE, plant(THIRD)))
    assert told(fold(log, registry, EACH)) == [("OPEN", 0, None)]
    sent([THIRD], BEGIN + HOUR, log)
    assert told(fold(log, registry, EACH)) == [("OPEN", 0, None), ("CLOSED", 0, 6)]


def test_eight_foreign_checksums_are_remembered_and_forgotten_with_their_time() -> None:
    many = [f"{number:064x}" for number in range(MOST_FOREIGN + 5)]
    log = sent([*many, OWN])
    found = fold(log, known(), EACH)
    assert len(by_id(found)) == MOST_FOREIGN
    assert len(foreign(found)) == MOST_FOREIGN
    later = BEGIN + Policy().max_lateness + LONGEST_DAY + 12 * HOUR
    sent([many[0], many[-1]], later, log)
    found = fold(log, known(), EACH)
    assert len(by_id(found)) == MOST_FOREIGN + 2
    assert set(foreign(found)) == {many[0], many[-1]}


@given(seed=st.integers(0, 2**32))
@examples(60)
def test_cuts_and_restarts_find_the_same(seed: int) -> None:
    random = Random(seed)
    said = [OWN, OWN, OTHER, THIRD, None, b"\xff", b"short"]
    arrivals: list[tuple[int, int, str | bytes | None]] = []
    mood: str | bytes | None = OWN
    for number in range(random.randrange(5, 60)):
        if random.random() < 0.3:
            mood = random.choice(said)
        start = BEGIN + number * PERIOD + (DAY * 6 if number > 45 else 0)
        late = random.choice([0, 0, 0, 0, HOUR, 80 * HOUR])
        arrivals.append((start + PERIOD + late, start, mood))
    log = Log()
    for arrival, start, each in sorted(arrivals, key=lambda item: item[0]):
        if random.random() < 0.1:
            log.tick(arrival)
        log.add(reading(start), arrival, named(each))
    ends = log.records[-1].timestamp
    log.tick(ends + MINUTE).tick(ends + HOUR)
    versions = sorted(random.randrange(BEGIN, ends) for _ in range(random.randrange(4)))
    choices = [plant(), plant(OTHER), plant(THIRD), plant(None), None]
    registry = known(*((at, random.choice(choices)) for at in versions))
    expected = fold(log, registry, EACH)
    everything = {(each.id, each.revision): each for each in expected.findings}
    for rebuilt in (False, True):
        cuts = sorted(random.sample(range(1, len(log.records)), random.randrange(0, 5)))
        found = fold(log, registry, cuts, rebuilt=rebuilt)
        assert by_id(found) == by_id(expected)
        assert all(everything[each.id, each.revision] == each for each in found.findings)
        assert foreign(found) == foreign(expected)
