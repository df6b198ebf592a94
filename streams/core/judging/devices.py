"""Keeps the use of unverified devices by one source, and asks the evaluators that look at it.

A use is what readings of one listed device show between two of its verifications. It is kept for
as long as a reading may prolong it: a device that is still listed and not verified again has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from streams.core.judging.context import Context
from streams.core.judging.evaluator import DeviceEvaluator, Quiet
from streams.core.records.record import RawRecord
from streams.core.sources.source import SourceEntry
from streams.core.state.hours import Hours
from streams.core.state.source_state import DeviceUse, SourceState, UsedMessage
from streams.core.time.interval import BEGINNING, FOREVER


class DeviceReading(NamedTuple):
    """An accepted reading that no verification covers: device, interval, stream time (ms)."""

    serial: str
    start: int
    end: int
    stream_time: int
    record: RawRecord


class DeviceJudge:
    """Judges the devices of one source; ``due`` is the next stream time that alone says more."""

    def __init__(self, context: Context, state: SourceState, hours: Hours) -> None:
        self._context = context
        self._state = state
        self._hours = hours
        self._versions: list[tuple[str, list[DeviceEvaluator[Any]]]] = [
            (code, list(versions))
            for code, versions in groupby(context.index.devices, key=lambda each: each.rule.code)
        ]
        self._quiet: dict[str, Quiet] = {}
        self.due = BEGINNING if state.device_uses else FOREVER

    @property
    def asked(self) -> bool:
        """Whether a rule looks at devices at all."""
        return bool(self._versions)

    def restart(self, stream_time: int) -> None:
        """Judge anew at ``stream_time``, under another registration."""
        self._quiet.clear()
        if self._state.device_uses:
            self.due = stream_time

    def take(
        self, entry: SourceEntry, readings: Iterable[DeviceReading], registered: SourceEntry
    ) -> None:
        """Count readings, in the order of the log, for the uses they show.

        ``entry`` is the registration by which they are judged, ``registered`` the one in force.
        """
        for reading in readings:
            since = entry.unverified_since(reading.serial, reading.start)
            if since is None:
                continue
            for code, versions in self._versions:
                if not any(each.rule.in_force(reading.start, entry.zone) for each in versions):
                    continue
                key = f"{code}|{since}|{reading.serial}"
                use = self._state.device_uses.get(key)
                changed = use is None
                if use is None:
                    use = self._state.device_uses[key] = _begun(code, since, reading, entry)
                else:
                    changed = _continue(use, reading)
                    if not changed and use.end <= self._until(key):
                        continue
                self._judge(key, use, registered, reading.stream_time, contested=changed)
                self._schedule()

    def contest(self, start: int, end: int, registered: SourceEntry, stream_time: int) -> None:
        """Judge the uses in which two readings contradict each other over ``[start, end)``."""
        for key, use in list(self._state.device_uses.items()):
            if use.start < end and start < use.end:
                self._judge(key, use, registered, stream_time, contested=True)
        self._schedule()

    def judge(self, registered: SourceEntry, stream_time: int) -> None:
        """Judge every use at ``stream_time``."""
        for key, use in list(self._state.device_uses.items()):
            self._judge(key, use, registered, stream_time)
        self._schedule()

    def _until(self, key: str) -> int:
        known = self._quiet.get(key)
        return BEGINNING if known is None else known.reading

    def _judge(
        self,
        key: str,
        use: DeviceUse,
        registered: SourceEntry,
        stream_time: int,
        *,
        contested: bool = False,
    ) -> None:
        """Judge a use; with ``contested`` anew what contradictions leave of it.

        Time and a restart do not ask that: how far a use that only grew had grown by then depends
        on when they come.
        """
        scene = self._context.scene(registered, self._state, self._hours, stream_time)
        for code, versions in self._versions:
            for evaluator in versions if code == use.rule else ():
                if evaluator.owns(use.start, registered.zone):
                    self._quiet[key] = evaluator.judge(scene, use, contested=contested)

    def _schedule(self) -> None:
        """Note the next time at which a use is no longer quiet."""
        uses = self._state.device_uses
        self._quiet = {key: quiet for key, quiet in self._quiet.items() if key in uses}
        self.due = min((quiet.time for quiet in self._quiet.values()), default=FOREVER)


def _begun(code: str, since: int, reading: DeviceReading, entry: SourceEntry) -> DeviceUse:
    """Return the use that begins with a reading."""
    message = _message(reading)
    lapsed = None if since == BEGINNING else entry.device(reading.serial, reading.start)
    return DeviceUse(
        code,
        reading.serial,
        since,
        reading.start,
        reading.end,
        reading.end - reading.start,
        message,
        message,
        None if lapsed is None else lapsed.number,
    )


def _continue(use: DeviceUse, reading: DeviceReading) -> bool:
    """Add a reading to a use; tells whether it moves its start, or may release it."""
    use.time += reading.end - reading.start
    if reading.end > use.end:
        use.end, use.last = reading.end, _message(reading)
    moved = reading.start < use.start
    if moved:
        use.start, use.first = reading.start, _message(reading)
    return moved or use.held


def _message(reading: DeviceReading) -> UsedMessage:
    """Return the message of a reading, with the chain over it alone (`records.findings.Proof`)."""
    link = sha256(reading.record.value or b"").digest()
    return UsedMessage(reading.record.offset, sha256(link).digest())
