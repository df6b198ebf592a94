"""The registry file as plain values; moments become instants, numbers exact fractions."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tests.oracle import clock

AUXILIARIES = {
    *("O2", "ALPHA", "H2O", "TEMPERATURE", "PRESSURE", "BAROMETRIC_PRESSURE", "VELOCITY", "FLOW")
}
STANDARD_ATMOSPHERE = Fraction(101.325)
ALMATY = ZoneInfo("Asia/Almaty")
NOTHING = (None, "", "null", "~", "Null", "NULL")
END_OF_TIME = 10**18


@dataclass(frozen=True)
class Reference:
    """Conditions: what is None was not given."""

    temperature_k: Fraction | None = None
    pressure_kpa: Fraction | None = None
    dry: bool | None = None
    o2_pct: Fraction | None = None


@dataclass(frozen=True)
class Channel:
    """What a channel measures; ``dry`` joins its basis and its conditions."""

    parameter: str
    unit: str
    dry: bool
    conditions: Reference
    range: tuple[float, float] | None
    molar_mass: Fraction | None
    gauge: bool = False
    """A pressure above that of the air outside."""
    reports: str | None = None
    """The parameter whose mass flow it is, of a channel in g/s."""


@dataclass(frozen=True)
class Limit:
    """A limit in force ``[start, end)``."""

    parameter: str
    unit: str
    value: float
    start: int
    end: int
    interval_pct: Fraction | None
    reference: Reference


@dataclass(frozen=True)
class Device:
    """A device and when it is verified, ``[start, end)``; an empty span without verification."""

    serial: str
    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """One stack, with what its enterprise says about all of them."""

    id: str
    zone: ZoneInfo
    cadence: int
    area: Fraction | None
    channels: dict[str, Channel]
    limits: tuple[Limit, ...]
    devices: tuple[Device, ...]
    excused: tuple[tuple[int, int], ...]
    commissioned: int
    connected: int | None
    test: bool
    bin: str
    barometric_kpa: Fraction = STANDARD_ATMOSPHERE
    told: tuple[tuple[int, int], ...] = ()
    """What notices of its operator are about, whatever was made of them."""

    def limit(self, parameter: str, unit: str, time: int) -> Limit | None:
        """The limit of a parameter in a unit that is in force at a time."""
        for limit in self.limits:
            if (limit.parameter, limit.unit) == (parameter, unit):  # noqa: SIM102
                if limit.start <= time < limit.end:
                    return limit
        return None

    @property
    def measures_flow(self) -> bool:
        """A flow, or a velocity in a stack of known area."""
        return "FLOW" in self.channels or ("VELOCITY" in self.channels and self.area is not None)

    def reporter(self, parameter: str) -> Channel | None:
        """The channel whose g/s are the mass flow of a parameter that cannot be computed: the
        source has no concentration or no flow of it."""
        concentration = self.channels.get(parameter)
        known = concentration is not None and concentration.reports is None
        if known and self.measures_flow:
            return None
        return next((c for c in self.channels.values() if c.reports == parameter), None)


@dataclass(frozen=True)
class Enterprise:
    """What the duties of an enterprise depend on; instants are midnights of Asia/Almaty."""

    bin: str
    category: int
    commissioned: int
    installed: int | None
    connected: int | None
    roadmap: int | None
    test: bool
    meets_criteria: bool
    size: str = "large"
    investor: bool = False
    sources: tuple[Source, ...] = field(default=())


def read(path: Path) -> list[Enterprise]:
    """Every enterprise of a registry file that is taken to be right."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return [_enterprise(entry) for entry in document["enterprises"]]


def _given(entry: Any, name: str) -> Any:
    if not isinstance(entry, dict):
        return None
    value = entry.get(name)
    return None if isinstance(value, str) and value in NOTHING else value


def _moment(entry: Any, name: str, zone: ZoneInfo) -> int | None:
    text = _given(entry, name)
    return None if text is None else clock.moment(text, zone)


def _number(entry: Any, name: str) -> Fraction | None:
    text = _given(entry, name)
    return None if text is None else Fraction(float(text))


def _truth(entry: Any, name: str) -> bool | None:
    text = _given(entry, name)
    return None if text is None else text.lower() in ("true", "yes", "on")


