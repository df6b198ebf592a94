"""A simulated nation: the fleet, the plan of its defects, the truth, and everything it sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta, timezone
from typing import NamedTuple

import msgspec

from streams.core.calendar import DAY, HOUR, MINUTE, midnight, to_datetime
from streams.core.reading import Reading
from streams.core.registration import Enterprise, Excused
from streams.simulation import expectations
from streams.simulation.defects import BYTES_ONLY, Defect, DefectKind
from streams.simulation.emission import LONGEST_WAY, Emitter, Odd, Regular
from streams.simulation.fleet import CADENCE_S, build_fleet
from streams.simulation.identity import UNKNOWN_SOURCE
from streams.simulation.plan import Planner
from streams.simulation.truth import Truth

FIRST_DAY = date(2026, 5, 4)
ONE_TIME_SINCE = date(2024, 3, 1)
CHUNK = 2 * HOUR
ROOM_TO_CLOSE = 20 * MINUTE
_STRAY = frozenset({DefectKind.UNKNOWN_SOURCE, DefectKind.TOO_LATE, *BYTES_ONLY})
_EXCUSED = frozenset({DefectKind.EXCUSED_SILENCE, DefectKind.EXCUSED_SENDING})


class Summary(NamedTuple):
    """What was simulated, in figures."""

    obliged: int
    installed: int
    connected: int
    on_roadmap: int
    roadmap_regions: int
    sources: int
    days: int
    readings: int  # messages, in whatever state
    defects: dict[str, int]  # kind -> how many


class Nation:
    """The simulation of ``enterprises`` obliged enterprises over ``days`` local days.

    ``with_bytes`` also plans messages that are no readings, which only a topic can carry;
    ``density`` is how many times as many defects as usual.
    Raises ValueError with a sentence for what cannot be simulated.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        enterprises: int = 91,
        days: int = 1,
        start: date = FIRST_DAY,
        with_bytes: bool = True,
        density: float = 1.0,
    ) -> None:
        if not 1 <= days <= 366:
            raise ValueError(f"1 to 366 days can be simulated, {days} were asked for")
        if start < ONE_TIME_SINCE:
            raise ValueError(
                f"the simulation starts on {ONE_TIME_SINCE} or later (the whole country keeps "
                f"one time since then), {start} was asked for"
            )
        self.seed, self.days = seed, days
        fleet = build_fleet(seed, enterprises, start, days)
        self.stacks = fleet.stacks
        self.start = midnight("Asia/Almaty", start)
        """Start of the first local day; registrations arrive at this time, milliseconds UTC."""
        self.end = self.start + days * DAY
        self.until = self.end + LONGEST_WAY + ROOM_TO_CLOSE
        """Where stream time has to end: every window closed, no silence that is not one."""
        planner = Planner(seed, fleet.stacks, self.start, days, density)
        self.defects = planner.plan(with_bytes=with_bytes)
        self.enterprises = _with_excused(fleet.enterprises, self.defects)
        self.truth = tuple(self._truth())

    def emitters(self) -> list[Emitter]:
        """One for each source that sends, in the order of the fleet."""
        of_source: dict[str, list[Defect]] = {stack.id: [] for stack in self.stacks}
        for defect in self.defects:
            if defect.kind not in _STRAY:
                of_source[defect.source_id].append(defect)
        return [Emitter(self.seed, stack, of_source[stack.id]) for stack in self.stacks]

    def chunks(self) -> Iterator[tuple[int, list[tuple[Emitter, Regular, list[Odd]]]]]:
        """For each stretch of time its end and what every source measured in it."""
        emitters = self.emitters()
        for begin in range(self.start, self.end, CHUNK):
            end = min(begin + CHUNK, self.end)
            yield end, [(emitter, *emitter.chunk(begin, end)) for emitter in emitters]

    def strays(self) -> list[tuple[Defect, Odd]]:
        """Messages outside the plan of any source, each with the reading it carries or spoils."""
        emitters = {emitter.stack.id: emitter for emitter in self.emitters()}
        strays = []
        for defect in self.defects:
            if defect.kind not in _STRAY:
                continue
            if defect.kind is DefectKind.UNKNOWN_SOURCE:
                values = {"SO2": 120.0, "O2": 7.2}
                reading = Reading(
                    UNKNOWN_SOURCE, defect.start, CADENCE_S, "NORMAL", None, values, {}
                )
                strays.append((defect, Odd(defect.delivered_at, reading)))
            else:
                strays.append((defect, emitters[defect.source_id].late(defect)))
        return strays

    def parameters(self) -> tuple[str, ...]:
        """Every parameter of the fleet, pollutants first, for the header of a table."""
        names = [name for emitter in self.emitters() for name in reversed(emitter.parameters)]
        return tuple(reversed(dict.fromkeys(names)))

    def summary(self) -> Summary:
        """What was simulated, in figures."""
        obliged = [enterprise for enterprise in self.enterprises if not enterprise.test]
        roadmaps = [enterprise for enterprise in obliged if enterprise.roadmap]
        kinds = Counter(defect.kind.value for defect in self.defects)
        return Summary(
            obliged=len(obliged),
            installed=sum(bool(enterprise.asm.installed_on) for enterprise in obliged),
            connected=sum(bool(enterprise.asm.connected_on) for enterprise in obliged),
            on_roadmap=len(roadmaps),
            roadmap_regions=len({enterprise.region for enterprise in roadmaps}),
            sources=sum(not stack.test for stack in self.stacks),
            days=self.days,
            readings=self._messages(),
            defects=dict(sorted(kinds.items())),
        )

    def _messages(self) -> int:
        count = len(self.stacks) * (self.end - self.start) // MINUTE
        for defect in self.defects:
            if defect.kind in _STRAY or defect.kind in (DefectKind.DUPLICATE, DefectKind.CONFLICT):
                count += 1
            elif defect.kind.value.endswith("silence"):
                count -= defect.minutes
        return count

    def _truth(self) -> Iterator[Truth]:
        yield from expectations.of_enterprises(self.enterprises)
        stacks = {stack.id: stack for stack in self.stacks}
        for stack in self.stacks:
            if stack.test:
                yield from expectations.of_test_stream(stack, self.start, self.end)
        for defect in self.defects:
            stack_of_it = stacks.get(defect.source_id)
            yield from expectations.of_defect(defect, stack_of_it, self.start, self.end)


def _with_excused(
    enterprises: tuple[Enterprise, ...], defects: tuple[Defect, ...]
) -> tuple[Enterprise, ...]:
    """The enterprises with the planned maintenance of their sources in the registration."""
    periods: dict[str, list[Excused]] = {}
    for defect in defects:
        if defect.kind in _EXCUSED:
            period = Excused(
                _written(defect.start),
                _written(defect.end),
                "PLANNED_MAINTENANCE",
                _written(defect.start - 10 * DAY),
            )
            periods.setdefault(defect.source_id, []).append(period)
    replace = msgspec.structs.replace
    return tuple(
        replace(
            enterprise,
            sources=tuple(
                replace(source, excused=tuple(periods.get(source.id, ())))
                for source in enterprise.sources
            ),
        )
        for enterprise in enterprises
    )


def _written(instant: int) -> str:
    return to_datetime(instant).astimezone(timezone(timedelta(hours=5))).isoformat()
