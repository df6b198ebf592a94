"""Checks numbers of a registration: finite, and on the right side of zero."""

from __future__ import annotations

import math

from streams.registry.errors import Problem


def check_positive(value: float | None, path: str) -> None:
    """Refuse a number that is not positive; None passes."""
    check_finite(value, path)
    if value is not None and value <= 0:
        raise Problem(path, f"{value:g} is not positive")


def check_not_negative(value: float | None, path: str) -> None:
    """Refuse a negative number; None passes."""
    check_finite(value, path)
    if value is not None and value < 0:
        raise Problem(path, f"{value:g} is negative")


def check_finite(value: float | None, path: str) -> None:
    """Refuse NaN and infinities, which an Avro record may carry."""
    if value is not None and not math.isfinite(value):
        raise Problem(path, f"{value:g} is not a finite number")
