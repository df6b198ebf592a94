"""The exceedances of one partition that operators must report: watched until their terms pass."""

from __future__ import annotations

from collections.abc import Iterable

from streams.core.engine.stream_time import StreamTimes
from streams.core.judging.context import Context
from streams.core.judging.exceedance import REPORTED, ExceedanceJudge
from streams.core.records.findings import Violation
from streams.core.sources.history import RegistryHistory
from streams.core.state.exceedances import Exceedances, decode_exceedances, encode_exceedances
from streams.core.state.uncommitted import UncommittedState
from streams.core.time.timers import Timers


class PartitionExceedances:
    """Notes the violations of each span of the log, and judges where a term has passed.

    It comes after everything else of a span, and judges each source as of the positions of the
    span: violations and the ends of terms in the order of stream time.
    """

    def __init__(
        self,
        context: Context,
        registry: RegistryHistory,
        prefix: str,
        saved: UncommittedState,
        saved_keys: Iterable[str],
        stream_time: int,
    ) -> None:
        """``stream_time`` (ms) is that of the saved state."""
        self._since = stream_time
        self._context = context
        self._registry = registry
        self._prefix = f"{prefix}exceedance/"
        self._saved = saved
        self._judges: dict[str, ExceedanceJudge] = {}
        self._timers = Timers()
        self._unsaved: set[str] = set()
        self._noted = 0
        for key in saved_keys:
            if key.startswith(self._prefix):
                source_id = key.removeprefix(self._prefix)
                self._timers.schedule(source_id, self._judge(source_id).due)

    def _judge(self, source_id: str) -> ExceedanceJudge:
        found = self._judges.get(source_id)
        if found is None:
            saved = self._saved.get(f"{self._prefix}{source_id}")
            state = Exceedances() if saved is None else decode_exceedances(saved)
            found = ExceedanceJudge(self._context, self._registry.notices, state, self._since)
            self._judges[source_id] = found
        return found

    def process(self, log: StreamTimes) -> None:
        """Note what the span has published, and judge the sources whose terms pass in it."""
        violations: dict[str, list[Violation]] = {}
        for each in self._context.publisher.published_since(self._noted):
            if each.rule in REPORTED and each.source_id is not None:
                violations.setdefault(each.source_id, []).append(each)
        self._noted = self._context.publisher.count
        names = dict.fromkeys(violations)
        names.update((name, None) for _, name in self._timers.expired(log.times[log.end - 1]))
        for name in names:
            judge = self._judge(name)
            for each in sorted(violations.get(name, ()), key=lambda one: one.detected_at):
                self._advance(name, judge, log, each.detected_at)
                entry = self._registry.last_known(name, each.detected_at)
                if entry is not None:
                    judge.note(each, entry)
            self._advance(name, judge, log, log.times[log.end - 1])
            self._timers.schedule(name, judge.due)
            self._unsaved.add(name)

    def _advance(self, name: str, judge: ExceedanceJudge, log: StreamTimes, until: int) -> None:
        """Judge a source at each position up to stream time ``until`` at which it is due."""
        while (due := judge.due) <= until:
            now = log.times[log.first_at(due, log.start)]
            entry = self._registry.last_known(name, now)
            if entry is None:
                return
            judge.advance(entry, now)

    def end_batch(self) -> None:
        """Begin with the next batch, whose violations are counted from 0."""
        self._noted = 0

    def save(self) -> dict[str, bytes | None]:
        """Encode what has changed since the last call, by key of the state; None: deleted."""
        state: dict[str, bytes | None] = {}
        for name in sorted(self._unsaved):
            key, found = f"{self._prefix}{name}", self._judges[name].state
            if not found.awaited:
                del self._judges[name]
                if self._saved.delete(key):
                    state[key] = None
                continue
            encoded = encode_exceedances(found)
            if self._saved.get(key) != encoded:
                state[key] = encoded
                self._saved.put(key, encoded)
        self._unsaved.clear()
        return state
