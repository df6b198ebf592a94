"""What a violation says of its interval beside a mean: the mass too much, and contradictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle import normalise
from tests.oracle.input_reading import Row
from tests.oracle.registry_reading import Source
from tests.oracle.windows import has_mass

GRAMS = 10**6
"""In a tonne."""


@dataclass(frozen=True)
class Evidence:
    """The accepted rows of a source, and the times of which two readings say two things."""

    source: Source
    rows: list[Row]
    conflicts: list[tuple[int, int]]
    masses: dict[str, dict[int, Fraction]] = field(default_factory=dict)
    """By parameter, what each reading with a valid mass flow emitted, in grams."""

    def contradicted(self, start: int, end: int) -> bool:
        """Two readings say two things of a time in the interval, if only of a part of it."""
        return any(begin < end and start < over for begin, over in self.conflicts)

    def excess(
        self, parameter: str, start: int, end: int, value: float, limit: float
    ) -> float | None:
        """Tonnes above the limit: the share of what was emitted, None where no flow is valid."""
        if parameter not in self.masses:
            self.masses[parameter] = dict(self._emitted(parameter))
        parts = [mass for at, mass in self.masses[parameter].items() if start <= at < end]
        if not parts:
            return None
        share = (Fraction(value) - Fraction(limit)) / Fraction(value)
        return float(sum(parts, Fraction(0)) * share / GRAMS)

    def _emitted(self, parameter: str) -> Iterator[tuple[int, Fraction]]:
        for row in self.rows:
            if has_mass(row, self.source, parameter):
                flow = normalise.mass_flow(row, self.source, parameter)
                if flow is not None:
                    yield row.start, Fraction(flow) * row.period
