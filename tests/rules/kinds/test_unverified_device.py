"""KZ-VERIF: readings of a listed device that no verification of it covers."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from streams.core.evidence.recompute import EvidenceRecomputer
from streams.core.records.findings import Violation, violation_id
from streams.core.registry.enterprise import Device, Enterprise, Verification
from streams.core.sources.history import RegistryHistory
from streams.core.state.source_state import SourceState
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import clock
from tests.core.examples import (
    ALMATY,
    BIN,
    CODEC,
    Found,
    Log,
    enterprise,
    fold,
    history,
    local,
    one_by_one,
    proof,
    quiet,
    reading,
    source,
)

BEGIN = local("2026-04-01 08:00")
LAW = local("2026-03-12")


def device(until: str | None, on: str = "2025-03-01", serial: str = "SN-1") -> Device:
    """A device and its verification, known by the year of its end."""
    return Device("analyser", serial, Verification(f"BA-{until}", on, until))


LAPSED = device("2026-03-01")
PLANT = enterprise(source(devices=(LAPSED,)))


def sent(count: int, *, at: int = BEGIN, serial: str | None = "SN-1") -> Log:
    """Readings of ten minutes each, on time."""
    return Log().series(at, [100.0] * count, device_serial=serial)


def renewed(at: int, plant: Enterprise, first: Enterprise = PLANT) -> RegistryHistory:
    """A registration that replaces another at an arrival."""
    registry = history(first)
    registry.add(at, BIN, plant, proof(1))
    return registry


def same_however_cut(log: Log, registry: RegistryHistory | Enterprise) -> Found:
    """The results record by record, which no cut and no restart changes."""
    singly = one_by_one(log, registry)
    said = {(each.id, each.revision): each for each in singly.violations}
    for cuts, rebuilt in (((), False), (range(1, len(log.records), 3), True)):
        other = fold(log, registry, cuts, rebuilt=rebuilt)
        assert all(said[each.id, each.revision] == each for each in other.violations)
        assert other.standing("KZ-VERIF") == singly.standing("KZ-VERIF")
    return singly


def uses(found: Found) -> int:
    """How many uses the state of the source keeps."""
    (saved,) = [value for key, value in found.state.items() if key.startswith("0/source/")]
    return len(msgspec.msgpack.decode(saved, type=SourceState).device_uses)


def test_it_names_device_and_lapsed_verification_and_no_value() -> None:
    found = same_however_cut(quiet(sent(12)), PLANT)
    (violation,) = found.standing("KZ-VERIF")
    assert violation.id == violation_id("KZ-VERIF", "A", None, BEGIN)
    assert (violation.status, violation.automatic) == ("AMENDED", True)
    assert (violation.start, violation.end, violation.parameter) == (BEGIN, BEGIN + 2 * HOUR, None)
    assert (violation.device_serial, violation.verification) == ("SN-1", "BA-2026-03-01")
    assert violation.verification_until == local("2026-03-01")
    numbers = (violation.value, violation.limit, violation.ratio, violation.excess_mass_t)
    assert numbers == (None,) * 4
    assert violation.unit is None
    assert violation.reasons == ()


def test_its_end_is_told_once_in_twenty_minutes() -> None:
    log = Log().series(BEGIN, [100.0] * 6 * 60, period_s=60, device_serial="SN-1")
    found = same_however_cut(quiet(log), enterprise(source(devices=(LAPSED,), cadence_s=60)))
    story = [each for each in found.violations if each.rule == "KZ-VERIF"]
    ends = [(each.end or 0) - BEGIN for each in story]
    assert ends[0] == MINUTE
    assert ends[-1] == 6 * HOUR
    assert len(ends) == 1 + 6 * 3
    assert all(later - sooner >= 20 * MINUTE for sooner, later in pairwise(ends[1:-1]))


def test_it_rests_on_its_first_message_and_on_its_last() -> None:
    log = sent(12)
    renewal = log.records[-1].timestamp + MINUTE
    registry = renewed(renewal, enterprise(source(devices=(device("2027-04-01", "2026-04-01"),))))
    found = same_however_cut(quiet(log), registry)
    story = [each for each in found.violations if each.rule == "KZ-VERIF"]
    assert (story[0].status, story[0].end) == ("OPEN", BEGIN + 10 * MINUTE)
    assert (story[-1].status, story[-1].end) == ("CLOSED", BEGIN + 2 * HOUR)
    offsets = [[p.first_offset for p in each.evidence] for each in story]
    assert offsets[0] == [0]
    assert offsets[-1] == [0, 11]
    for violation in story:
        assert recomputed(violation, log) == []
    assert story[-1].verification == "BA-2026-03-01", "the one that had lapsed"


def recomputed(violation: Violation, log: Log) -> list[str]:
    """What a check of the evidence by the messages of the topic says against it."""
    said = []
    for claimed in violation.evidence:
        again = EvidenceRecomputer(claimed, violation.start, violation.end)
        for record in log.records:
            if record.key is not None:
                (block,) = CODEC.decode_readings([record.value]).blocks
                again.add(record.offset, block.reading(0), clock(ALMATY), record.value or b"")
        said += [each] if (each := again.difference()) else []
    return said


@pytest.mark.parametrize(
    "plant",
    [
        enterprise(source(devices=(device("2027-03-01", "2026-03-01"),))),
        enterprise(source(devices=())),
        enterprise(source(devices=(device("2027-03-01", serial="SN-2"),))),
    ],
    ids=["verified since it lapsed", "no device is listed", "another is listed in its place"],
)
def test_a_registration_ends_it(plant: Enterprise) -> None:
    changed = BEGIN + 65 * MINUTE
    log = quiet(sent(6).tick(changed).tick(BEGIN + 3 * HOUR))
    found = same_however_cut(log, renewed(changed, plant))
    (violation,) = found.standing("KZ-VERIF")
    assert (violation.status, violation.end) == ("CLOSED", BEGIN + HOUR)
    assert violation.detected_at == changed


def test_a_registration_that_changes_nothing_of_it_is_no_news() -> None:
    changed = BEGIN + 63 * MINUTE
    log = quiet(sent(6).tick(changed))
    found = same_however_cut(log, renewed(changed, enterprise(source(devices=(LAPSED,)))))
    (violation,) = found.standing("KZ-VERIF")
    assert all(each.detected_at != changed for each in found.violations)
    assert (violation.status, violation.end) == ("AMENDED", BEGIN + HOUR)


def test_readings_after_a_renewal_are_no_part_of_it_and_late_ones_from_before_are() -> None:
    """They are judged by the registration in force when they arrive."""
    changed = BEGIN + 65 * MINUTE
    verified = enterprise(source(devices=(LAPSED, device("2027-04-01", "2026-04-01"))))
    log = sent(6).tick(changed)
    late = reading(BEGIN - 3 * DAY // 2, device_serial="SN-1")  # before the renewal began
    log.add(reading(BEGIN + 2 * HOUR, device_serial="SN-1"))
    log.add(late, BEGIN + 3 * HOUR)
    found = same_however_cut(quiet(log), renewed(changed, verified))
    kept = [(each.start, each.end, each.status) for each in found.standing("KZ-VERIF")]
    assert kept == [(late.measured_at, BEGIN + HOUR, "CLOSED")]
    gone = violation_id("KZ-VERIF", "A", None, BEGIN)
    assert [status for _, status in found.story(gone)][-2:] == ["CLOSED", "WITHDRAWN"]


def test_a_verification_that_begins_ends_it_by_time_alone() -> None:
    plant = enterprise(source(devices=(LAPSED, device("2027-04-02", "2026-04-02"))))
    found = same_however_cut(sent(6).tick(local("2026-04-02") - 1).tick(local("2026-04-02")), plant)
    story = found.story(violation_id("KZ-VERIF", "A", None, BEGIN))
    assert (story[0], story[-1][1]) == ((1, "OPEN"), "CLOSED")


def test_it_is_automatic_from_the_midnight_of_the_law_if_it_is_open_then() -> None:
    log = sent(6, at=LAW - DAY).tick(LAW - 1)
    (before,) = fold(log, PLANT).standing("KZ-VERIF")
    assert (before.automatic, before.reasons) == (False, ("NOT_AUTOMATIC_YET",))
    found = same_however_cut(log.tick(LAW), PLANT)
    (violation,) = found.standing("KZ-VERIF")
    assert (violation.automatic, violation.status) == (True, "AMENDED")
    assert violation.revision == before.revision + 1
    assert violation.detected_at == LAW


def test_a_source_that_is_struck_off_leaves_it_as_it_is() -> None:
    registry = history(PLANT)
    registry.add(BEGIN + 2 * HOUR, BIN, None, proof(1))
    found = same_however_cut(quiet(sent(6).tick(BEGIN + 3 * HOUR), 5 * DAY), registry)
    assert [each.status for each in found.standing("KZ-VERIF")] == ["AMENDED"]


def test_the_state_keeps_a_lapse_while_it_lasts_and_no_longer() -> None:
    log = sent(6).tick(BEGIN + 40 * DAY)
    assert uses(fold(log, PLANT)) == 1
    changed = BEGIN + 40 * DAY + HOUR
    after = enterprise(source(devices=(device("2027-05-01", "2026-05-01"),)))
    renewed_then = renewed(changed, after)
    log.tick(changed)
    found = fold(log.tick(changed + DAY).tick(changed + 2 * DAY), renewed_then, range(5, 9))
    assert [each.status for each in found.standing("KZ-VERIF")] == ["CLOSED"]
    assert uses(found) == 0


def test_a_silence_inside_does_not_make_two_of_it() -> None:
    log = sent(6).tick(BEGIN + 20 * DAY)
    log.add(reading(BEGIN + 20 * DAY, device_serial="SN-1"))
    found = same_however_cut(quiet(log), PLANT)
    assert [each.start for each in found.standing("KZ-VERIF")] == [BEGIN]


def test_a_conflict_holds_it_until_another_reading_shows_the_same() -> None:
    log = sent(1)
    log.add(reading(BEGIN, values={"SO2": 7.0}, device_serial="SN-1"), BEGIN + HOUR)
    held = same_however_cut(quiet(log), PLANT)
    (violation,) = held.standing("KZ-VERIF")
    assert (violation.automatic, violation.reasons) == (False, ("CONFLICTING_DATA",))
    log = log.tick(BEGIN + 10 * DAY)
    assert fold(log, PLANT, range(2, 4), rebuilt=True).standing("KZ-VERIF") == [violation]
    log.add(reading(BEGIN + 10 * DAY, device_serial="SN-1"))
    found = same_however_cut(quiet(log), PLANT)
    assert [each.automatic for each in found.standing("KZ-VERIF")] == [True]


def test_of_a_source_without_devices_nothing_is_kept() -> None:
    found = fold(quiet(sent(6)), enterprise())
    assert not found.standing("KZ-VERIF")
    assert uses(found) == 0
