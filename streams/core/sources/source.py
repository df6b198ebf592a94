"""Compiles a registered source for judging: plans of its channels, instants of its dates.

``compile_sources`` turns an enterprise of the registry into entries that know, for any
``measured_at``, which series a channel feeds and how its value is normalised.
"""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterable
from copy import copy
from datetime import date, timedelta
from typing import NamedTuple
from weakref import WeakValueDictionary

from schemas.reading import is_auxiliary
from streams.core.chain.head import key_id_of
from streams.core.law.policy import SIGNATURES_OFF
from streams.core.normalisation.gas import GasPlan
from streams.core.records.bounded_names import is_parameter
from streams.core.registry.enterprise import Enterprise, Limit, Source
from streams.core.sources.reported import reporters
from streams.core.sources.series import ANNUAL_MASS, ChannelPlans
from streams.core.time.interval import BEGINNING, FOREVER, MINUTE, Interval, union_of
from streams.core.time.local_clock import LocalClock, clock, midnight, parse_instant
from streams.core.time.window_kinds import WHOLE_DAY, WINDOW_KINDS


class VerifiedDevice(NamedTuple):
    """A device and the validity of its verification (ms); None: it has none."""

    serial: str
    number: str | None
    valid: Interval | None


class StationKey(NamedTuple):
    """A public key of a station (Ed25519, 32 bytes) and its validity (ms)."""

    id: str
    public: bytes
    valid: Interval


