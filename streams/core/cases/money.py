"""Estimates the fine of a case, each factor kept; a court or an inspector decides.

Under the article that a payment table names, the fine is a part of the payment for the mass above
the limit; others go by the size of the business. The figures are those of the local day on which
the case opens. The sum is rounded once, half up to whole tenge.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from streams.core.cases.mass import Masses
from streams.core.cases.state import Case, Fact
from streams.core.law.payment import PaymentTable, whole_tenge
from streams.core.records.case import FineFactor

NO_FINE: Final = "NO_FINE"
NO_RATE: Final = "NO_RATE"
MASS_INCOMPLETE: Final = "MASS_INCOMPLETE"
NOT_OPEN: Final = "NOT_OPEN"

MOST_KZT: Final = 2**63 - 1
"""What a record can hold. No mass that was emitted costs more, whatever a station has sent."""


class Fine(NamedTuple):
    """A fine in ₸ and what it was computed from, or None and ``missing``: why."""

    kzt: int | None
    missing: str | None
    factors: tuple[FineFactor, ...] = ()


def fine_of(case: Case, latest: Fact, found: Masses, table: PaymentTable, day: date | None) -> Fine:
    """Return the fine of a case that opened on ``day``; ``latest`` tells the subject."""
    if case.track == "INSPECTION" or case.act != "KoAP":
        return Fine(None, NO_FINE)
    if day is None or not case.standing:
        return Fine(None, NOT_OPEN)
    if case.article == table.article:
        return _by_mass(found, table, case.part or "1", day, latest.category)
    amount = table.fixed_fine(case.article, case.part, latest.business_size, day)
    index = table.index_on(day)
    if amount is None or index is None:
        return Fine(None, NO_RATE)
    factor = FineFactor(None, None, None, None, index, None, int(amount / index))
    return Fine(whole_tenge(amount), None, (factor,))


def _by_mass(found: Masses, table: PaymentTable, part: str, day: date, category: int) -> Fine:
    amount, factors = Fraction(0), []
    missing = None if found else MASS_INCOMPLETE
    for parameter, mass in found.items():
        if not mass.complete:
            missing = MASS_INCOMPLETE
        charge = table.charge(parameter, day, category)
        if charge is None:
            missing = missing or NO_RATE
            continue
        tonnes, percent = float(mass.tonnes), table.percent[part]
        amount += charge.amount(tonnes, percent)
        factors.append(
            FineFactor(
                parameter, charge.substance, tonnes, float(charge.rate), charge.index_kzt, percent
            )
        )
    whole = whole_tenge(amount)
    if missing is None and whole > MOST_KZT:
        missing = MASS_INCOMPLETE
    if missing is not None:
        return Fine(None, missing, tuple(factors))
    return Fine(whole, None, tuple(factors))
