"""Define the defects of real streams as plans: what, where, from when to when.

The list follows the defects in the national bank's data: test streams, dates from 1970 to 2127,
swapped days and months, values of 1e34, negative and stuck values, outages, late deliveries.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DefectKind(StrEnum):
    """What is wrong (or only looks wrong) with a span of a source's data."""

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
    EXCEEDS_HALF = "exceeds-day-by-half"  # a calendar day above 1.5 L, below 2 L
    UNVERIFIED = "lapsed-verification"  # readings of a device whose verification has ended
    CONSTANT = "changed-constant"  # of an analyser, sent as a channel
    SOFTWARE = "foreign-software"  # named in the headers of messages
    REPEATED = "repeated-day"  # pollutants of an earlier day, sent again
    CUT = "cut-at-limit"  # what would lie above the limit is told as just below it
    MARKS = "marks-at-load"  # flag M, step after step where the load is highest
    HELD = "held-value"
    SHIFTED = "shifted-level"  # of one pollutant, for days
    OXYGEN = "shifted-oxygen"  # for days


OWN_SOURCE = frozenset(
    {
        DefectKind.EXCEEDS_HALF,
        DefectKind.UNVERIFIED,
        DefectKind.CONSTANT,
        DefectKind.SOFTWARE,
        DefectKind.REPEATED,
        DefectKind.CUT,
        DefectKind.MARKS,
        DefectKind.HELD,
        DefectKind.SHIFTED,
        DefectKind.OXYGEN,
    }
)
"""Kinds that take a source of their own; those after the first two are tampering."""


class Defect(NamedTuple):
    """One defect over ``[start, end)``, milliseconds UTC, on the minute.

    ``level`` is a share of the limit for exceedances; ``detail`` is the variety; ``delivered_at``
    is when a backfill starts to arrive or an extra message arrives.
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


class DefectRate(NamedTuple):
    """How often a defect is planned, for how long, and on which minutes it starts.

    ``a_day`` is the number per day over 170 sources; ``minutes`` are bounds of the length in units
    of ``align`` minutes.
    """

    kind: DefectKind
    a_day: int
    minutes: tuple[int, int]
    align: int = 1


K = DefectKind

LASTING_DEFECTS = (
    DefectRate(K.EXCEEDS_3H, 2, (7, 9), 30),
    DefectRate(K.EXCEEDS_30, 6, (1, 4), 30),
    DefectRate(K.EXCEEDS_MASS, 3, (1, 3), 60),
    DefectRate(K.STOPPAGE, 4, (270, 270)),
    DefectRate(K.EMERGENCY, 1, (30, 30)),
    DefectRate(K.EXCUSED_SILENCE, 2, (120, 360)),
    DefectRate(K.EXCUSED_SENDING, 2, (120, 240)),
    DefectRate(K.BACKFILL, 3, (30, 120)),
    DefectRate(K.SILENCE, 8, (21, 300)),
    DefectRate(K.SHORT_SILENCE, 10, (3, 20)),
    DefectRate(K.CHANNEL_ABSENT, 5, (21, 240)),
    DefectRate(K.CHANNEL_BREAK, 5, (3, 20)),
    DefectRate(K.CHANNEL_FAULT, 3, (30, 240)),
    DefectRate(K.CALIBRATION, 6, (10, 15)),
    DefectRate(K.AUXILIARY_LOST, 2, (30, 120)),
    DefectRate(K.AIR_LEAK, 2, (5, 15)),
    DefectRate(K.STUCK, 3, (120, 360)),
    DefectRate(K.ABSURD, 10, (1, 10)),
)
"""Defects over a span of time, planned apart so that each acts alone."""

MESSAGE_DEFECTS = (
    DefectRate(K.WRONG_CLOCK, 10, (1, 1)),
    DefectRate(K.WRONG_PERIOD, 4, (1, 1)),
    DefectRate(K.DUPLICATE, 20, (1, 1)),
    DefectRate(K.CONFLICT, 8, (1, 1)),
    DefectRate(K.TOO_LATE, 4, (1, 1)),
    DefectRate(K.UNKNOWN_SOURCE, 24, (1, 1)),
    DefectRate(K.UNDECODABLE, 8, (1, 1)),
    DefectRate(K.FOREIGN_SCHEMA, 4, (1, 1)),
)
"""Defects of single messages."""

BYTES_ONLY = frozenset({K.UNDECODABLE, K.FOREIGN_SCHEMA})
"""Defects of message bytes: they exist on a topic, not in a table of readings."""

ABSURDITIES = ("overflow", "negative", "nan", "infinite", "drift")
"""1e34; a tenth of the span below it; NaN; infinity; a zero drift of one percent of the span."""

CLOCKS = ("1970", "2127", "swapped", "behind", "ahead")
"""Epoch, overflow, day and month swapped, five hours behind, five hours ahead (a wrong zone)."""

GARBAGE = ("text", "truncated", "telegram")
"""JSON instead of Avro, a truncated message, a raw HJ 212 telegram."""

SHUTDOWN_MIN, STANDSTILL_MIN, STARTUP_MIN = 40, 170, 60
"""Length of the phases of a stoppage, minutes."""
