"""The registry that the fuzzed messages meet: a few sources that judge everything there is."""

from __future__ import annotations

from emissions.simulation.fake_ids import fake_bin
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
from streams.registry.enterprise import check_enterprise
from streams.rules.country import home

CADENCES = (60, 60, 300, 600, 600, 1200, 3600)
SERIAL = "A-17"

_REFERENCE = Conditions(temperature_k=293.15, pressure_kpa=101.3, dry=True, o2_pct=6.0)
_CHANNELS = (
    Channel("SO2", "mg/m3", basis="wet", range=(0.0, 3000.0)),
    Channel("NO", "ppm", basis="dry"),  # no range: every finite double counts
    Channel("DUST", "mg/m3", basis="wet"),
    Channel("O2", "%", basis="dry", range=(0.0, 25.0)),
    Channel("H2O", "%"),
    Channel("TEMPERATURE", "degC"),
    Channel("PRESSURE", "kPa"),
    Channel("VELOCITY", "m/s"),
)
_LIMITS = (
    Limit("SO2", 500.0, "mg/m3", confidence_interval_pct=20.0, reference=_REFERENCE),
    Limit("SO2", 40.0, "g/s"),
    Limit("NO", 300.0, "mg/m3", reference=_REFERENCE),
)
_EXCUSED = Excused(
    "2026-03-03T00:00:00+05:00", "2026-03-03T06:00:00+05:00", kind="PLANNED_MAINTENANCE"
)
PARAMETERS = tuple(channel.parameter for channel in _CHANNELS)


def enterprises(count: int = 6) -> list[Enterprise]:
    """Made-up enterprises, the first with a source of every second, the last a test stream."""
    made = [_enterprise(number, test=number == count) for number in range(1, count + 1)]
    for each in made:
        check_enterprise(each, home())
    return made


def _enterprise(number: int, *, test: bool) -> Enterprise:
    cadences = (*CADENCES, 1) if number == 1 else CADENCES
    return Enterprise(
        bin=fake_bin(number),
        name=Names("Пример", "Мысал", "Example"),
        region="KZ-55",
        category=1,
        business_size="large",
        commissioned_on="2009-05-01",
        asm=Asm("2023-02-01", "2026-02-28"),
        sources=tuple(_source(number, at, cadence) for at, cadence in enumerate(cadences, 1)),
        test=test,
    )


def _source(enterprise: int, number: int, cadence: int) -> Source:
    verification = Verification("BA-1", "2026-02-01", "2027-02-01")
    return Source(
        f"KZ-{enterprise:04d}-{number:02d}",
        cadence,
        _CHANNELS,
        timezone="Asia/Aqtau" if number % 2 else "Asia/Almaty",
        criteria=Criteria("solid", None, 4100.0, "station", 210.0),
        stack_area_m2=28.2743,
        devices=(Device("Gas analyser", SERIAL, verification),),
        limits=_LIMITS,
        excused=(_EXCUSED,),
    )
