"""What a registration lacks of what a monitoring system must have, from when until when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.core.judging.stations import missing_channels, uncertified_devices
from streams.core.registry.enterprise import Asm, Channel, Device, Source, TypeCertificate
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry, compile_sources
from streams.core.time.interval import DAY, HOUR
from streams.rules.country import home
from tests.core.examples import (
    RULES,
    SO2,
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
)

AT = local("2026-04-01")
DUTIES = home().station
assert DUTIES is not None
BESIDE = tuple(
    Channel(name, unit, basis)
    for name, unit, basis in (
        ("O2", "%", "dry"),
        ("TEMPERATURE", "degC", None),
        ("PRESSURE", "kPa", None),
        ("H2O", "%", None),
        ("FLOW", "m3/s", None),
    )
)
WHOLE = (SO2, *BESIDE)
CERTIFIED = Device("a", "SN-1", type_certificate=TypeCertificate("1", "2022-01-01", "2026-04-03"))


def entry(*channels: Channel, **changes: Any) -> SourceEntry:
    """A source with these channels."""
    (found,) = compile_sources(enterprise(source(channels=channels, **changes)))
    return found


def missing(*channels: Channel, **changes: Any) -> list[str]:
    """What it should measure besides."""
    assert DUTIES is not None
    return missing_channels(entry(*channels, **changes), DUTIES, AT)


def test_a_station_with_a_channel_of_each_kind_lacks_nothing() -> None:
    assert missing(*WHOLE) == []


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ("O2", "O2 or ALPHA"),
        ("TEMPERATURE", "TEMPERATURE"),
        ("PRESSURE", "PRESSURE"),
        ("H2O", "H2O"),
        ("FLOW", "FLOW or VELOCITY"),
    ],
)
def test_each_auxiliary_is_asked_for_where_a_norm_is_on_a_concentration(
    lacks: str, told: str
) -> None:
    channels = [each for each in WHOLE if each.parameter != lacks]
    assert missing(*channels) == [told]
    assert missing(*channels, limits=(limit(9.0, unit="g/s"),)) == []
    assert missing(*channels, limits=(limit(500.0, valid_from="2026-04-02"),)) == []


def test_another_of_the_group_will_do() -> None:
    others = (Channel("ALPHA", "1"), Channel("VELOCITY", "m/s"))
    kept = [each for each in WHOLE if each.parameter not in ("O2", "FLOW")]
    assert missing(*kept, *others) == []


def test_a_norm_on_what_nothing_measures() -> None:
    """As registrations from before such limits were refused have it."""
    norms = (limit(500.0), limit(9.0, "NO2", "g/s"), limit(9.0, "XENON", "g/s"))
    assert missing(*WHOLE, limits=norms) == ["NO2"]
    reported = Channel("NO2_GS", "g/s", reports="NO2")
    assert missing(*WHOLE, reported, limits=norms) == []


def test_certificates_of_devices() -> None:
    none = Device("b", "SN-2")
    later = Device("c", "SN-3", type_certificate=TypeCertificate("2", "2026-05-01"))
    endless = Device("d", "SN-4", type_certificate=TypeCertificate("3"))
    found = entry(SO2, devices=(CERTIFIED, none, later, endless))
    assert uncertified_devices(found, AT) == ["SN-2 has none", "SN-3 from 2026-05-01"]
    assert uncertified_devices(found, local("2026-04-03")) == [
        "SN-1 until 2026-04-03",
        "SN-2 has none",
        "SN-3 from 2026-05-01",
    ]


def run(*versions: tuple[int, Source], until: int, cuts: tuple[int, ...] = (), **of: Any) -> Found:
    """Judge a log of ticks under registrations that arrive one after the other."""
    registry = RegistryHistory()
    for number, (at, each) in enumerate(versions):
        plant = enterprise(each, **({"asm": Asm("2023-01-01")} | of))
        registry.add(at, plant.bin, plant, proof(number))
    log = Log()
    for at in range(AT, until + 1, HOUR):
        log.tick(at)
    return fold(log, registry, cuts, rebuilt=True)


def story(found: Found, kind: str) -> list[tuple[str, int, int | None]]:
    """Each revision: status, start and end."""
    return [(each.status, each.start, each.end) for each in found.findings if each.kind == kind]


EACH = tuple(range(1, 80))
"""Where each record is a batch, every revision is published."""


@pytest.mark.parametrize("cuts", [(1, 5, 30), EACH])
def test_a_finding_is_open_until_the_registration_is_mended(cuts: tuple[int, ...]) -> None:
    poor, whole = source(), source(channels=WHOLE)
    mended = AT + 20 * HOUR
    found = run((AT - DAY, poor), (mended, whole), until=AT + DAY, cuts=cuts)
    assert story(found, "INCOMPLETE_CHANNELS") == [("OPEN", AT, None), ("CLOSED", AT, mended)]
    together = run((AT - DAY, poor), (mended, whole), until=AT + DAY)
    assert together.findings == found.findings[1:], "of one batch the last revision"
    (finding,) = found.last_findings("INCOMPLETE_CHANNELS")
    assert (finding.source_id, finding.revision, finding.track) == ("A", 2, "")
    first = found.findings[0]
    assert (first.value, first.threshold) == (5.0, 0.0)
    assert "O2 or ALPHA, TEMPERATURE, PRESSURE, H2O, FLOW or VELOCITY" in first.detail
    assert first.basis.endswith("№ 208, п. 12, 13")


def test_less_that_is_missing_is_a_revision_of_the_same_finding() -> None:
    better = source(channels=(SO2, *BESIDE[:3]))
    again = AT + 10 * HOUR
    versions = (AT - DAY, source()), (again, better), (again + HOUR, better)
    found = run(*versions, until=AT + DAY, cuts=EACH)
    assert story(found, "INCOMPLETE_CHANNELS") == [("OPEN", AT, None)] * 2
    assert [each.value for each in found.findings] == [5.0, 2.0]
    assert len({each.id for each in found.findings}) == 1


@pytest.mark.parametrize("cuts", [(), (3, 49)])
def test_a_certificate_that_ends_opens_a_finding_at_that_midnight(cuts: tuple[int, ...]) -> None:
    device = source(channels=WHOLE, devices=(CERTIFIED,))
    found = run((AT - DAY, device), until=AT + 3 * DAY, cuts=cuts)
    assert story(found, "TYPE_CERTIFICATE") == [("OPEN", local("2026-04-03"), None)]
    assert "SN-1 until 2026-04-03" in found.findings[0].detail
    assert found.findings[0].basis.endswith("№ 208, п. 5, 6")


def test_a_source_that_is_struck_off_lacks_nothing_any_more() -> None:
    other = source("B", channels=WHOLE)
    found = run((AT - DAY, source()), (AT + HOUR, other), until=AT + DAY, cuts=EACH)
    assert [status for status, *_ in story(found, "INCOMPLETE_CHANNELS")] == ["OPEN", "CLOSED"]
    registry = history()
    registry.add(AT - DAY, "990140001233", enterprise(asm=Asm("2023-01-01")), proof(0))
    registry.add(AT + HOUR, "990140001233", None, proof(1))
    struck = fold(Log().tick(AT).tick(AT + 2 * HOUR), registry, EACH[:1])
    assert [status for status, *_ in story(struck, "INCOMPLETE_CHANNELS")] == ["OPEN", "CLOSED"]


def test_who_is_not_asked() -> None:
    poor = (AT - DAY, source())
    assert not run(poor, until=AT + HOUR, test=True).findings
    assert not run(poor, until=AT + HOUR, asm=Asm()).findings, "nothing is installed"
    later = run(poor, until=AT + 3 * DAY, asm=Asm("2026-04-02"))
    assert story(later, "INCOMPLETE_CHANNELS") == [("OPEN", local("2026-04-02"), None)]
    elsewhere = msgspec.structs.replace(RULES.country, station=None)
    rules = msgspec.structs.replace(RULES, country=elsewhere)
    log = Log().add(reading(AT)).tick(AT + HOUR)
    assert not fold(log, enterprise(asm=Asm("2023-01-01")), rules=rules).findings
