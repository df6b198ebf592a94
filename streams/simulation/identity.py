"""Made-up identities: numbers that pass every check and belong to nobody on purpose."""

from __future__ import annotations

from streams.registry.business_number import check_digit


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
