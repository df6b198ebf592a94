"""Made-up identities: numbers that pass every check and belong to nobody on purpose."""

from __future__ import annotations

_FIRST_PASS = range(1, 12)
_SECOND_PASS = (*range(3, 12), 1, 2)


def check_digit(digits: str) -> int | None:
    """The control digit of the first eleven digits of a БИН; None where no БИН can have them."""
    for weights in (_FIRST_PASS, _SECOND_PASS):
        pairs = zip(weights, digits, strict=True)
        rest: int = sum(weight * int(digit) for weight, digit in pairs) % 11
        if rest < 10:
            return rest
    return None


def made_up_bin(number: int) -> str:
    """The ``number``-th made-up БИН, 12 digits with a valid control digit.

    Registered in December 1999 (9912), a resident legal person (4), its head office (0), serial
    numbers from 70000 up.
    """
    if not 0 <= number < 3000:
        raise ValueError(f"only 3000 enterprises can be made up, number {number} was asked for")
    for serial in range(70_000 + number * 10, 70_000 + number * 10 + 10):
        digits = f"991240{serial:05d}"
        check = check_digit(digits)
        if check is not None:
            return digits + str(check)
    raise AssertionError("ten serial numbers in a row without a control digit")


def source_id(enterprise: int, source: int) -> str:
    """Identity of the ``source``-th stack of the ``enterprise``-th enterprise, both from 1."""
    return f"KZ-{enterprise:04d}-{source:02d}"


UNKNOWN_SOURCE = "KZ-9999-01"
"""A source that sends but stands in no registration."""
