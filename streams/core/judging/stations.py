"""Findings about stations: what a registration lacks of what a monitoring system must have.

``INCOMPLETE_CHANNELS``: a parameter with a norm that nothing measures, or an auxiliary without
which its concentration is not that of the law. ``TYPE_CERTIFICATE``: a listed device without a
certificate of type approval in force. Judged for enterprises whose system is installed, when a
registration changes and at each instant at which time alone changes the answer; open until mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.core.judging.finding import FindingPublisher, FindingSubject, Observation
from streams.core.law.country import StationDuties
from streams.core.records.findings import finding_id
from streams.core.registry.enterprise import Device, Enterprise
from streams.core.sources.history import Registration
from streams.core.sources.reported import reporters
from streams.core.sources.series import CONCENTRATION
from streams.core.sources.source import SourceEntry
from streams.core.state.obligations import Obligations
from streams.core.time.interval import BEGINNING, FOREVER
from streams.core.time.local_clock import parse_instant

INCOMPLETE_CHANNELS: Final = "INCOMPLETE_CHANNELS"
TYPE_CERTIFICATE: Final = "TYPE_CERTIFICATE"

_MENDED: Final = "The registration lacks it no more, or the source is struck off."


def missing_channels(entry: SourceEntry, duties: StationDuties, at: int) -> list[str]:
    """List what a source should measure at ``at`` (ms) and has no channel for."""
    channels = {channel.parameter: channel for channel in entry.source.channels}
    limits = entry.plan(at).limits
    measured = {*channels, *reporters(channels)}
    normed = {parameter for parameter, _ in limits}
    found = [name for name in duties.parameters if name in normed and name not in measured]
    if any(unit == CONCENTRATION for _, unit in limits):
        found += [
            " or ".join(group) for group in duties.auxiliaries if not channels.keys() & set(group)
        ]
    return found


def uncertified_devices(entry: SourceEntry, at: int) -> list[str]:
    """List the devices of a source without a type certificate in force at ``at`` (ms), and why."""
    found = []
    for device in entry.source.devices:
        since, until = _certified(entry, device)
        if device.type_certificate is None:
            found.append(f"{device.serial} has none")
        elif at < since:
            found.append(f"{device.serial} from {device.type_certificate.on}")
        elif at >= until:
            found.append(f"{device.serial} until {device.type_certificate.until}")
    return found


def station_edges(registration: Registration, zone: str) -> Iterator[int]:
    """Yield the instants (ms) at which time alone changes what a station lacks.

    ``zone`` is that of the dates of an enterprise.
    """
    if registration.enterprise is None:
        return
    yield _installed(registration.enterprise, zone)
    for entry in registration.sources:
        yield from entry.limit_edges
        for device in entry.source.devices:
            yield from _certified(entry, device)


def judge_stations(
    publisher: FindingPublisher,
    duties: StationDuties,
    registration: Registration | None,
    state: Obligations,
    at: int,
    zone: str,
) -> None:
    """Open what the stations of an enterprise lack at ``at`` (ms), and close what is mended."""
    if registration is None:
        return
    seen = dict(_lacking(registration, duties, at, zone))
    for key, (source_id, observation) in seen.items():
        known = state.findings.get(key)
        if known is not None:
            observation = observation._replace(start=known.start)
        identity = finding_id(observation.kind, source_id, None, observation.start)
        standing = {} if known is None else {identity: known}
        subject = FindingSubject(registration.bin, source_id)
        publisher.update(standing, subject, observation, at=at)
        state.findings[key] = standing[identity]
    for key, known in list(state.findings.items()):
        if key in seen:
            continue
        kind, source_id = key.split("|", 1)
        standing = {finding_id(kind, source_id, None, known.start): known}
        mended = Observation(kind, known.start, at, detail=_MENDED)
        subject = FindingSubject(registration.bin, source_id)
        publisher.update(standing, subject, mended, at=at)
        del state.findings[key]


def _lacking(
    registration: Registration, duties: StationDuties, at: int, zone: str
) -> Iterator[tuple[str, tuple[str, Observation]]]:
    enterprise = registration.enterprise
    if enterprise is None or enterprise.test or at < _installed(enterprise, zone):
        return
    for entry in registration.sources:
        if missing := missing_channels(entry, duties, at):
            detail = (
                f"No channel measures {', '.join(missing)}: ask the operator what the station "
                "measures, and look whether the registration says all of it."
            )
            yield _found(
                entry, INCOMPLETE_CHANNELS, at, "missing channels", missing, detail,
                duties.channels_basis,
            )  # fmt: skip
        if devices := uncertified_devices(entry, at):
            detail = (
                f"Type certificates of devices: {'; '.join(devices)}. Ask for the certificate of "
                "type approval."
            )
            yield _found(
                entry, TYPE_CERTIFICATE, at, "devices without a type certificate in force", devices,
                detail, duties.certificates_basis,
            )  # fmt: skip


def _found(
    entry: SourceEntry,
    kind: str,
    at: int,
    statistic: str,
    lacking: list[str],
    detail: str,
    basis: str,
) -> tuple[str, tuple[str, Observation]]:
    observation = Observation(
        kind,
        at,
        None,
        statistic=statistic,
        value=float(len(lacking)),
        threshold=0.0,
        unit="1",
        detail=detail,
        basis=basis,
    )
    return f"{kind}|{entry.id}", (entry.id, observation)


def _installed(enterprise: Enterprise, zone: str) -> int:
    """Return the instant of installation; an enterprise without one has no system to judge."""
    on = enterprise.asm.installed_on
    return FOREVER if on is None else parse_instant(zone, on)


def _certified(entry: SourceEntry, device: Device) -> tuple[int, int]:
    """Return the validity of a device's type certificate; without one, none."""
    certificate = device.type_certificate
    if certificate is None:
        return FOREVER, FOREVER
    return (
        BEGINNING if certificate.on is None else parse_instant(entry.zone, certificate.on),
        FOREVER if certificate.until is None else parse_instant(entry.zone, certificate.until),
    )
