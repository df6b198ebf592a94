"""Two days of a plant whose first part an earlier version judged: its state is kept as bytes."""

from __future__ import annotations

from streams.core.time.interval import HOUR
from tests.core.examples import PERIOD, Log, local, reading

START = local("2026-05-04")
LATE = 20
"""Number of the reading that comes a day late."""


def log() -> Log:
    """Exceedances of a day and of hours, silence of 27 hours, a late and a contradicted reading."""
    log = Log()
    for number in range(2 * 144 + 100):
        at = START + number * PERIOD
        if number == LATE or 170 <= number < 332:
            continue
        value = 1100.0 if 130 <= number < 160 else 560.0
        log.add(reading(at, values={"SO2": value}))
        if number == 148:  # contradicts one that the earlier version judged
            other = reading(START + 140 * PERIOD, values={"SO2": 90.0})
            log.add(other, at + PERIOD + 1)
        if number == 164:
            late = reading(START + LATE * PERIOD, values={"SO2": 700.0})
            log.add(late, at + PERIOD + 1)
    return log.tick(START + 67 * HOUR)


def taken_at() -> int:
    """Return how many records the earlier version judged: until amid the exceedance of hours."""
    cut = START + 145 * PERIOD
    return next(n for n, each in enumerate(log().records) if each.timestamp >= cut)
