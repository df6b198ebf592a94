"""Sums doubles without rounding, so that no order of arrival can change a mean.

A sum is kept as a short list of doubles whose exact total it is (Shewchuk's partials); only the
published quotient is rounded, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import fsum

MAX_PARTIALS = 4
"""Partials up to this many are cheaper to carry than to merge."""


def compact(parts: list[float]) -> list[float]:
    """Reduce partials to as few doubles with the same exact sum (usually one or two)."""
    if len(parts) <= MAX_PARTIALS:
        return parts
    kept: list[float] = []
    rest = list(parts)
    try:
        while (top := fsum(rest)) != 0.0:
            kept.append(top)
            rest.append(-top)
    except OverflowError:  # beyond the doubles: the exact quotient below still is not
        return parts
    return kept


def exact_total(parts: Iterable[float]) -> Fraction:
    """Return the exact sum of partials."""
    return sum((Fraction(part) for part in compact(list(parts))), Fraction())


def quotient(parts: list[float], count: int) -> float:
    """Divide the exact sum by ``count`` (not 0), rounded once."""
    try:
        top = fsum(parts)
        rest = fsum([*parts, -top])
    except OverflowError:
        number, part = exact_total(parts).as_integer_ratio()
        return number / (part * count)
    number, part = top.as_integer_ratio()
    if rest:
        if fsum([*parts, -top, -rest]):  # more than two doubles hold: rare, and worth the time
            number, part = exact_total(parts).as_integer_ratio()
        else:
            low, low_part = rest.as_integer_ratio()
            number, part = number * low_part + low * part, part * low_part
    return number / (part * count)


def weighted_mean(groups: list[tuple[int, list[float], int]]) -> float | None:
    """Compute ``sum(w * sum(v)) / sum(w * n)`` over (weight, values, count); None if empty."""
    if len(groups) == 1:
        _, parts, count = groups[0]
        return quotient(parts, count) if count else None
    groups = [group for group in groups if group[2]]
    if not groups:
        return None
    above = sum((weight * exact_total(parts) for weight, parts, _ in groups), Fraction())
    below = sum(weight * count for weight, _, count in groups)
    number, part = above.as_integer_ratio()
    return number / (part * below)
