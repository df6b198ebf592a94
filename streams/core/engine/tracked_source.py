"""One source as a partition tracks it: its registration, its keyed state, its hours."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from streams.core.sources.source import SourceEntry
from streams.core.state.flow_hours import FlowHours
from streams.core.state.hours import Hours
from streams.core.state.source_state import SourceState
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.interval import HOUR
from streams.core.windows.open_windows import OpenWindows

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SourceState)

_DECODED_FOR = 2 * HOUR
"""Hours that began longer ago are decoded again when they are needed."""


class TrackedSource:
    """Shares the state of one source among the parts of the engine that process it.

    ``entry`` is the registration in force, or the last one where the source was ``struck_off``.
    ``changed`` tells that ``state`` differs from what was saved.
    """

    __slots__ = (
        "_max_lateness",
        "_saved",
        "_state_key",
        "changed",
        "entry",
        "flow",
        "hours",
        "open_windows",
        "state",
        "struck_off",
    )

    def __init__(
        self,
        entry: SourceEntry,
        state_key: str,
        saved: UncommittedState,
        hours: Hours,
        flow: FlowHours,
        max_lateness: int,
    ) -> None:
        self.entry = entry
        self.struck_off = False
        self.changed = False
        self.hours = hours
        self.flow = flow
        self._max_lateness = max_lateness
        encoded = saved.get(state_key)
        self.state = SourceState() if encoded is None else _decoder.decode(encoded)
        self.open_windows = OpenWindows(self.state.open_windows)
        self._saved = saved
        self._state_key = state_key

    @property
    def registered(self) -> SourceEntry | None:
        """The registration in force, None once the source was struck off."""
        return None if self.struck_off else self.entry

    def release_hours(self, stream_time: int) -> None:
        """Drop the decoded form of unchanged hours that are hardly needed at ``stream_time``."""
        self.hours.release(stream_time - _DECODED_FOR)

    def save(self, stream_time: int) -> Iterator[tuple[str, bytes | None]]:
        """Encode what has changed since the last call, by key of the state; None: deleted."""
        yield from self.hours.save(stream_time - _DECODED_FOR)
        yield from self.flow.save(stream_time, self._max_lateness)
        if self.changed:
            self.state.open_windows = self.open_windows.all()
            encoded = _encoder.encode(self.state)
            self._saved.put(self._state_key, encoded)
            self.changed = False
            yield self._state_key, encoded
