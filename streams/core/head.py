"""What is remembered of one source beside its hours; saved with every reading, so kept short."""

from __future__ import annotations

import msgspec

from streams.core.slot import Published
from streams.core.source import Interval
from streams.core.stretch import Stretch


class Pending(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A window with readings that has not closed: kind, start, end, and when it closes."""

    closes: int
    kind: int
    start: int
    end: int


class PublishedGap(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of a gap."""

    parameter: str | None
    start: int
    end: int | None
    status: str
    revision: int


class Standing(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """The last revision of a violation that may outlive the hours: a run or an outage."""

    rule: str
    parameter: str | None
    start: int
    end: int | None
    published: Published

    def silent_in(self, start: int, end: int) -> bool:
        """Whether it is an outage that meets ``[start, end)``."""
        meets = self.start < end and (self.end is None or start < self.end)
        return self.parameter is None and meets


class Carry(msgspec.Struct, array_like=True):
    """The forgotten beginning of a run that goes on: when it began, under which limit, its sums."""

    start: int
    end: int
    limit: float
    validated_by: float | None  # confidence interval, percent of the limit
    stretch: Stretch


class Head(msgspec.Struct, array_like=True):
    """State of one source.

    ``runs`` cover the accepted readings, ``channels`` those whose channel is valid, ``stops``
    the time that readings report as not normal. ``first`` is the first reading's start;
    ``trimmed`` tells that runs before the first of the list were forgotten, so nothing is
    computed before it any more; ``forgotten`` is the end of the last forgotten hour,
    ``runs_due`` the stream time that may close a run, ``conflicts`` where readings said something
    else than the accepted one of their interval (`streams.core.conflict`).
    """

    first: int | None = None
    last_offset: int = -1
    runs: list[Interval] = msgspec.field(default_factory=list)
    channels: dict[str, list[Interval]] = msgspec.field(default_factory=dict)
    stops: list[Interval] = msgspec.field(default_factory=list)
    pending: list[Pending] = msgspec.field(default_factory=list)
    gaps: dict[str, PublishedGap] = msgspec.field(default_factory=dict)
    standing: dict[str, Standing] = msgspec.field(default_factory=dict)
    carries: dict[str, Carry] = msgspec.field(default_factory=dict)
    trimmed: set[str] = msgspec.field(default_factory=set)
    forgotten: int = -(1 << 62)
    runs_due: int = 0
    conflicts: list[Interval] = msgspec.field(default_factory=list)
