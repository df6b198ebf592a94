"""Generate the fleet: enterprises obliged to monitor, their systems, sources, channels and permits.

Of 91 enterprises 77 have a monitoring system, 71 are connected, and the 14 without one are
utilities on road maps in eight regions (the state of September 2025); other sizes keep these
proportions. One additional enterprise is a test stream.

One file, although a long one: an enterprise's system, sources, channels and permit follow from
each other.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from emissions.simulation.fake_ids import fake_bin, fake_source_id
from emissions.simulation.fleet_regions import BY_CODE, REGIONS, UTILITY_REGIONS, FleetRegion
from emissions.simulation.noise import Draw, key_of
from emissions.simulation.plant_kinds import (
    COAL,
    CONFIDENCE_PCT,
    FLEET_KINDS,
    REFERENCE_KELVIN,
    REFERENCE_KILOPASCAL,
    EmittedPollutant,
    PlantKind,
)
from streams.core.registry.enterprise import (
    Asm,
    Channel,
    Conditions,
    Criteria,
    Device,
    Enterprise,
    Limit,
    Names,
    Roadmap,
    Source,
    TypeCertificate,
    Verification,
)
from streams.core.time.local_clock import midnight

OBLIGED, INSTALLED, CONNECTED, SENDING_SOURCES = 91, 77, 71, 170
CADENCE_S = 60
ROADMAP_UNTIL = "2027-12-31"


class Stack(NamedTuple):
    """A source that sends: its registration and the parameters of its signals."""

    source: Source
    kind: PlantKind
    bin: str
    commissioned_at: int
    test: bool
    mass_limit: dict[str, float]  # parameter -> g/s

    @property
    def id(self) -> str:
        """Id of the source."""
        return self.source.id


class Fleet(NamedTuple):
    """All enterprises, the test stream last, and the sources that send."""

    enterprises: tuple[Enterprise, ...]
    stacks: tuple[Stack, ...]


class _Standing(NamedTuple):
    installed: bool
    connected: bool


def build_fleet(seed: int, enterprises: int, start: date, days: int) -> Fleet:
    """Generate ``enterprises`` obliged enterprises, connected on ``start``.

    Connecting them that day means that silence before the simulation is no gap. Raises ValueError
    for a size that cannot be generated.
    """
    if not 1 <= enterprises <= 2000:
        raise ValueError(f"enterprises must be 1 to 2000, not {enterprises}")
    installed = round(enterprises * INSTALLED / OBLIGED)
    connected = max(1, round(enterprises * CONNECTED / OBLIGED))
    installed = max(installed, connected)
    counts = _sources_of(seed, connected)
    order = sorted(range(enterprises), key=lambda number: key_of(seed, "order", number))
    rank = {number: place for place, number in enumerate(order)}
    built: list[Enterprise] = []
    stacks: list[Stack] = []
    for number in range(enterprises):
        place = rank[number]
        standing = _Standing(place < installed, place < connected)
        count = counts[place] if standing.connected else 1
        utility = None if standing.installed else UTILITY_REGIONS[place % len(UTILITY_REGIONS)]
        enterprise, of_it = _enterprise(
            seed, number, count, standing, BY_CODE[utility] if utility else None, start, days
        )
        built.append(enterprise)
        if standing.connected:
            stacks += of_it
    test, of_test = _test_stream(seed, enterprises, start, days)
    return Fleet((*built, test), (*stacks, *of_test))


def _sources_of(seed: int, connected: int) -> list[int]:
    """Return the number of sources per connected enterprise: 1 to 5, the total in proportion."""
    draw = Draw(seed, "sources")
    counts = [1] * connected
    left = round(connected * SENDING_SOURCES / CONNECTED) - connected
    while left > 0:
        place = draw.below(connected)
        if counts[place] < 5:
            counts[place] += 1
            left -= 1
    return counts


def _region(draw: Draw) -> FleetRegion:
    at = draw.below(sum(region.weight for region in REGIONS))
    for region in REGIONS:
        at -= region.weight
        if at < 0:
            return region
    raise AssertionError("the draw is below the sum of the weights")


def _enterprise(
    seed: int,
    number: int,
    count: int,
    standing: _Standing,
    utility: FleetRegion | None,
    start: date,
    days: int,
) -> tuple[Enterprise, list[Stack]]:
    draw = Draw(seed, "enterprise", number)
    region = utility or _region(draw)
    kind = COAL if utility else FLEET_KINDS[number % len(FLEET_KINDS)]
    bin_ = fake_bin(number)
    commissioned = f"{draw.between(1968, 2016)}-{draw.between(1, 12):02d}-01"
    installed_on = f"{draw.between(2022, 2025)}-{draw.between(1, 12):02d}-15"
    asm = Asm(
        installed_on=installed_on if standing.installed else None,
        connected_on=start.isoformat() if standing.connected else None,
    )
    stacks = [
        _stack(seed, number, place, kind, region, commissioned, bin_, False, start, days)
        for place in range(count)
    ]
    enterprise = Enterprise(
        bin=bin_,
        name=_names(kind, f"{number + 1:03d}"),
        region=region.code,
        category=1,
        business_size="large" if draw.below(5) else "medium",
        commissioned_on=commissioned,
        sources=tuple(stack.source for stack in stacks),
        asm=asm,
        roadmap=Roadmap(ROADMAP_UNTIL, f"Дорожная карта акимата {region.code}")
        if utility
        else None,
    )
    return enterprise, stacks


def _test_stream(
    seed: int, number: int, start: date, days: int
) -> tuple[Enterprise, tuple[Stack, ...]]:
    """Generate an enterprise that only tests its system: nothing it sends may count."""
    commissioned = "2010-01-01"
    stack = _stack(
        seed, number, 0, COAL, REGIONS[0], commissioned, fake_bin(number), True, start, days
    )
    enterprise = Enterprise(
        bin=fake_bin(number),
        name=Names(ru="Тест АСМ", kk="АМЖ сынағы", en="Monitoring Test"),
        region=REGIONS[0].code,
        category=1,
        business_size="large",
        commissioned_on=commissioned,
        sources=(stack.source,),
        test=True,
    )
    return enterprise, (stack,)


def _names(kind: PlantKind, number: str) -> Names:
    ru, kk, en = kind.name
    return Names(ru=f"{ru} {number}", kk=f"{kk} {number}", en=f"{en} {number}")


def _stack(
    seed: int,
    number: int,
    place: int,
    kind: PlantKind,
    region: FleetRegion,
    commissioned: str,
    bin_: str,
    test: bool,
    start: date,
    days: int,
) -> Stack:
    draw = Draw(seed, "stack", number, place)
    area = round(draw.real(*kind.area), 4)
    scale = draw.pick((0.8, 1.0, 1.0, 1.25))
    identity = fake_source_id(number + 1, place + 1)
    limits, mass_limit = _limits(kind, area, scale)
    verified = start - timedelta(days=draw.between(30, 180))
    serial = f"ASM-{number + 1:04d}-{place + 1:02d}"
    verification = Verification(
        number=f"KZ-{verified.year}-{number + 1:04d}{place + 1:02d}",
        on=verified.isoformat(),
        until=(verified + timedelta(days=365 + days)).isoformat(),
    )
    approved = TypeCertificate(f"KZ.02.03.{number + 1:05d}-2021", "2021-03-01", "2031-03-01")
    source = Source(
        id=identity,
        cadence_s=CADENCE_S,
        channels=_channels(kind, scale),
        name=f"{kind.stack} № {place + 1}",
        timezone=region.zone,
        criteria=_criteria(kind, draw.between(*kind.megawatts), draw.between(600, 9000)),
        stack_area_m2=area,
        devices=(Device("АСМ", serial, verification, approved),),
        limits=limits,
    )
    commissioned_at = midnight(region.zone, date.fromisoformat(commissioned))
    return Stack(source, kind, bin_, commissioned_at, test, mass_limit)


def station_stack(
    seed: int, number: int, kind: PlantKind, bin_: str, start: date, days: int, place: int = 0
) -> Stack:
    """Generate a stack of an enterprise that stands beside the fleet, in Astana."""
    region = BY_CODE["KZ-71"]
    return _stack(seed, number, place, kind, region, "2010-01-01", bin_, False, start, days)


def _criteria(kind: PlantKind, megawatts: float, gross_t_a: float) -> Criteria:
    station = kind.plant == "station"
    return Criteria(
        kind.fuel,
        None if station else megawatts,
        gross_t_a,
        kind.plant,
        megawatts if station else None,
    )


def _channels(kind: PlantKind, scale: float) -> tuple[Channel, ...]:
    pollutants = [
        Channel(
            parameter=pollutant.parameter,
            unit=pollutant.unit,
            basis=pollutant.basis,
            conditions=pollutant.conditions,
            range=(0.0, _top(pollutant, scale)),
        )
        for pollutant in kind.pollutants
    ]
    return (
        *pollutants,
        Channel("O2", "%", kind.oxygen_basis, range=(0.0, 25.0)),
        Channel("H2O", "%", range=(0.0, 40.0)),
        Channel("TEMPERATURE", "degC", range=(-40.0, 1300.0)),
        Channel("PRESSURE", "kPa", range=(60.0, 115.0)),
        Channel("VELOCITY", "m/s", range=(0.0, 60.0)),
    )


def _top(pollutant: EmittedPollutant, scale: float) -> float:
    """Return the upper bound of the channel: far above anything but a defect."""
    return float(round(pollutant.limit * scale * 6))


def _limits(
    kind: PlantKind, area: float, scale: float
) -> tuple[tuple[Limit, ...], dict[str, float]]:
    reference = Conditions(REFERENCE_KELVIN, REFERENCE_KILOPASCAL, True, kind.oxygen_reference)
    limits: list[Limit] = []
    mass_limit: dict[str, float] = {}
    for pollutant in kind.pollutants:
        value = round(pollutant.limit * scale, 1)
        confidence = CONFIDENCE_PCT[pollutant.parameter]
        limits.append(
            Limit(
                pollutant.parameter,
                value,
                "mg/m3",
                "2022-01-01",
                confidence_interval_pct=confidence,
                reference=reference,
            )
        )
        if pollutant.by_mass:
            grams = round(full_load_mass(kind, area, value), 3)
            mass_limit[pollutant.parameter] = grams
            tonnes = float(round(grams * 31.6))
            limits.append(Limit(pollutant.parameter, grams, "g/s", "2022-01-01"))
            limits.append(Limit(pollutant.parameter, tonnes, "t/a", "2022-01-01"))
    return tuple(limits), mass_limit


def full_load_mass(kind: PlantKind, area: float, limit: float) -> float:
    """Return the mass flow in g/s at full load with the concentration at its limit (F4, F5)."""
    kelvin = kind.temperature + 273.15
    flow = kind.velocity * area * REFERENCE_KELVIN / kelvin * (98.5 / REFERENCE_KILOPASCAL)
    concentration = limit
    if kind.oxygen_reference is not None:
        concentration *= (21 - kind.oxygen) / (21 - kind.oxygen_reference)
    return concentration * flow * (1 - kind.moisture / 100) / 1000
