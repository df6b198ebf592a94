"""Says how many there are of something, in sentences for people."""

from __future__ import annotations


def counted(count: int, noun: str, several: str | None = None, *, form: str = "") -> str:
    """Return a count with its noun: ``1 day``, ``2 days``.

    ``several`` is the noun of several where an s is not enough (``leaves``); ``form`` formats
    the number, such as ``,`` for thousands.
    """
    return f"{count:{form}} {noun if count == 1 else several or f'{noun}s'}"
