"""Generate identities that pass every check and belong to nobody."""

from __future__ import annotations

from streams.rules.country import home


def fake_bin(number: int) -> str:
    """Return the ``number``-th made-up БИН, 12 digits with a valid control digit.

    Registered in December 1999 (9912), a resident legal person (4), its head office (0), serial
    numbers from 70000 up.
    """
    if not 0 <= number < 3000:
        raise ValueError(f"number must be 0 to 2999, not {number}")
    rule = home().identity.check
    for serial in range(70_000 + number * 10, 70_000 + number * 10 + 10):
        digits = f"991240{serial:05d}"
        check = None if rule is None else rule.of(digits)
        if check is not None:
            return digits + str(check)
    raise AssertionError("ten serial numbers in a row without a control digit")


def fake_source_id(enterprise: int, source: int) -> str:
    """Return the id of the ``source``-th stack of the ``enterprise``-th enterprise, both from 1."""
    return f"KZ-{enterprise:04d}-{source:02d}"


UNKNOWN_SOURCE = "KZ-9999-01"
"""A source that sends but is not registered."""
