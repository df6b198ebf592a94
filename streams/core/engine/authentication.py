"""Asks the readings of one source for the signatures of its station, before they are admitted.

Under ``require`` what is not proved is refused, under ``warn`` it is a finding a day,
``UNSIGNED_READINGS``. Under both a chain that goes on although messages lack is a finding,
``CHAIN_BROKEN``: it says where they lack, and accuses nobody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from streams.core.engine.signed_readings import SignedReading, signature_policy
from streams.core.engine.stream_time import StreamTimes
from streams.core.engine.tracked_source import TrackedSource
from streams.core.judging.context import Context
from streams.core.judging.finding import Observation
from streams.core.judging.violation import Subject
from streams.core.law.policy import SIGNATURES_OFF, SIGNATURES_WARN
from streams.core.quality.authenticity import NO_SIGNATURE, ChainJump, ChainReader, Signatures
from streams.core.quality.rejection import Rejection
from streams.core.records.findings import finding_id
from streams.core.time.interval import HOUR
from streams.core.time.wording import local_text

UNSIGNED_READINGS: Final = "UNSIGNED_READINGS"
CHAIN_BROKEN: Final = "CHAIN_BROKEN"

_entry = attrgetter("entry")


class Authentication:
    """Tells which readings of one source are not proved; in positions of the batch of records."""

    def __init__(
        self, context: Context, source: TrackedSource, signatures: Signatures | None
    ) -> None:
        """Without ``signatures`` nothing is looked at, and all pass."""
        self._context = context
        self._source = source
        self._reader: ChainReader | None = None
        self._otherwise = SIGNATURES_OFF
        if signatures is not None:
            self._reader = ChainReader(source.state.chain, source.entry.id, signatures.verify)
            self._otherwise = signatures.otherwise
        self._refused: dict[int, Rejection] = {}
        self._positions: list[int] = []

    def take(self, log: StreamTimes, readings: Sequence[SignedReading]) -> None:
        """Read the chain along a span of the log, before any of its readings is admitted."""
        state, reader = self._source.state, self._reader
        self._refused.clear()
        self._positions.clear()
        if reader is None or not readings:
            return
        for entry, run in groupby(readings, key=_entry):
            own = list(run)
            refused = reader.read(
                [log.records[each.position] for each in own],
                [each.measured_at for each in own],
                entry.keys,
                self._context.policy.future,
            )
            for jump in reader.jumps:
                self._tell_jump(log, own[jump.at], jump)
            warns = signature_policy(entry, self._otherwise) == SIGNATURES_WARN
            for at, refusal in refused.items():
                if warns and refusal is NO_SIGNATURE:
                    self._tell_unsigned(log, own[at].position, own[at].measured_at, refusal)
                else:
                    self._refused[own[at].position] = refusal
        if reader.place != state.chain:
            state.chain = reader.place
            self._source.changed = True
        self._positions = sorted(self._refused)

    def next_from(self, position: int, otherwise: int) -> int:
        """Return the first position from one on whose reading is not proved, or ``otherwise``."""
        positions = self._positions
        at = bisect_left(positions, position) if positions else 0
        return positions[at] if at < len(positions) else otherwise

    def refusal(self, log: StreamTimes, position: int, measured_at: int) -> Rejection | None:
        """Return why a reading that says something new is refused; None: it is not.

        Where the policy is to warn it is a finding instead.
        """
        refused = self._refused.get(position)
        if refused is None:
            return None
        if signature_policy(self._source.entry, self._otherwise) == SIGNATURES_WARN:
            self._tell_unsigned(log, position, measured_at, refused)
            return None
        return refused

    def _tell_unsigned(
        self, log: StreamTimes, position: int, measured_at: int, refusal: Rejection
    ) -> None:
        """Publish that readings of a local day are not proved, once a day."""
        start, end = self._source.entry.clock.day(measured_at)
        if self._is_told(UNSIGNED_READINGS, start):
            return
        self._tell(
            Observation(
                UNSIGNED_READINGS,
                start,
                end,
                statistic=f"code of the first: {refusal.reason}",
                detail=f"Readings of the day are not signed by the station; of the first one: "
                f"{refusal.detail}.",
            ),
            log.times[position],
        )

    def _tell_jump(self, log: StreamTimes, reading: SignedReading, jump: ChainJump) -> None:
        """Publish that a chain goes on although messages before it lack, once a local hour.

        Who has the key can make every head a jump; what is remembered of a source is bounded.
        """
        clock = self._source.entry.clock
        start = clock.start(reading.measured_at, HOUR)
        if self._is_told(CHAIN_BROKEN, start):
            return
        since = local_text(jump.before.began, "UTC")
        if jump.missing is None:
            said = (
                f"The station began a new chain at {local_text(jump.began, 'UTC')}; that begun "
                f"{since} was at message {jump.before.number}: what it measured in between may "
                "lack."
            )
        else:
            said = (
                f"{jump.missing} messages of the chain begun {since} lack, from number "
                f"{jump.before.number} on: they were lost, refused as BROKEN_CHAIN, or kept back."
            )
        self._tell(
            Observation(
                CHAIN_BROKEN,
                start,
                clock.end(start, HOUR),
                statistic="missing messages",
                value=None if jump.missing is None else float(jump.missing),
                unit=None if jump.missing is None else "1",
                detail=said,
            ),
            log.times[reading.position],
        )

    def _is_told(self, kind: str, start: int) -> bool:
        identity = finding_id(kind, self._source.entry.id, None, start)
        return identity in self._source.state.published_findings

    def _tell(self, seen: Observation, now: int) -> None:
        source = self._source
        subject = Subject(source.entry.enterprise, source.entry)
        self._context.finding_publisher.update(
            source.state.published_findings, subject, seen, at=now
        )
        source.changed = True
