"""The defects that real streams show, each as a plan: what, where, from when to when.

The list follows what was found in the national bank's data: test streams, dates from 1970 to
2127, swapped days and months, values of 1e34, negative and stuck ones, outages, late deliveries.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DefectKind(StrEnum):
    """What is wrong (or only looks wrong) with a stretch of a source's data."""

    EXCEEDS_DAY = "exceeds-day"  # a calendar day above L, below 2 L
    EXCEEDS_30 = "exceeds-30min"  # whole 30-minute windows above 2 L, at most 2 h
    EXCEEDS_3H = "exceeds-3h"  # the same without a break for more than 3 h
    EXCEEDS_MASS = "exceeds-mass"  # whole hours above the limit in g/s
    SILENCE = "silence"  # longer than gap_after
    LONG_SILENCE = "long-silence"  # longer than the outage limit of 24 h
    LASTING_SILENCE = "lasting-silence"  # still on when the simulation ends
    SHORT_SILENCE = "short-silence"  # not longer than gap_after: no gap
    CHANNEL_ABSENT = "channel-absent"
    CHANNEL_BREAK = "channel-break"  # not longer than gap_after: no gap
    CHANNEL_FAULT = "channel-fault"  # flag D
    CALIBRATION = "calibration"  # flag C, short
    AUXILIARY_LOST = "auxiliary-lost"  # no temperature: nothing can be normalised
    AIR_LEAK = "air-leak"  # oxygen of air in the sampling line
    STUCK = "stuck"
    ABSURD = "absurd"
    STOPPAGE = "stoppage"  # shut-down, standstill and start-up with high values
    EMERGENCY = "emergency"
    EXCUSED_SILENCE = "excused-silence"  # planned maintenance without data
    EXCUSED_SENDING = "excused-sending"  # planned maintenance with high values
    BACKFILL = "late-backfill"  # an outage whose readings arrive later, in time
    WRONG_CLOCK = "wrong-clock"
    WRONG_PERIOD = "wrong-period"
    DUPLICATE = "duplicate"
    CONFLICT = "conflicting-duplicate"
    TOO_LATE = "too-late"
    UNKNOWN_SOURCE = "unknown-source"
    UNDECODABLE = "undecodable"
    FOREIGN_SCHEMA = "foreign-schema"


class Defect(NamedTuple):
    """One defect over ``[start, end)``, milliseconds UTC, on the minute.

    ``level`` is a share of the limit for exceedances; ``detail`` is the variety; ``delivered_at``
    is when a backfill begins to arrive or an extra message arrives.
    """

    kind: DefectKind
    source_id: str
    start: int
    end: int
    parameter: str | None = None
    level: float = 0.0
    detail: str = ""
    delivered_at: int = 0

    @property
    def minutes(self) -> int:
        """Length in minutes, which is the number of readings it covers."""
        return (self.end - self.start) // 60_000


class Habit(NamedTuple):
    """How often a defect is planned, for how long, and on what it starts.

    ``a_day`` counts per day over 170 sources; ``minutes`` are bounds of the length in units of
    ``align`` minutes.
    """

    kind: DefectKind
    a_day: int
    minutes: tuple[int, int]
    align: int = 1


K = DefectKind

STRETCHES = (
    Habit(K.EXCEEDS_3H, 2, (7, 9), 30),
    Habit(K.EXCEEDS_30, 6, (1, 4), 30),
    Habit(K.EXCEEDS_MASS, 3, (1, 3), 60),
    Habit(K.STOPPAGE, 4, (270, 270)),
    Habit(K.EMERGENCY, 1, (30, 30)),
    Habit(K.EXCUSED_SILENCE, 2, (120, 360)),
    Habit(K.EXCUSED_SENDING, 2, (120, 240)),
    Habit(K.BACKFILL, 3, (30, 120)),
    Habit(K.SILENCE, 8, (21, 300)),
    Habit(K.SHORT_SILENCE, 10, (3, 20)),
    Habit(K.CHANNEL_ABSENT, 5, (21, 240)),
    Habit(K.CHANNEL_BREAK, 5, (3, 20)),
    Habit(K.CHANNEL_FAULT, 3, (30, 240)),
    Habit(K.CALIBRATION, 6, (10, 15)),
    Habit(K.AUXILIARY_LOST, 2, (30, 120)),
    Habit(K.AIR_LEAK, 2, (5, 15)),
    Habit(K.STUCK, 3, (120, 360)),
    Habit(K.ABSURD, 10, (1, 10)),
)
"""Stretches of a source's time, planned apart from each other so that each acts alone."""

MESSAGES = (
    Habit(K.WRONG_CLOCK, 10, (1, 1)),
    Habit(K.WRONG_PERIOD, 4, (1, 1)),
    Habit(K.DUPLICATE, 20, (1, 1)),
    Habit(K.CONFLICT, 8, (1, 1)),
    Habit(K.TOO_LATE, 4, (1, 1)),
    Habit(K.UNKNOWN_SOURCE, 24, (1, 1)),
    Habit(K.UNDECODABLE, 8, (1, 1)),
    Habit(K.FOREIGN_SCHEMA, 4, (1, 1)),
)
"""Single messages."""

BYTES_ONLY = frozenset({K.UNDECODABLE, K.FOREIGN_SCHEMA})
"""Defects of the bytes of a message: they exist on a topic, not in a table of readings."""

ABSURDITIES = ("overflow", "negative", "nan", "infinite", "drift")
"""1e34; a tenth of the span below it; NaN; infinity; a zero drift of one percent of the span."""

CLOCKS = ("1970", "2127", "swapped", "behind", "ahead")
"""Epoch, overflow, day and month swapped, five hours behind, five hours ahead (a wrong zone)."""

GARBAGE = ("text", "truncated", "telegram")
"""JSON instead of Avro, a message cut short, a raw HJ 212 telegram."""

SHUTDOWN_MIN, STANDSTILL_MIN, STARTUP_MIN = 40, 170, 60
"""The phases of a stoppage, minutes."""
