"""The enterprises of one partition: judged when their registration or time alone demands it."""

from __future__ import annotations

from streams.core.engine.stream_time import StreamTimes
from streams.core.judging.context import Context
from streams.core.judging.registrations import RegistrationJudge
from streams.core.records.partitioning import Share
from streams.core.sources.history import RegistryHistory
from streams.core.state.obligations import Obligations, decode_obligations, encode_obligations
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.timers import Timers


class PartitionEnterprises:
    """Keeps the obligations of the enterprises whose BIN belongs to one partition."""

    def __init__(
        self,
        context: Context,
        registry: RegistryHistory,
        share: Share,
        prefix: str,
        saved: UncommittedState,
    ) -> None:
        self._context = context
        self._registry = registry
        self._share = share
        self._prefix = f"{prefix}enterprise/"
        self._saved = saved
        self._timers = Timers()
        self._judges: dict[str, RegistrationJudge] = {}
        self._unsaved: set[str] = set()

    def follow_registry(self, now: int) -> None:
        """Have every registered enterprise judged at stream time ``now``."""
        for bin_ in self._registry.bins():
            if self._share.has(bin_) and self._registry.enterprise(bin_, now) is not None:
                if bin_ not in self._judges:
                    saved = self._saved.get(f"{self._prefix}{bin_}")
                    state = decode_obligations(saved) if saved else Obligations()
                    self._judges[bin_] = RegistrationJudge(self._context, state)
                self._timers.schedule(bin_, now)

    def process(self, log: StreamTimes) -> None:
        """Judge enterprises at each position of a span of the log at which they are due."""
        for due, bin_ in self._timers.expired(log.times[log.end - 1]):
            self._timers.schedule(bin_, self._judge(bin_, log, due))

    def _judge(self, bin_: str, log: StreamTimes, due: int) -> int:
        """Judge an enterprise from stream time ``due`` on; returns when it is due next."""
        judge, at = self._judges[bin_], log.first_at(due, log.start)
        while at < log.end:
            now = log.times[at]
            judge.advance(self._registry.enterprise(bin_, now), now)
            self._unsaved.add(bin_)
            due = max(judge.due, now + 1)
            at = log.first_at(due, at + 1)
        return due

    def save(self) -> dict[str, bytes | None]:
        """Encode the obligations that have changed since the last call, by key of the state."""
        state: dict[str, bytes | None] = {}
        for bin_ in sorted(self._unsaved):
            key, encoded = f"{self._prefix}{bin_}", encode_obligations(self._judges[bin_].state)
            if self._saved.get(key) != encoded:
                state[key] = encoded
                self._saved.put(key, encoded)
        self._unsaved.clear()
        return state