def _enterprise(entry: dict[str, Any]) -> Enterprise:
    asm = _given(entry, "asm")
    test = bool(_truth(entry, "test"))
    commissioned = _moment(entry, "commissioned_on", ALMATY)
    assert commissioned is not None
    return Enterprise(
        bin=entry["bin"],
        category=int(entry["category"]),
        commissioned=commissioned,
        installed=_moment(asm, "installed_on", ALMATY),
        connected=_moment(asm, "connected_on", ALMATY),
        roadmap=_moment(_given(entry, "roadmap"), "until", ALMATY),
        test=test,
        meets_criteria=any(_criteria(_given(source, "criteria")) for source in entry["sources"]),
        size=entry["business_size"],
        investor=bool(_truth(entry, "investor_register")),
        sources=tuple(_source(source, entry, asm, test) for source in entry["sources"]),
    )


def _criteria(entry: Any) -> bool:
    """500 t/a; a station of 50 MW electric (gas: 500); a boiler house of 116.3 MW thermal
    (gas: 1 395.6); anything else by its mass alone."""
    gross = _number(entry, "gross_t_a")
    if gross is not None and gross >= 500:
        return True
    gas = _given(entry, "fuel") == "gas"
    power, least = {
        "station": (_number(entry, "electric_mw"), 500.0 if gas else 50.0),
        "boiler_house": (_number(entry, "thermal_mw"), 1395.6 if gas else 116.3),
    }.get(_given(entry, "plant"), (None, 0.0))
    return power is not None and power >= Fraction(least)


def _source(entry: dict[str, Any], owner: dict[str, Any], asm: Any, test: bool) -> Source:
    zone = ZoneInfo(_given(entry, "timezone") or "Asia/Almaty")
    commissioned = _moment(owner, "commissioned_on", zone)
    assert commissioned is not None
    channels = [_channel(channel) for channel in entry["channels"]]
    barometric = _number(entry, "barometric_kpa")
    return Source(
        id=entry["id"],
        zone=zone,
        cadence=int(entry["cadence_s"]),
        area=_number(entry, "stack_area_m2"),
        channels={channel.parameter: channel for channel in channels},
        limits=tuple(_limit(limit, zone) for limit in _given(entry, "limits") or ()),
        devices=tuple(_device(device, zone) for device in _given(entry, "devices") or ()),
        excused=tuple(_period(period, zone) for period in _given(entry, "excused") or ()),
        commissioned=commissioned,
        connected=_moment(asm, "connected_on", zone),
        test=test,
        bin=owner["bin"],
        barometric_kpa=STANDARD_ATMOSPHERE if barometric is None else barometric,
    )


def _conditions(entry: Any) -> Reference:
    if not isinstance(entry, dict):
        return Reference()
    return Reference(
        temperature_k=_number(entry, "temperature_k"),
        pressure_kpa=_number(entry, "pressure_kpa"),
        dry=_truth(entry, "dry"),
        o2_pct=_number(entry, "o2_pct"),
    )


def _channel(entry: dict[str, Any]) -> Channel:
    conditions = _conditions(_given(entry, "conditions"))
    bounds = _given(entry, "range")
    dry = _given(entry, "basis") == "dry" if conditions.dry is None else conditions.dry
    parameter = entry["parameter"]
    return Channel(
        parameter=parameter,
        unit=entry["unit"],
        dry=dry,
        conditions=conditions,
        range=None if bounds is None else (float(bounds[0]), float(bounds[1])),
        molar_mass=_number(entry, "molar_mass"),
        gauge=bool(_truth(entry, "gauge")),
        reports=(_given(entry, "reports") or parameter) if entry["unit"] == "g/s" else None,
    )


def _limit(entry: dict[str, Any], zone: ZoneInfo) -> Limit:
    end = _moment(entry, "valid_to", zone)
    start = _moment(entry, "valid_from", zone)
    return Limit(
        parameter=entry["parameter"],
        unit=entry["unit"],
        value=float(entry["value"]),
        start=-END_OF_TIME if start is None else start,
        end=END_OF_TIME if end is None else end,
        interval_pct=_number(entry, "confidence_interval_pct"),
        reference=_conditions(_given(entry, "reference")),
    )


def _device(entry: dict[str, Any], zone: ZoneInfo) -> Device:
    verification = _given(entry, "verification")
    start, end = _moment(verification, "on", zone), _moment(verification, "until", zone)
    if start is None:
        return Device(entry["serial"], 0, 0)
    return Device(entry["serial"], start, END_OF_TIME if end is None else end)


def _period(entry: dict[str, Any], zone: ZoneInfo) -> tuple[int, int]:
    start, end = _moment(entry, "from", zone), _moment(entry, "to", zone)
    return (
        -END_OF_TIME if start is None else start,
        END_OF_TIME if end is None else end,
    )
