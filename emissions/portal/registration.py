"""Reads what the registration of a source says of its channels, limits, devices and place.

The document is the source as registered; what this does not know is left out, never an error.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from streams.core.time.local_clock import parse_instant, to_datetime


class Reference(msgspec.Struct, frozen=True):
    """Reference conditions of a limit: K, kPa, dry gas or not, oxygen in percent."""

    temperature_k: float | None = None
    pressure_kpa: float | None = None
    dry: bool | None = None
    o2_pct: float | None = None


class Limit(msgspec.Struct, frozen=True):
    """A limit value with its time of validity, as written (a date or a time with offset)."""

    parameter: str
    value: float
    unit: str
    valid_from: str | None = None
    valid_to: str | None = None
    confidence_interval_pct: float | None = None
    reference: Reference | None = None


class Channel(msgspec.Struct, frozen=True):
    """What a channel sends: its unit, basis (wet, dry) and the conditions that it is in."""

    parameter: str
    unit: str
    basis: str | None = None
    conditions: Reference | str | None = None
    reports: str | None = None


class Paper(msgspec.Struct, frozen=True):
    """A verification or certificate: its number and from when to when it is valid, as written."""

    number: str | None = None
    on: str | None = None
    until: str | None = None


class Device(msgspec.Struct, frozen=True):
    """A measuring device with its papers."""

    name: str | None = None
    serial: str | None = None
    verification: Paper | None = None
    type_certificate: Paper | None = None


class Town(msgspec.Struct, frozen=True):
    """The place in three languages."""

    name_kk: str = msgspec.field(name="kk", default="")
    name_ru: str = msgspec.field(name="ru", default="")
    name_en: str = msgspec.field(name="en", default="")


class Location(msgspec.Struct, frozen=True):
    """Where a source stands: degrees north and east (WGS 84), and the place."""

    lat: float | None = None
    lon: float | None = None
    town: Town | None = None


class Registration(msgspec.Struct, frozen=True):
    """What the document of a source says."""

    channels: tuple[Channel, ...] = ()
    limits: tuple[Limit, ...] = ()
    devices: tuple[Device, ...] = ()
    location: Location | None = None
    stack_area_m2: float | None = None

    def channel(self, parameter: str) -> Channel | None:
        """Return the channel that measures a parameter."""
        return next((each for each in self.channels if each.parameter == parameter), None)

    def limit(self, parameter: str, unit: str, at: datetime, zone: str) -> Limit | None:
        """Return the limit in force at a moment (UTC, aware) on the clock of the source."""
        return next(
            (
                each
                for each in self.limits
                if (each.parameter, each.unit) == (parameter, unit) and _covers(each, at, zone)
            ),
            None,
        )


_NONE: Final = Registration()


def registration_of(document: str) -> Registration:
    """Read a document; one that is not as expected says nothing."""
    try:
        return msgspec.json.decode(document, type=Registration)
    except msgspec.DecodeError:  # a form of another version of the registry
        return _NONE


def _covers(limit: Limit, at: datetime, zone: str) -> bool:
    try:
        begins = None if limit.valid_from is None else _moment(zone, limit.valid_from)
        ends = None if limit.valid_to is None else _moment(zone, limit.valid_to)
    except ValueError:
        return False
    return (begins is None or begins <= at) and (ends is None or at < ends)


def _moment(zone: str, written: str) -> datetime:
    return to_datetime(parse_instant(zone, written))
