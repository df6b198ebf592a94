"""The business identification number (БИН): twelve digits, the last one checks the others."""

from __future__ import annotations

import re

FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
"""Weights of the second attempt, made where the first leaves the remainder 10."""


def check_digit(digits: str) -> int | None:
    """The check digit of the first eleven digits; None where both attempts leave 10.

    Such a number is never issued (Rules of the БИН, weighted sum modulo 11).
    """
    for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS):
        rest = sum(w * int(d) for w, d in zip(weights, digits[:11], strict=True)) % 11
        if rest != 10:
            return rest
    return None


def is_business_number(text: str) -> bool:
    """Whether a text is a БИН whose check digit is right."""
    return bool(re.fullmatch(r"[0-9]{12}", text)) and check_digit(text) == int(text[11])
