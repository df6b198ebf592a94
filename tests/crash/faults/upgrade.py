"""A rolling upgrade, as docs/operations/upgrade-and-state-forms.md says, with a kill amid it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final, Self

from tests.crash.commit_pauses import CommitPauses
from tests.crash.faults.fault import Conditions
from tests.crash.round_context import RoundContext
from tests.crash.workers import EARLIER, Kind, WorkerSlot

REPLACED: Final = "worker replaced"
_NEWER: Final[dict[str, Any]] = {"poll_records": 25, "commit_s": 0.3, "records_in_flight": 4000}


@dataclass(frozen=True)
class RollingUpgrade:
    """Two workers of the version before are replaced in turn, and the first new one is killed.

    ``at``: share of the load at which it begins; ``each``: share of the load a replacement takes.
    """

    at: float
    each: float

    @classmethod
    def draw(cls, rng: Random, given: Conditions) -> Self:  # noqa: ARG003
        """Somewhere in the first half, so that the new workers judge the rest."""
        return cls(round(rng.uniform(0.1, 0.4), 2), round(rng.uniform(0.1, 0.25), 2))

    def settings(self) -> dict[str, Any]:
        """Small checkpoints, so that the new workers read what the earlier ones kept."""
        return {"save_records": 200}

    def prepare(self, context: RoundContext) -> None:
        """Put workers of the version before into both places."""
        context.first("streams").program = EARLIER
        context.workers.place("streams").program = EARLIER

    async def strike(self, context: RoundContext) -> None:
        """Replace the sinks worker, then both streams workers; kill the first new one at work."""
        pauses = CommitPauses()
        watching = asyncio.create_task(pauses.watch(context.settings))
        try:
            first, second = context.workers.of("streams")
            second.start()
            await context.progress.until(self.at)
            sinks = context.first("sinks")
            sinks.leave()
            await sinks.ended()
            self._new(context, "sinks")
            new = await self._replaced(context, first)
            await context.progress.until(self.at + self.each / 2)
            new.kill()
            await context.progress.until(self.at + self.each)
            await context.at_work(new)
            await self._replaced(context, second)
            await context.progress.until(1.0)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        for partition, seconds in pauses.longest.items():
            known = context.results.longest_pause_s.get(partition, 0.0)
            context.results.longest_pause_s[partition] = max(known, seconds)
        context.timeline.note(f"longest without a commit, by partition: {pauses.longest}")

    async def _replaced(self, context: RoundContext, old: WorkerSlot) -> WorkerSlot:
        old.leave()
        await old.ended()
        new = self._new(context, old.kind)
        await context.at_work(new)
        return new

    def _new(self, context: RoundContext, kind: Kind) -> WorkerSlot:
        slot = context.workers.place(kind)
        slot.settings = replace(context.settings, **_NEWER)
        slot.start()
        context.count(REPLACED)
        return slot
