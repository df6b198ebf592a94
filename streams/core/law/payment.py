"""What an excess costs: payment rates, the monthly calculation index and fines, dated.

The figures are data: ``streams/rules/<country>/payment.yaml``, each with its source. Sums are
exact fractions of a tenge, and rounded once, by whoever has added them up (`whole_tenge`). An
estimate, and to be called so: a court or an inspector decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The monthly calculation index (МРП), ₸, from a day on."""

    valid_from: date
    kzt: int
    source: str


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payment rates in МРП a tonne, by substance, from a day on and before another (None: open)."""

    valid_from: date
    per_tonne: dict[str, Decimal]
    source: str
    valid_to: date | None = None


class Increase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rates of a category are multiplied by ``factor`` from a day on."""

    valid_from: date
    category: int
    factor: int
    source: str


class FixedFine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fine in МРП by the size of the business; ``part`` None: the article has no parts."""

    article: str
    small: int
    medium: int
    large: int
    source: str
    part: str | None = None


class Charge(NamedTuple):
    """What a tonne of a substance costs: МРП a tonne, and the МРП in ₸.

    ``substance`` is None where the law names none for it, and has one rate for all of those.
    """

    substance: str | None
    rate: Fraction
    index_kzt: int

    def amount(self, tonnes: float, percent: int) -> Fraction:
        """Return ``percent`` of the payment for a mass, ₸: exact."""
        return Fraction(tonnes) * self.rate * self.index_kzt * percent / 100


class PaymentTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All figures that a fine is computed from.

    ``substances`` tells the substance of a parameter (None: the law names none, ``unnamed`` is its
    rate, МРП a tonne); ``percent`` what part of the payment a part of ``article`` takes.
    """

    article: str
    percent: dict[str, int]
    index: tuple[Index, ...]
    rates: tuple[Rates, ...]
    increases: tuple[Increase, ...]
    substances: dict[str, str | None]
    unnamed: Decimal
    fixed: tuple[FixedFine, ...]

    def __post_init__(self) -> None:
        """Refuse a substance that no rates name."""
        for parameter, substance in self.substances.items():
            for rates in self.rates:
                if substance is not None and substance not in rates.per_tonne:
                    raise ValueError(
                        f"the rates from {rates.valid_from} do not name {substance} ({parameter})"
                    )

    def index_on(self, day: date) -> int | None:
        """Return the МРП of a day, ₸; None before the first that is known."""
        known = [each for each in self.index if each.valid_from <= day]
        return max(known, key=lambda each: each.valid_from).kzt if known else None

    def charge(self, parameter: str, day: date, category: int) -> Charge | None:
        """Return what a tonne of a parameter costs on a day; None where no rate is known."""
        index = self.index_on(day)
        rates = _in_force(self.rates, day)
        if index is None or rates is None or parameter not in self.substances:
            return None
        substance = self.substances[parameter]
        rate = Fraction(self.unnamed if substance is None else rates.per_tonne[substance])
        factors = [
            each.factor
            for each in self.increases
            if each.category == category and each.valid_from <= day
        ]
        return Charge(substance, rate * max(factors, default=1), index)

    def fixed_fine(
        self, article: str, part: str | None, business_size: str, day: date
    ) -> Fraction | None:
        """Return the fine of an article that goes by the size of the business, ₸."""
        index = self.index_on(day)
        for each in self.fixed:
            if index is not None and (each.article, each.part) == (article, part):
                times = {"small": each.small, "medium": each.medium, "large": each.large}
                found = times.get(business_size)
                return None if found is None else Fraction(found * index)
        return None


def whole_tenge(amount: Fraction) -> int:
    """Round half up to whole tenge."""
    return int((2 * amount + 1) // 2)


def _in_force(rates: Iterable[Rates], day: date) -> Rates | None:
    for each in rates:
        if each.valid_from <= day and (each.valid_to is None or day < each.valid_to):
            return each
    return None
