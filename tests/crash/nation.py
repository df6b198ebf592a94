"""The small nation of a load: who is registered at first, and what changes in the middle."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from streams.core.registration import (
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
from streams.registry.business_number import check_digit

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


def _enterprise(digits: str, sources: tuple[Source, ...], **more: Any) -> Enterprise:
    last = check_digit(digits)
    assert last is not None, digits
    return Enterprise(
        bin=f"{digits}{last}",
        name=Names(ru="Завод", kk="Зауыт", en="Works"),
        region="KZ-55",
        category=1,
        business_size="large",
        commissioned_on="2009-05-01",
        sources=sources,
        **more,
    )
