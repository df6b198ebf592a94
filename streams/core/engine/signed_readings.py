"""Which readings of a batch are asked for their signatures."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from schemas.columns import Block
from streams.core.law.policy import SIGNATURES_OFF
from streams.core.records.partitioning import Share
from streams.core.sources.source import SourceEntry

_position = attrgetter("position")


class SignedReading(NamedTuple):
    """A reading of a source that has keys, whatever becomes of it; in a batch of records.

    What is refused for its contents is a part of the station's chain too. ``entry`` is the
    registration when it arrived, ``measured_at`` ms.
    """

    position: int
    measured_at: int
    entry: SourceEntry


SignedReadings = dict[str, list[SignedReading]]
"""By source; block by block, not yet in the order of positions."""


def signature_policy(entry: SourceEntry, otherwise: str) -> str:
    """Return what follows without a signature: the registration says it, or the policy of all."""
    return otherwise if entry.signatures is None else entry.signatures


def note_signed(
    block: Block,
    registered: Sequence[tuple[SourceEntry | None, int]],
    otherwise: str,
    share: Share,
    found: SignedReadings,
) -> None:
    """Add the readings of a block whose sources are asked, and lie in their partition.

    ``registered``: each source's registration when its readings arrived, and for how many readings
    in a row it holds. ``otherwise`` is the policy of sources whose registration names none.
    """
    start = 0
    for entry, times in registered:
        end = start + times
        if (
            entry is not None
            and signature_policy(entry, otherwise) != SIGNATURES_OFF
            and not entry.test
            and share.has(entry.id)
        ):
            found.setdefault(entry.id, []).extend(
                SignedReading(position, measured_at, entry)
                for position, measured_at in zip(
                    block.rows[start:end].tolist(),
                    block.measured_at[start:end].tolist(),
                    strict=True,
                )
            )
        start = end


def signed_between(
    readings: Mapping[str, Sequence[SignedReading]], start: int, end: int
) -> dict[str, Sequence[SignedReading]]:
    """Select the readings at the positions ``[start, end)``, in their order."""
    found: dict[str, Sequence[SignedReading]] = {}
    for source_id, unordered in readings.items():
        own = sorted(unordered)
        first = bisect_left(own, start, key=_position)
        last = bisect_left(own, end, key=_position)
        if first < last:
            found[source_id] = own[first:last]
    return found
