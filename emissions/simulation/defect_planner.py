"""Distribute defects over the fleet and the days, so that none hides the effect of another."""

from __future__ import annotations

from datetime import UTC, datetime

from emissions.simulation.defects import (
    ABSURDITIES,
    BYTES_ONLY,
    CLOCKS,
    GARBAGE,
    LASTING_DEFECTS,
    MESSAGE_DEFECTS,
    Defect,
    DefectKind,
    DefectRate,
)
from emissions.simulation.fake_ids import UNKNOWN_SOURCE
from emissions.simulation.fleet import SENDING_SOURCES, Stack
from emissions.simulation.noise import Draw
from streams.core.time.interval import DAY, HOUR, MINUTE

K = DefectKind

TAKES_TIME = frozenset(
    {
        K.SILENCE,
        K.LONG_SILENCE,
        K.LASTING_SILENCE,
        K.EXCUSED_SILENCE,
        K.EXCUSED_SENDING,
        K.STOPPAGE,
        K.CHANNEL_ABSENT,
        K.CHANNEL_FAULT,
        K.AUXILIARY_LOST,
    }
)
"""Defects that take hours of valid time from a day."""

PAD = 60 * MINUTE  # undisturbed data around a stretch
MESSAGE_PAD = 5 * MINUTE
QUIET_END = 3 * HOUR  # no stretch ends in the last hours: nothing is left half judged
ZONE_ERROR = 5 * HOUR
TRIES = 60


