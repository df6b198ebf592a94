"""What a violation says of its interval beside a mean: the mass too much, and contradictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle import clock, normalise
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Source
from tests.oracle.windows import Mean, status_of

GRAMS = 10**6
"""In a tonne."""
SLOT = 10 * clock.MINUTE


@dataclass(frozen=True)
class Evidence:
    """The accepted rows of a source, and the times of which two readings say two things."""

    source: Source
    rows: list[Row]
    conflicts: list[tuple[int, int]]
    masses: dict[str, dict[int, Fraction]] = field(default_factory=dict)
    """By parameter, what each reading with a valid mass flow emitted, in grams."""

    def emitted(self, parameter: str) -> dict[int, Fraction]:
        """Grams by the start of each reading whose mass flow of the parameter is valid."""
        if parameter not in self.masses:
            self.masses[parameter] = {
                row.start: Fraction(flow) * row.period
                for row, flow in normalise.mass_flows(self.rows, self.source, parameter)
            }
        return self.masses[parameter]

    def contradicted(self, start: int, end: int) -> bool:
        """Two readings say two things of a time in the interval, if only of a part of it."""
        return any(begin < end and start < over for begin, over in self.conflicts)

    def disputed(self, start: int, end: int) -> int:
        """Milliseconds of the interval from the first to the last contradiction of slots in a row.

        Slots are ten minutes of the source's clock; a slot without a contradiction parts them.
        """
        zone = self.source.zone
        by_slot: dict[int, list[int]] = {}
        for begin, over in self.conflicts:
            at = begin
            while at < over:
                slot = at - (at + clock.offset(zone, at)) % SLOT
                until = min(over, slot + SLOT)
                by_slot.setdefault(slot, []).extend((at, until))
                at = until
        spans: list[list[int]] = []
        before: int | None = None
        for slot, edges in sorted(by_slot.items()):
            if before is not None and slot - before <= SLOT:
                spans[-1] = [min(spans[-1][0], *edges), max(spans[-1][1], *edges)]
            else:
                spans.append([min(edges), max(edges)])
            before = slot
        return sum(max(0, min(over, end) - max(begin, start)) for begin, over in spans)

    def day_stands(self, day: Mean) -> bool:
        """A day above its limit even if what is disputed were 0 and counted as the highest."""
        disputed, valid = self.disputed(day.start, day.end), day.valid_s * clock.SECOND
        if status_of("day", valid - disputed, day.due_s * clock.SECOND) != "VALID":
            return False
        assert day.limit is not None
        least = day.weighted / day.valid_s - Fraction(day.highest) * disputed / valid
        return least > Fraction(day.limit.value)

    def excess(
        self, parameter: str, start: int, end: int, value: float, limit: float
    ) -> float | None:
        """Tonnes above the limit: the share of what was emitted, None where no flow is valid."""
        parts = [mass for at, mass in self.emitted(parameter).items() if start <= at < end]
        if not parts:
            return None
        share = (Fraction(value) - Fraction(limit)) / Fraction(value)
        return float(sum(parts, Fraction(0)) * share / GRAMS)
