"""An enterprise as the registry knows it: the document behind the YAML file and the Avro record.

Moments are kept as they are written: a date (``2024-01-01``, the source's local midnight) or a
time with an offset and whole seconds (``2026-03-01T00:00:00+05:00``).
``streams.core.judging.obligation`` and ``streams.core.sources.source`` turn them into instants.
"""

from __future__ import annotations

import msgspec


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every part of a registration: immutable, and a misspelt field is an error."""


class Names(_Value, frozen=True):
    """A name in the state language, Russian and English."""

    ru: str
    kk: str
    en: str


class Asm(_Value, frozen=True):
    """The monitoring system: when it was installed and when it was connected (either may miss).

    ``software_sha256`` is the checksum of the permitted software, 64 lower-case hex digits.
    """

    installed_on: str | None = None
    connected_on: str | None = None
    software_sha256: str | None = None


class Roadmap(_Value, frozen=True):
    """An akimat's road map that defers the duty to install until a date."""

    until: str
    reference: str = ""


class Criteria(_Value, frozen=True):
    """What makes automatic monitoring a duty (Order 208, point 11).

    ``plant`` is station, boiler_house or other; ``electric_mw`` the power of a whole station,
    ``thermal_mw`` that of a boiler house; ``gross_t_a`` what the source emits in a year.
    """

    fuel: str | None = None  # solid | liquid | gas: gas only if nothing else is burnt
    thermal_mw: float | None = None
    gross_t_a: float | None = None
    plant: str | None = None
    electric_mw: float | None = None


class Verification(_Value, frozen=True):
    """Metrological verification of a device, valid ``[on, until)``; a missing end is open."""

    number: str
    on: str | None = None
    until: str | None = None


class TypeCertificate(_Value, frozen=True):
    """Certificate of type approval of a device, valid ``[on, until)``; a missing end is open."""

    number: str
    on: str | None = None
    until: str | None = None


class Device(_Value, frozen=True):
    """A measuring device of a source."""

    name: str
    serial: str
    verification: Verification | None = None
    type_certificate: TypeCertificate | None = None


class Conditions(_Value, frozen=True):
    """Reference conditions: kelvin, kilopascal, dry or wet, oxygen in percent of dry gas."""

    temperature_k: float | None = None
    pressure_kpa: float | None = None
    dry: bool | None = None
    o2_pct: float | None = None


class Channel(_Value, frozen=True):
    """What one channel measures, in which unit and conditions, within which range."""

    parameter: str
    unit: str
    basis: str | None = None  # wet | dry; required for pollutants and O2
    conditions: Conditions | None = None  # None: actual conditions
    range: tuple[float, float] | None = None
    molar_mass: float | None = None  # g/mol, for a gas in ppm that the specification does not list
    gauge: bool = False  # PRESSURE against the barometric pressure, not absolute
    reports: str | None = None  # parameter whose mass flow a channel in g/s tells; None: its own


class Limit(_Value, frozen=True):
    """A norm of the permit on one parameter in one unit, in force ``[valid_from, valid_to)``."""

    parameter: str
    value: float
    unit: str  # mg/m3 | g/s | t/a
    valid_from: str | None = None
    valid_to: str | None = None
    confidence_interval_pct: float | None = None
    reference: Conditions | None = None


class Excused(_Value, frozen=True):
    """A period that takes due time away, ``[from, to)``; a missing end is open."""

    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)
    kind: str = ""
    notified_at: str | None = None


class StationKey(_Value, frozen=True):
    """A public key with which a station signs readings of a source, ``[valid_from, valid_until)``.

    ``public_key`` is Ed25519, its 32 bytes in base64; ``id`` is a name that people give it.
    """

    id: str
    public_key: str
    valid_from: str | None = None
    valid_until: str | None = None


class Location(_Value, frozen=True):
    """Where a source stands: degrees north and east (WGS 84), and the name of the place."""

    lat: float
    lon: float
    town: Names | None = None


class Source(_Value, frozen=True):
    """One stationary emission source (stack): the unit of every measurement."""

    id: str
    cadence_s: int
    channels: tuple[Channel, ...]
    name: str = ""
    timezone: str = "Asia/Almaty"
    criteria: Criteria | None = None
    stack_area_m2: float | None = None
    devices: tuple[Device, ...] = ()
    limits: tuple[Limit, ...] = ()
    excused: tuple[Excused, ...] = ()
    location: Location | None = None
    barometric_kpa: float | None = None  # goes with a gauge pressure; None: 101.325
    keys: tuple[StationKey, ...] = ()
    signatures: str | None = None  # off | warn | require; None: as the workers are set


class Enterprise(_Value, frozen=True):
    """An operator with a БИН and a category, holder of the permit."""

    bin: str
    name: Names
    region: str
    category: int
    business_size: str
    commissioned_on: str
    sources: tuple[Source, ...]
    asm: Asm = Asm()
    roadmap: Roadmap | None = None
    test: bool = False
    investor_register: bool = False