class DefectPlanner:
    """Plan the defects of ``days`` local days from ``start`` (milliseconds UTC).

    ``density`` multiplies the usual number; defects that find no free place are dropped.
    """

    def __init__(
        self, seed: int, stacks: tuple[Stack, ...], start: int, days: int, density: float = 1.0
    ) -> None:
        self._density = density
        self._draw = Draw(seed, "defects")
        self._stacks = [stack for stack in stacks if not stack.test]
        self._start, self._end = start, start + days * DAY
        self._busy: dict[str, list[tuple[int, int]]] = {stack.id: [] for stack in self._stacks}
        self._exceeding: set[tuple[str, int]] = set()
        self._short: set[tuple[str, int]] = set()
        self._plan: list[Defect] = []

    def plan(self, *, with_bytes: bool) -> tuple[Defect, ...]:
        """Plan all defects, in order of start; ``with_bytes`` includes those of message bytes."""
        days = range(self._start, self._end, DAY)
        if len(days) > 1:
            self._long_silences()
        for day in days:
            for _ in range(self._count_long(3)):
                self._day_exceedance(day)
            if day + DAY == self._end:
                for _ in range(self._count_long(2)):
                    self._lasting_silence(day)
            for habit in LASTING_DEFECTS:
                for _ in range(self._count(habit.a_day)):
                    self._stretch(habit, day)
        for day in days:
            for habit in MESSAGE_DEFECTS:
                if with_bytes or habit.kind not in BYTES_ONLY:
                    for _ in range(self._count(habit.a_day)):
                        self._message(habit.kind, day)
        return tuple(sorted(self._plan, key=lambda defect: (defect.start, defect)))

    def _count(self, a_day: int) -> int:
        usual = a_day * len(self._stacks) / SENDING_SOURCES
        return int(usual * self._density + self._draw.real(0, 1))

    def _count_long(self, a_day: int) -> int:
        """Count defects that fill most of a day; they leave most sources to other defects."""
        return min(self._count(a_day), len(self._stacks) // 4)

    def _free(self, source_id: str, start: int, end: int) -> bool:
        return all(end <= begin or start >= until for begin, until in self._busy[source_id])

    def _take(self, defect: Defect, pad: int) -> None:
        for day in range(self._start, defect.end, DAY):
            if defect.start < day + DAY:
                of_day = (defect.source_id, day)
                if defect.level:
                    self._exceeding.add(of_day)
                elif defect.kind in TAKES_TIME:
                    self._short.add(of_day)
        self._busy[defect.source_id].append((defect.start - pad, defect.end + pad))
        self._plan.append(defect)

    def _long_silences(self) -> None:
        for _ in range(self._count_long(2)):
            start = self._start + self._draw.between(6 * 60, 14 * 60) * MINUTE
            self._place(K.LONG_SILENCE, start, start + self._draw.between(1500, 1800) * MINUTE)
        for _ in range(self._count_long(1)):
            start = self._start + self._draw.between(8 * 60, 16 * 60) * MINUTE
            self._place(K.LASTING_SILENCE, start, self._end)

    def _lasting_silence(self, day: int) -> None:
        start = day + self._draw.between(14 * 60, 20 * 60) * MINUTE
        self._place(K.LASTING_SILENCE, start, self._end)

    def _place(self, kind: DefectKind, start: int, end: int) -> None:
        for _ in range(TRIES):
            stack = self._draw.pick(self._stacks)
            if self._free(stack.id, start, end):
                return self._take(Defect(kind, stack.id, start, end), PAD)
        return None

    def _day_exceedance(self, day: int) -> None:
        for _ in range(TRIES):
            stack = self._draw.pick(self._stacks)
            if self._free(stack.id, day, day + DAY):
                parameter, level = _by_concentration(stack, self._draw), self._draw.real(1.2, 1.4)
                found = Defect(K.EXCEEDS_DAY, stack.id, day, day + DAY, parameter, level)
                return self._take(found, 0)
        return None

    def _stretch(self, habit: DefectRate, day: int) -> None:
        last = min(day + DAY - PAD, self._end - QUIET_END)
        for _ in range(TRIES):
            stack = self._draw.pick(self._stacks)
            length = self._draw.between(*habit.minutes) * habit.align * MINUTE
            steps = (last - length - day) // (habit.align * MINUTE)
            first = -(-60 // habit.align)
            start = day + self._draw.between(first, steps) * habit.align * MINUTE
            defect = self._shape(habit.kind, stack, start, start + length)
            if defect is None:
                continue
            until = max(defect.end, defect.delivered_at)
            if self._bears(defect, day) and self._free(stack.id, start - PAD, until + PAD):
                return self._take(defect, PAD)
        return None

    def _bears(self, defect: Defect, day: int) -> bool:
        """Tell whether the daily mean stays below the limit with this defect.

        An exceedance of hours must not meet another one, or a day with too little valid time.
        """
        of_day = (defect.source_id, day)
        if defect.level:
            return of_day not in self._exceeding and of_day not in self._short
        return defect.kind not in TAKES_TIME or of_day not in self._exceeding

    def _shape(self, kind: DefectKind, stack: Stack, start: int, end: int) -> Defect | None:
        """Return the defect with the details of its kind; None if the source cannot show it."""
        draw = self._draw
        defect = Defect(kind, stack.id, start, end)
        parameters = [pollutant.parameter for pollutant in stack.kind.pollutants]
        match kind:
            case K.EXCEEDS_3H | K.EXCEEDS_30:
                parameter = _by_concentration(stack, draw)
                return defect._replace(parameter=parameter, level=draw.real(2.3, 2.45))
            case K.EXCEEDS_MASS:
                parameter = draw.pick(list(stack.mass_limit))
                return defect._replace(parameter=parameter, level=1.5)
            case K.CHANNEL_ABSENT | K.CHANNEL_BREAK | K.CHANNEL_FAULT | K.CALIBRATION | K.STUCK:
                return defect._replace(parameter=draw.pick(parameters))
            case K.ABSURD:
                return defect._replace(
                    parameter=draw.pick(parameters), detail=draw.pick(ABSURDITIES)
                )
            case K.AUXILIARY_LOST:
                return defect._replace(parameter="TEMPERATURE") if needing_heat(stack) else None
            case K.AIR_LEAK:
                return defect if stack.kind.oxygen_reference is not None else None
            case K.BACKFILL:
                return defect._replace(delivered_at=end + draw.between(20, 180) * MINUTE)
        return defect

    def _message(self, kind: DefectKind, day: int) -> None:
        draw = self._draw
        for _ in range(TRIES):
            stack = draw.pick(self._stacks)
            start = day + draw.between(10, 24 * 60 - 15) * MINUTE
            defect = Defect(kind, stack.id, start, start + MINUTE)
            arrival = start + MINUTE + draw.between(20_500, 200_000)
            match kind:
                case K.UNKNOWN_SOURCE:
                    self._plan.append(
                        defect._replace(source_id=UNKNOWN_SOURCE, delivered_at=arrival)
                    )
                    return
                case K.TOO_LATE:
                    old = start - draw.between(73 * 60, 400 * 60) * MINUTE
                    self._plan.append(
                        defect._replace(start=old, end=old + MINUTE, delivered_at=arrival)
                    )
                    return
                case K.UNDECODABLE | K.FOREIGN_SCHEMA:
                    self._plan.append(
                        defect._replace(delivered_at=arrival, detail=draw.pick(GARBAGE))
                    )
                    return
            if not self._free(stack.id, start - MESSAGE_PAD, start + MINUTE + MESSAGE_PAD):
                continue
            if kind is K.WRONG_CLOCK:
                defect = defect._replace(detail=self._clock(stack.id, start))
            else:
                defect = defect._replace(delivered_at=arrival)
            self._take(defect, MESSAGE_PAD)
            return

    def _clock(self, source_id: str, at: int) -> str:
        variety = self._draw.pick(CLOCKS)
        if variety == "swapped" and swapped(at) is None:
            return "1970"
        shown = at - ZONE_ERROR
        if variety == "behind":
            clear = self._free(source_id, shown - MESSAGE_PAD, shown + MESSAGE_PAD)
            if shown < self._start or not clear:
                return "ahead"
            self._busy[source_id].append((shown - MINUTE, shown + 2 * MINUTE))
        return variety


def _by_concentration(stack: Stack, draw: Draw) -> str:
    """Choose a pollutant without a limit in g/s, so that only the concentration is exceeded."""
    return draw.pick([p.parameter for p in stack.kind.pollutants if not p.by_mass])


def needing_heat(stack: Stack) -> tuple[str, ...]:
    """Return the pollutants whose normalisation needs the gas temperature."""
    return tuple(
        pollutant.parameter
        for pollutant in stack.kind.pollutants
        if pollutant.unit == "mg/m3" and pollutant.conditions is None
    )


def swapped(at: int) -> int | None:
    """Return ``at`` with day and month of its local date swapped; None if that is no other date."""
    local = datetime.fromtimestamp((at + ZONE_ERROR) / 1000, UTC)  # the country keeps UTC+5
    try:
        wrong = local.replace(day=local.month, month=local.day)
    except ValueError:
        return None
    if wrong == local:
        return None
    return int(wrong.timestamp() * 1000) - ZONE_ERROR


def shown_time(variety: str, at: int) -> int:
    """Return what a wrong clock shows (milliseconds UTC) at ``at``."""
    match variety:
        case "1970":
            return at % DAY
        case "2127":
            return at + 101 * 365 * DAY
        case "swapped":
            return swapped(at) or at
        case "behind":
            return at - ZONE_ERROR
    return at + ZONE_ERROR
