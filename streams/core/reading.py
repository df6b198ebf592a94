"""One message of the readings topic, decoded: a reading of a source, or a tick of the clock."""

from __future__ import annotations

import msgspec

STATES = ("NORMAL", "STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY")
"""Operating states; anything but NORMAL takes due time away (EC art. 202 p. 5, 8)."""

FLAGS = ("N", "F", "M", "S", "D", "C", "T", "B")
"""Channel flags of HJ 212-2017 table 8: N normal, F stopped, M maintenance, S manual, D fault,
C calibration, T over range, B communication."""

AUXILIARIES = frozenset({"O2", "H2O", "TEMPERATURE", "PRESSURE", "VELOCITY", "FLOW"})
"""Parameters that describe the gas rather than pollute; every other parameter is a pollutant."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One source over ``[measured_at, measured_at + period_s)``, all its channels at once.

    ``values`` maps a parameter to its value in the channel's unit (a parameter that is missing
    was not sent); ``flags`` holds only the abnormal flags. Times are milliseconds UTC.
    """

    source_id: str
    measured_at: int
    period_s: int
    state: str
    device_serial: str | None
    values: dict[str, float]
    flags: dict[str, str]

    @property
    def ends_at(self) -> int:
        """End of the interval, milliseconds UTC."""
        return self.measured_at + self.period_s * 1000


class Tick(msgspec.Struct, frozen=True, gc=False):
    """A record that carries nothing but its arrival time, so that silence is part of the log."""


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A message that is no reading: a stable reason code and a sentence for a person."""

    reason: str
    detail: str
    source_id: str | None = None
