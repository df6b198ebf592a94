"""Simulate a nation: the fleet, the plan of its defects, the truth, and everything it sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta, timezone
from typing import NamedTuple

import msgspec

from emissions.simulation import expectations
from emissions.simulation.defect_planner import DefectPlanner
from emissions.simulation.defects import BYTES_ONLY, OWN_SOURCE, Defect, DefectKind
from emissions.simulation.emission import LONGEST_WAY, Emitter, OddReading, RegularReadings
from emissions.simulation.expected_cases import expected_cases
from emissions.simulation.fake_ids import UNKNOWN_SOURCE
from emissions.simulation.fleet import CADENCE_S, build_fleet
from emissions.simulation.stations import STATION_CADENCE_S, StationEmitter, build_stations
from emissions.simulation.tampered_source import (
    TAMPERED_BIN,
    TamperedEmitter,
    build_tampered,
    enterprise_of,
)
from emissions.simulation.truth import Truth
from schemas.reading import Reading
from streams.core.registry.enterprise import Enterprise, Excused
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.core.time.local_clock import midnight, to_datetime

FIRST_DAY = date(2026, 5, 4)
ONE_TIME_SINCE = date(2024, 3, 1)
CHUNK = 2 * HOUR
ROOM_TO_CLOSE = 20 * MINUTE
_STRAY = frozenset({DefectKind.UNKNOWN_SOURCE, DefectKind.TOO_LATE, *BYTES_ONLY})
_EXCUSED = frozenset({DefectKind.EXCUSED_SILENCE, DefectKind.EXCUSED_SENDING})


class NationFigures(NamedTuple):
    """The size of a simulation."""

    obliged: int
    installed: int
    connected: int
    on_roadmap: int
    roadmap_regions: int
    sources: int
    tampered: int  # sources beside them
    days: int
    readings: int  # messages, in whatever state
    defects: dict[str, int]  # kind -> how many


class Nation:
    """Simulate ``enterprises`` obliged enterprises over ``days`` local days.

    ``with_bytes`` includes messages that are no readings, which only a topic can carry; ``density``
    multiplies the usual number of defects; ``stations`` twenty-minute stations stand beside them,
    without any defect, and ``tampered`` sources of each kind of tampering that the days are long
    enough for. Raises ValueError with a sentence for what cannot be simulated.
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
        stations: int = 0,
        tampered: int = 1,
    ) -> None:
        if not 1 <= days <= 366:
            raise ValueError(f"days must be 1 to 366, not {days}")
        if start < ONE_TIME_SINCE:
            raise ValueError(
                f"start must be {ONE_TIME_SINCE} or later (one time zone for the whole "
                f"country since then), not {start}"
            )
        self.seed, self.days = seed, days
        fleet = build_fleet(seed, enterprises, start, days)
        self.stacks = fleet.stacks
        first = midnight("Asia/Almaty", start)
        self.tampered = tuple(
            build_tampered(seed, tampered, first, start, days, with_bytes=with_bytes)
        )
        self.stations = tuple(build_stations(seed, enterprises + 1, stations, start, days))
        self.start = first
        """Start of the first local day; registrations arrive at this time, milliseconds UTC."""
        self.end = self.start + days * DAY
        self.until = self.end + LONGEST_WAY + ROOM_TO_CLOSE
        """Where stream time must end: every window closed, and no false silence."""
        planner = DefectPlanner(seed, fleet.stacks, self.start, days, density)
        planned = planner.plan(with_bytes=with_bytes)
        own = [defect for each in self.tampered for defect in each.defects]
        self.defects = tuple(sorted([*planned, *own], key=lambda each: (each.start, each)))
        self.enterprises = (
            *_with_excused(fleet.enterprises, planned),
            *([enterprise_of(self.tampered, start)] if self.tampered else []),
            *(station.enterprise for station in self.stations),
        )
        truths = tuple(self._truth())
        self.truth = (*truths, *expected_cases(truths, self.until))

    def emitters(self) -> list[Emitter]:
        """Return one emitter per source that sends, in the order of the fleet."""
        of_source: dict[str, list[Defect]] = {stack.id: [] for stack in self.stacks}
        for defect in self.defects:
            if defect.kind not in _STRAY and defect.kind not in OWN_SOURCE:
                of_source[defect.source_id].append(defect)
        return [
            *(Emitter(self.seed, stack, of_source[stack.id]) for stack in self.stacks),
            *(TamperedEmitter(self.seed, each) for each in self.tampered),
            *(StationEmitter(self.seed, station) for station in self.stations),
        ]

    def chunks(
        self, since: int | None = None
    ) -> Iterator[tuple[int, list[tuple[Emitter, RegularReadings, list[OddReading]]]]]:
        """Yield for each span of time its end and what every source measured in it.

        Spans that are over at ``since`` (milliseconds UTC) are left out.
        """
        emitters = self.emitters()
        for begin in range(self.start, self.end, CHUNK):
            if since is not None and begin + CHUNK <= since:
                continue
            end = min(begin + CHUNK, self.end)
            yield end, [(emitter, *emitter.chunk(begin, end)) for emitter in emitters]

    def strays(self) -> list[tuple[Defect, OddReading]]:
        """Yield messages outside the plan of a source, with the reading each carries or spoils."""
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
                strays.append((defect, OddReading(defect.delivered_at, reading)))
            else:
                strays.append((defect, emitters[defect.source_id].late(defect)))
        return strays

    def parameters(self) -> tuple[str, ...]:
        """Return every parameter of the fleet, pollutants first, for the header of a table."""
        names = [name for emitter in self.emitters() for name in reversed(emitter.parameters)]
        return tuple(reversed(dict.fromkeys(names)))

    def summary(self) -> NationFigures:
        """Return what was simulated, in figures."""
        beside = {station.enterprise.bin for station in self.stations} | {TAMPERED_BIN}
        obliged = [each for each in self.enterprises if not each.test and each.bin not in beside]
        roadmaps = [enterprise for enterprise in obliged if enterprise.roadmap]
        kinds = Counter(defect.kind.value for defect in self.defects)
        return NationFigures(
            obliged=len(obliged),
            installed=sum(bool(enterprise.asm.installed_on) for enterprise in obliged),
            connected=sum(bool(enterprise.asm.connected_on) for enterprise in obliged),
            on_roadmap=len(roadmaps),
            roadmap_regions=len({enterprise.region for enterprise in roadmaps}),
            sources=sum(not stack.test for stack in self.stacks) + len(self.stations),
            tampered=len(self.tampered),
            days=self.days,
            readings=self._messages(),
            defects=dict(sorted(kinds.items())),
        )

    def _messages(self) -> int:
        count = (len(self.stacks) + len(self.tampered)) * (self.end - self.start) // MINUTE
        count += len(self.stations) * (self.end - self.start) // (STATION_CADENCE_S * 1000)
        for defect in self.defects:
            if defect.kind in _STRAY or defect.kind in (DefectKind.DUPLICATE, DefectKind.CONFLICT):
                count += 1
            elif defect.kind.value.endswith("silence"):
                count -= defect.minutes
        return count

    def _truth(self) -> Iterator[Truth]:
        yield from expectations.of_enterprises(self.enterprises)
        stacks = {stack.id: stack for stack in self.stacks}
        stacks |= {each.stack.id: each.stack for each in self.tampered}
        for stack in self.stacks:
            if stack.test:
                yield from expectations.of_test_stream(stack, self.start, self.end)
        for defect in self.defects:
            stack_of_it = stacks.get(defect.source_id)
            yield from expectations.of_defect(defect, stack_of_it, self.start, self.end)


def _with_excused(
    enterprises: tuple[Enterprise, ...], defects: tuple[Defect, ...]
) -> tuple[Enterprise, ...]:
    """Return the enterprises with the planned maintenance of their sources registered."""
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
