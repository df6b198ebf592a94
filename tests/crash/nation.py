"""The small nation of a load: who is registered at first, and what changes in the middle."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from streams.core.registry.enterprise import (
    Asm,
    Channel,
    Conditions,
    Criteria,
    Device,
    Enterprise,
    Excused,
    Limit,
    Names,
    Source,
    Verification,
)
from streams.core.registry.notice import Notice
from streams.core.time.interval import MINUTE
from streams.rules.country import home

SO2_LIMIT = 200.0
GAS_LIMIT = 900.0
FORGOTTEN = "KZ-0009-00"
"""The source of the enterprise that is struck off."""
NEWCOMER = "KZ-0002-90"
"""A source that is registered in the middle and has sent readings before."""

_STANDARD = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True)
_SO2 = Channel("SO2", "mg/m3", basis="dry", conditions=_STANDARD, range=(0.0, 3000.0))
_SO2_LIMIT = Limit(
    "SO2",
    SO2_LIMIT,
    "mg/m3",
    valid_from="2024-01-01",
    confidence_interval_pct=20.0,
    reference=_STANDARD,
)
_STACK = (
    Channel("GAS", "mg/m3", basis="wet"),
    Channel("FLOW", "m3/s"),
    Channel("TEMPERATURE", "degC", range=(-40.0, 1300.0)),
    Channel("PRESSURE", "kPa"),
    Channel("H2O", "%"),
)
_DUST = Channel("DUST", "mg/m3", basis="dry", range=(0.0, 500.0))
_DEVICE = Device("analyser", "A-17", Verification("BA-1", "2026-02-01", "2027-02-01"))
_OUTDATED = Device("analyser", "B-03", Verification("BA-2", "2024-02-01", "2025-02-01"))


def source(number: int, **more: Any) -> Source:
    """One source: even ones have a limit on SO2, every fourth on the mass flow of a gas."""
    identity = f"KZ-{1 + number % 2:04}-{number:02}"
    device = _OUTDATED if number % 7 == 4 else _DEVICE
    if number % 2 == 0:
        plain = Source(identity, 60, (_SO2,), limits=(_SO2_LIMIT,), devices=(device,))
    elif number % 4 == 1:
        limit = Limit("GAS", GAS_LIMIT, "g/s", valid_from="2024-01-01")
        plain = Source(identity, 60, _STACK, limits=(limit,), devices=(device,))
    else:
        plain = Source(identity, 60, (_DUST,), devices=(device,))
    return msgspec.structs.replace(plain, **more)


def values(number: int, level: float) -> dict[str, float]:
    """What a source measures at a level; 1 is its limit."""
    if number % 2 == 0:
        return {"SO2": SO2_LIMIT * level}
    if number % 4 == 1:
        gas = {"FLOW": 900.0, "TEMPERATURE": 140.0, "PRESSURE": 98.6, "H2O": 9.8}
        return {"GAS": 1600.0 * level, **gas}
    return {"DUST": 40.0 * level}


def enterprises(sources: int) -> list[Enterprise]:
    """What is registered before the first reading: a few owners of so many sources in all.

    One of them is obliged and not connected, one has no monitoring system, one is a test stream,
    and one is struck off later.
    """
    owned = [source(number) for number in range(sources)]
    heavy = Criteria(plant="station", fuel="solid", electric_mw=210.0, gross_t_a=4100.0)
    connected = Asm(installed_on="2023-02-01", connected_on="2023-03-01")
    return [
        _enterprise("99014000123", tuple(owned[0::2]), asm=connected),
        _enterprise("01024000001", tuple(owned[1::2]), asm=connected),
        _enterprise("02034000002", (source(91, id="KZ-0003-91", criteria=heavy),)),
        _enterprise(
            "03044000003",
            (source(92, id="KZ-0004-92", criteria=heavy),),
            asm=Asm(installed_on="2024-02-01"),
        ),
        _enterprise("04054000004", (source(93, id="KZ-0005-93"),), test=True),
        _enterprise("05064000005", (source(94, id=FORGOTTEN),), asm=connected),
    ]


def changes(rng: Random, before: list[Enterprise]) -> list[tuple[str, Enterprise | None]]:
    """What the middle of the load changes: БИН and registration, None where it is struck off."""
    first, second, without, _, _, forgotten = before
    stricter = [
        msgspec.structs.replace(
            each,
            excused=(Excused("2026-05-28T15:00:00+05:00", "2026-05-28T15:40:00+05:00", "REPAIR"),),
        )
        if rng.random() < 0.3
        else each
        for each in first.sources
    ]
    more = (*second.sources, source(90, id=NEWCOMER))
    return [
        (first.bin, msgspec.structs.replace(first, sources=tuple(stricter))),
        (second.bin, msgspec.structs.replace(second, sources=more)),
        (without.bin, msgspec.structs.replace(without, asm=Asm(installed_on="2026-05-01"))),
        (forgotten.bin, None),
    ]


def notices(before: list[Enterprise], start: int, minutes: int) -> list[tuple[int, Notice]]:
    """Notices of every kind and their arrivals: marks of judged readings, outages, form 2.

    Some are late, one is taken back, one is about a source of another operator.
    """
    first, second, hot, gas = before[0].bin, before[1].bin, source(0).id, source(1).id
    third = minutes // 3

    def told(at: int, identity: str, kind: str, source_id: str, **said: Any) -> tuple[int, Notice]:
        begin, end = said.pop("over", (20, 50))
        span = (start + begin * MINUTE, start + end * MINUTE)
        owner = said.pop("bin", second if source_id == gas else first)
        return start + at * MINUTE, Notice(identity, kind, owner, source_id, *span, **said)

    back = Notice("N-09", "MARK", first, hot, withdraws="N-03")
    found = [
        told(1, "N-01", "PLANNED_OUTAGE", gas, over=(10, 15), reason="repair"),
        told(third, "N-02", "MARK", hot, flag="C", parameter="SO2", reason="calibration"),
        told(third + 1, "N-03", "MARK", hot, over=(25, third), state="STARTUP", reason="start"),
        told(third + 2, "N-04", "MARK", gas, state="STOPPED", reason="stopped"),
        told(third + 3, "N-05", "MARK", gas, flag="M", bin=first, reason="not theirs"),
        told(third + 4, "N-06", "EXCEEDANCE", hot, parameter="SO2", single_mean=460.0),
        told(third + 5, "N-07", "UNPLANNED_OUTAGE", gas, over=(third, third + 9), reason="fault"),
        told(third + 6, "N-08", "UNPLANNED_OUTAGE", gas, over=(third, 2 * third), completes="N-07"),
        (start + 2 * third * MINUTE, back),
        told(minutes + 27 * 60, "N-10", "MARK", hot, over=(0, 20), flag="M", reason="late"),
        told(minutes + 28 * 60, "N-11", "UNPLANNED_OUTAGE", hot, reason="late"),
    ]
    return sorted(found, key=lambda each: each[0])


def registered_number(digits: str) -> str:
    """A number of an operator, with its check digit."""
    rule = home().identity.check
    last = None if rule is None else rule.of(digits)
    assert last is not None, digits
    return f"{digits}{last}"


def _enterprise(digits: str, sources: tuple[Source, ...], **more: Any) -> Enterprise:
    return Enterprise(
        bin=registered_number(digits),
        name=Names(ru="Завод", kk="Зауыт", en="Works"),
        region="KZ-55",
        category=1,
        business_size="large",
        commissioned_on="2009-05-01",
        sources=sources,
        **more,
    )