class SourceEntry:
    """Holds one source under one registration; instants in ms UTC."""

    def __init__(self, enterprise: Enterprise, source: Source) -> None:
        zone = source.timezone
        self.enterprise = enterprise
        self.former: tuple[tuple[int, Enterprise], ...] = ()
        """Operators before, each as last registered, with the arrival (ms) of the next one."""
        self.source = source
        self.id = source.id
        self.test = enterprise.test
        self.zone = zone
        self.clock: LocalClock = clock(zone)
        self.cadence_s = source.cadence_s
        self.gap_after = max(3 * source.cadence_s * 1000, 20 * MINUTE)
        self.commissioned = parse_instant(zone, enterprise.commissioned_on)
        connected = enterprise.asm.connected_on
        self.connected = None if connected is None else parse_instant(zone, connected)
        self.software = enterprise.asm.software_sha256
        self.devices = tuple(
            VerifiedDevice(
                device.serial,
                device.verification.number if device.verification else None,
                _validity(zone, device.verification.on, device.verification.until)
                if device.verification
                else None,
            )
            for device in source.devices
        )
        self.keys = {
            key_id_of(public): StationKey(
                each.id, public, _validity(zone, each.valid_from, each.valid_until)
            )
            for each in source.keys
            for public in (b64decode(each.public_key),)
        }
        """The keys with which the station signs, by the id that a signature has."""
        self.signatures = source.signatures if self.keys else SIGNATURES_OFF
        """What follows without a signature; None: what the policy of all says."""
        self._verifications = _verifications(self.devices)
        self.excused = union_of(_validity(zone, item.start, item.end) for item in source.excused)
        # A name that is none would split keys that are joined of it: such a channel is unknown.
        channels = {
            channel.parameter: channel
            for channel in source.channels
            if is_parameter(channel.parameter)
        }
        self._channels = channels
        self.reports = tuple(
            (name, of) for of, name in sorted(reporters(channels).items()) if name != of
        )
        """Channels that report the mass flow of another parameter, with its name."""
        self.pollutants = tuple(sorted(name for name in channels if not is_auxiliary(name)))
        self.gas_plan = GasPlan(channels, source.stack_area_m2, source.barometric_kpa)
        flows = (channels[name] for name in ("FLOW", "VELOCITY") if name in channels)
        flow = next(flows, None)
        self.flow_key = None if flow is None else f"{flow.parameter}|{flow.unit}"
        self._limits = tuple(
            (_validity(zone, limit.valid_from, limit.valid_to), limit) for limit in source.limits
        )
        self.annual = tuple(
            sorted({each.parameter for each in source.limits if each.unit == ANNUAL_MASS})
        )
        """Parameters with a limit in t/a, whenever it is in force."""
        edges = {edge for validity, _ in self._limits for edge in validity}
        self._starts = sorted({BEGINNING, *edges})
        # Weak, since each notice makes one more, and only the last of them is asked for.
        self._with: WeakValueDictionary[tuple[Interval, ...], SourceEntry] | None = None
        # Made when first needed: of a nation's registrations most times never are.
        self._plans: list[ChannelPlans | None] = [None] * len(self._starts)

    def operator(self, start: int, end: int | None) -> Enterprise:
        """Return who answers for ``[start, end)`` (ms; ``end`` None: it goes on).

        Whoever operated the source when it ended: what was over before a sale is the seller's.
        """
        if end is not None:
            last = max(start, end - 1)
            for until, enterprise in self.former:
                if last < until:
                    return enterprise
        return self.enterprise

    def with_excused(self, more: tuple[Interval, ...]) -> SourceEntry:
        """Return the source with further excused periods; one object for equal ones in use."""
        if not more:
            return self
        if self._with is None:
            self._with = WeakValueDictionary()
        found = self._with.get(more)
        if found is None:
            found = copy(self)
            found.excused = union_of([*self.excused, *more])
            found._with = None
            self._with[more] = found
        return found

    def plan(self, instant: int) -> ChannelPlans:
        """Return the plans of the channels under the limits in force at ``instant``."""
        index = bisect_right(self._starts, instant) - 1
        plan = self._plans[index]
        if plan is None:
            plan = self._plans[index] = self._compile(self._starts[index])
        return plan

    @property
    def limit_edges(self) -> tuple[int, ...]:
        """The instants (ms) at which a limit begins or ends."""
        return tuple(edge for edge in self._starts if BEGINNING < edge < FOREVER)

    def plan_span(self, instant: int) -> Interval:
        """Return from when until when `plan` is the same as at ``instant``."""
        index = bisect_right(self._starts, instant)
        return self._starts[index - 1], self._starts[index] if index < len(
            self._starts
        ) else FOREVER

    def limit(self, parameter: str, unit: str, instant: int) -> Limit | None:
        """Return the limit on a parameter in a unit in force at ``instant``, or None."""
        return self.plan(instant).limits.get((parameter, unit))

    def window(self, kind: int, instant: int) -> Interval:
        """Return start and end of the window of a kind that contains ``instant``."""
        if kind == WHOLE_DAY:
            return self.clock.day(instant)
        start = self.clock.start(instant, WINDOW_KINDS[kind].length)
        return start, self.clock.end(start, WINDOW_KINDS[kind].length)

    def midnight(self, day: date) -> int:
        """Return the local midnight of a date."""
        return midnight(self.zone, day)

    def verified(self, serial: str | None, instant: int) -> bool:
        """Tell whether the device of a reading is listed and within its verification."""
        if not self.devices:
            return True
        return any(
            device.serial == serial
            and device.valid is not None
            and device.valid[0] <= instant < device.valid[1]
            for device in self.devices
        )

    def unverified_since(self, serial: str | None, instant: int) -> int | None:
        """Return the end of the last verification of a listed device before ``instant``.

        ``BEGINNING`` where none came before. None: one covers the instant, or no device with the
        serial is listed.
        """
        found = None if serial is None else self._verifications.get(serial)
        if found is None:
            return None
        at = bisect_right(found, instant, key=lambda valid: valid[0])
        since = found[at - 1][1] if at else BEGINNING
        return since if since <= instant else None

    def verified_from(self, serial: str, instant: int) -> int:
        """Return when the next verification of a device after ``instant`` begins."""
        found = self._verifications.get(serial, [])
        return min((valid[0] for valid in found if valid[0] > instant), default=FOREVER)

    def device(self, serial: str | None, instant: int) -> VerifiedDevice | None:
        """Return the listed device with a serial.

        Of several one verified at ``instant`` before that whose verification ended last before it,
        and that before any other.
        """
        listed = [device for device in self.devices if device.serial == serial]
        lapsed: VerifiedDevice | None = None
        for device in listed:
            if device.valid is None:
                continue
            if device.valid[0] <= instant < device.valid[1]:
                return device
            if device.valid[1] <= instant and (
                lapsed is None or lapsed.valid is None or lapsed.valid[1] < device.valid[1]
            ):
                lapsed = device
        return lapsed or (listed[0] if listed else None)

    def _compile(self, start: int) -> ChannelPlans:
        """Compile the plans under the limits in force from ``start`` until they change."""
        in_force = {
            (limit.parameter, limit.unit): limit
            for (begin, end), limit in self._limits
            if begin <= start < end
        }
        return ChannelPlans(self._channels, in_force, flow=self.gas_plan.flow, annual=self.annual)


def _verifications(devices: Iterable[VerifiedDevice]) -> dict[str, list[Interval]]:
    """List when each device is verified, in the order of time, by its serial."""
    found: dict[str, list[Interval]] = {device.serial: [] for device in devices}
    for device in devices:
        if device.valid is not None:
            found[device.serial].append(device.valid)
    return {serial: union_of(valid) for serial, valid in found.items()}


def _validity(zone: str, start: str | None, end: str | None) -> Interval:
    return (
        BEGINNING if start is None else parse_instant(zone, start),
        FOREVER if end is None else parse_instant(zone, end),
    )


def compile_sources(enterprise: Enterprise) -> tuple[SourceEntry, ...]:
    """Compile the entries of all sources of an enterprise."""
    return tuple(SourceEntry(enterprise, source) for source in enterprise.sources)


def next_midnight(entry: SourceEntry, instant: int) -> int:
    """Return the first local midnight after ``instant``."""
    return entry.midnight(entry.clock.date(instant) + timedelta(days=1))
