"""The mass that a source has emitted in a calendar year, as its state keeps it.

Hours that can no longer change are sealed: their mass, messages and contested time are added to
the `YearPrefix` of their year when they are evicted. The hours after them are still there. So the
mass at the end of any hour that is kept is the prefix and the hours from there on, and neither the
order of arrival nor a restart leaves a trace in it.
"""

from __future__ import annotations

import msgspec

from streams.core.time.interval import BEGINNING
from streams.core.windows.aggregate import SlotAggregate
from streams.core.windows.mass import Mass


class YearPrefix(msgspec.Struct, array_like=True):
    """Holds the sealed hours of a year, those before ``until`` (ms).

    ``masses`` by parameter; ``messages`` is the evidence; ``contested`` ms of readings that others
    contradict. ``latest`` is the evidence of all hours before ``latest_until``, kept once it was
    asked for so that the next hour only adds to it; stale where that is `BEGINNING`.
    """

    until: int = BEGINNING
    masses: dict[str, Mass] = msgspec.field(default_factory=dict)
    messages: SlotAggregate = msgspec.field(default_factory=SlotAggregate)
    contested: int = 0
    latest: SlotAggregate = msgspec.field(default_factory=SlotAggregate)
    latest_until: int = BEGINNING


class YearNotice(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What was said when a share of a limit was reached: the mass (t), the limit (t/a), the hour.

    ``until`` is the end of that hour, ms.
    """

    value: float
    limit: float
    until: int


class YearTotal(msgspec.Struct, array_like=True, gc=False):
    """The mass of one parameter in a year as of the close of its last counted hour.

    ``until`` is the end of that hour (ms): the last one with a valid reading and a limit.
    ``limit`` (t/a) and ``interval_pct`` (percent of it) were in force in it. ``notices`` are those
    that stand, by percent of the limit.
    """

    until: int
    mass: Mass
    limit: float
    interval_pct: float | None = None
    notices: dict[int, YearNotice] = msgspec.field(default_factory=dict)
