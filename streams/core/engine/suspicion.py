"""Runs the detectors of one source as its days close, and publishes what they find.

Nothing is done with a reading: a day is read from its slots when it closes, and again, if late
readings have changed it, when nothing can change it any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.core.detection.day import read_day
from streams.core.detection.memory import Detection, Episode, decode_memory, encode_memory
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.finding import Observation
from streams.core.judging.violation import Subject
from streams.core.records.findings import finding_id
from streams.core.state.uncommitted import UncommittedState

_DIGITS: Final = 4
"""Decimals of the published numbers: what is compared is exact to more."""


class SuspicionTracker:
    """Tracks the detectors of one source; their memory is saved under a key of its own.

    It holds up to 34 days and is asked for a few times a day, so it is read from the state when it
    is asked for and kept until it is saved.
    """

    def __init__(
        self, context: Context, source: TrackedSource, key: str, saved: UncommittedState
    ) -> None:
        self._context = context
        self._source = source
        self._key = key
        self._saved = saved
        self._loaded: Detection | None = None
        self._changed = False
        self.due = self._detection.due
        """The stream time (ms) at which a closed day becomes final."""
        self._loaded = None

    @property
    def _detection(self) -> Detection:
        if self._loaded is None:
            memory = decode_memory(self._saved.get(self._key))
            lateness = self._context.policy.max_lateness
            self._loaded = Detection(self._context.detectors, memory, lateness)
        return self._loaded

    def close_day(self, start: int, end: int, stream_time: int) -> None:
        """Judge the local day ``[start, end)`` (ms), whose sums are complete."""
        self._read(start, end)
        self._publish(stream_time)

    def reopen_day(self, start: int, end: int) -> None:
        """Note that a late reading changed a day that has closed."""
        if self._detection.mark(start, end):
            self._changed = True
            self.due = self._detection.due

    def settle(self, stream_time: int) -> None:
        """Make the days final that nothing can change at ``stream_time`` (ms) any more.

        What that changes is detected at the moment at which the day became final, whichever record
        told of it.
        """
        while self.due <= stream_time:
            stale = self._detection.stale
            if stale is not None:
                self._source.hours.complete_sums()
                self._read(stale.start, stale.end)
            moment = self._detection.settle()
            self._publish(moment)

    def _read(self, start: int, end: int) -> None:
        entry = self._source.entry
        columns = None if entry.test else read_day(entry, self._source.hours, start, end)
        self._detection.close(start, end, columns)

    def _publish(self, at: int) -> None:
        """Publish what is new among the findings that may still change, and withdraw the rest."""
        self._changed = True
        self.due = self._detection.due
        entry, publisher = self._source.entry, self._context.finding_publisher
        subject, published = Subject(entry.enterprise, entry), self._detection.memory.published
        stands = set()
        for episode in self._detection.found():
            seen = self._observation(episode)
            stands.add(finding_id(seen.kind, subject.id, seen.parameter, seen.start))
            publisher.update(published, subject, seen, at=at)
        horizon = self._detection.remembered_from
        for identity, known in list(published.items()):
            if identity in stands:
                continue
            if known.end is not None and known.end < horizon:
                del published[identity]
            else:
                publisher.withdraw(published, subject, known, at=at)

    def _observation(self, episode: Episode) -> Observation:
        code, hit = episode.code, episode.hit
        detector = self._context.detectors[code]
        wording = detector.wording
        return Observation(
            code,
            hit.start,
            hit.end,
            hit.parameter,
            wording.statistic,
            round(hit.value, _DIGITS),
            round(hit.threshold, _DIGITS),
            wording.unit or None,
            detector.sentence(hit),
            wording.basis,
            wording.track,
        )

    def save(self) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call, by key of the state."""
        if self._changed:
            self._changed = False
            encoded = encode_memory(self._detection.memory)
            self._saved.put(self._key, encoded)
            yield self._key, encoded
        self._loaded = None
