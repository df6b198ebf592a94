"""``SOFTWARE-CHANGED``: readings made by other software than the registered one.

Order 208, point 30, has the software of a monitoring system compute its checksum and compare it
with the permitted one. A registration may name that one (``asm.software_sha256``), and a reading
say in the header ``software`` of its message which one made it. Readings are looked at in the
order of the log; headers only where a registration names a checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from streams.core.engine.preparation import ReadingSpan
from streams.core.engine.retention import retained_from
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.finding import Observation
from streams.core.judging.violation import Subject
from streams.core.records.findings import finding_id
from streams.core.state.source_state import ForeignSoftware
from streams.core.time.interval import BEGINNING, FOREVER

SOFTWARE_CHANGED: Final = "SOFTWARE-CHANGED"
HEADER: Final = "software"
"""Header of a reading's message: the SHA-256 of the software that made it, hexadecimal ASCII."""

UNREADABLE: Final = "unreadable"
"""What a header says that is no checksum, whatever it is."""

MOST_FOREIGN: Final = 8
"""Foreign checksums that are remembered of a source; further ones say nothing new."""

_CHECKSUM: Final = re.compile(rb"[0-9A-Fa-f]{64}")


def software_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """Return the checksum that a message names, `UNREADABLE`, or None where it names none.

    Of several headers the last counts, as Kafka's clients read them.
    """
    told = None
    for name, value in headers:
        if name == HEADER and value:
            told = value
    if told is None:
        return None
    return told.decode("ascii").lower() if _CHECKSUM.fullmatch(told) else UNREADABLE


class SoftwareTracker:
    """Tracks the software of one source; ``due`` is when a registration alone ends a finding.

    A checksum has one finding for as long as readings of its time are accepted: it is opened
    again where the checksum comes again.
    """

    def __init__(self, context: Context, source: TrackedSource) -> None:
        self._context = context
        self._source = source
        self.due = FOREVER
        self.register()

    def register(self) -> None:
        """Look at what is open with the next record, under the registration in force from now."""
        foreign = self._source.state.foreign_software
        ends = any(
            each.finding.end is None and self._is_ended(name) for name, each in foreign.items()
        )
        self.due = BEGINNING if ends else FOREVER

    @property
    def _permitted(self) -> str | None:
        """The registered checksum; None: there is none, or the country asks for none."""
        source = self._source
        asked = self._context.software_basis and not source.struck_off
        return source.entry.software if asked else None

    def _is_ended(self, checksum: str) -> bool:
        return self._permitted in (None, checksum)

    def settle(self, now: int) -> None:
        """Close what the registration in force at stream time ``now`` (ms) ends."""
        for name, each in self._source.state.foreign_software.items():
            if each.finding.end is None and self._is_ended(name):
                why = (
                    "the registration names it now"
                    if self._permitted == name
                    else "no registration names a checksum any more"
                )
                self._close(name, each, max(now, each.until), why, now)
        self._source.changed = True
        self.due = FOREVER

    def take(self, log: StreamTimes, span: ReadingSpan, at: int, end: int) -> None:
        """Look at accepted readings of one span, from place ``at`` to before ``end``."""
        readings, entry, _, _ = span
        permitted = self._permitted
        if permitted is None or entry.software != permitted:
            return  # it arrived under another registration than the one that is asked about
        period = readings.period_s * 1000
        for place in range(at, end):
            told = software_of(readings.records[place].headers)
            if told is None:
                continue
            start, now = readings.measured_at[place], log.times[readings.positions[place]]
            if told == permitted:
                self._come_again(start, now)
            else:
                self._note(told, permitted, start, start + period, now)

    def _come_again(self, start: int, now: int) -> None:
        """Close what is open and was last seen before ``start`` (ms)."""
        for name, each in self._source.state.foreign_software.items():
            if each.finding.end is None and each.until <= start:
                self._close(name, each, start, "the registered one has come again", now)

    def _note(self, checksum: str, permitted: str, start: int, end: int, now: int) -> None:
        """Note that a reading of ``[start, end)`` (ms) was made by foreign software."""
        foreign = self._source.state.foreign_software
        self._forget(now)
        known = foreign.get(checksum)
        if known is not None:
            known.until = max(known.until, end)
            if known.finding.end is not None and known.finding.end <= start:
                self._publish(
                    checksum, known.finding.start, end, None, _open(checksum, permitted), now
                )
            return
        # Two findings of one start would have one id: the next reading tells of the second.
        taken = any(each.finding.start == start for each in foreign.values())
        if len(foreign) < MOST_FOREIGN and not taken:
            self._publish(checksum, start, end, None, _open(checksum, permitted), now)

    def _forget(self, now: int) -> None:
        """Forget what ended before anything that a reading accepted at ``now`` may say."""
        foreign = self._source.state.foreign_software
        bound = retained_from(now - self._context.policy.max_lateness)
        for name, each in list(foreign.items()):
            if each.finding.end is not None and each.finding.end < bound:
                del foreign[name]

    def _close(self, checksum: str, known: ForeignSoftware, end: int, why: str, now: int) -> None:
        detail = f"Readings came of software {checksum} until {why}: look what it was changed for."
        self._publish(checksum, known.finding.start, known.until, end, detail, now)

    def _publish(
        self, checksum: str, start: int, until: int, end: int | None, detail: str, now: int
    ) -> None:
        """Publish a finding as seen at ``now``, and remember it."""
        foreign, entry = self._source.state.foreign_software, self._source.entry
        subject = Subject(entry.enterprise, entry)
        seen = Observation(
            SOFTWARE_CHANGED,
            start,
            end,
            statistic=f"checksum of the software: {checksum}",
            detail=detail,
            basis=self._context.software_basis,
        )
        identity = finding_id(SOFTWARE_CHANGED, subject.id, None, start)
        known = foreign.get(checksum)
        standing = {} if known is None else {identity: known.finding}
        self._context.finding_publisher.update(standing, subject, seen, at=now)
        foreign[checksum] = ForeignSoftware(until, standing[identity])


def _open(checksum: str, permitted: str) -> str:
    """Say what an inspector must look at while foreign software makes the readings."""
    return (
        f"Readings come of software {checksum}, and {permitted} is registered: look which "
        "software the station runs, and who changed it."
    )
