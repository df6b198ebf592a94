"""What retention the law asks for: a shorter one would destroy evidence, and is refused.

Sources: КоАП РК № 235-V, article 62 (a penalty may be imposed until three years after the act) and
article 61 (repetition is looked for as far back in a large business); Order 208 of 22.06.2021,
points 28 to 30 (measurements are kept for five years), and Decree 861, point 14 (the data bank).
"""

from __future__ import annotations

from typing import Final, NamedTuple

LIMITATION_DAYS: Final = 3 * 365 + 1
"""Three years after the act, КоАП article 62, with a leap day."""

RAW_YEARS: Final = 5
"""Raw measurements, Order 208 of 22.06.2021, points 28 to 30."""

RAW_DAYS: Final = 5 * 365 + 2
OUTAGE_DAYS: Final = 7
"""Days that all workers may be away, beside what late readings and marks reach back."""

_DAY_S: Final = 86_400


class Retention(NamedTuple):
    """How long topics keep their records, in days, and ClickHouse the raw messages, in years.

    ``results`` are gaps, violations, findings, verdicts, cases and roots; 0: without end.
    ``raw_years`` is None where no raw message is kept in ClickHouse.
    """

    readings: int
    means: int
    dead_letters: int
    results: int
    raw_years: int | None

    @property
    def destroys(self) -> tuple[str, str] | None:
        """The part that would lose evidence, and why with the law's place; None: none would."""
        if self.results and self.results < LIMITATION_DAYS:
            return "results", (
                f"must be 0 (without end) or at least {LIMITATION_DAYS} days, not {self.results}: "
                "violations and cases are evidence until three years after the act (КоАП, "
                "article 62)"
            )
        if self.raw_years is not None and self.raw_years < RAW_YEARS:
            return "raw", (
                f"must be at least {RAW_YEARS} years, not {self.raw_years}: measurements are kept "
                "for five years (Order 208 of 22.06.2021, points 28 to 30)"
            )
        if self.raw_years is None and self.readings < RAW_DAYS:
            return "readings", (
                f"must be at least {RAW_DAYS} days, not {self.readings}, where ClickHouse keeps no "
                "raw messages: measurements are kept for five years (Order 208 of 22.06.2021, "
                "points 28 to 30)"
            )
        return None

    def too_short(self, max_lateness_s: int, mark_deadline_s: int) -> tuple[str, str] | None:
        """Return the topic that would lose what workers still need, and why; None: none would."""
        least = -(-(max_lateness_s + mark_deadline_s) // _DAY_S) + OUTAGE_DAYS
        for part in ("readings", "means", "dead_letters"):
            days = getattr(self, part)
            if days < least:
                return part, (
                    f"must be at least {least} days, not {days}: late readings, marks and an "
                    f"outage of {OUTAGE_DAYS} days reach back as far"
                )
        return None
