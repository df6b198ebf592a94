"""Define a decoded message of the readings topic: a reading of a source, or a tick."""

from __future__ import annotations

import msgspec

STATES = ("NORMAL", "STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY")
"""Operating states; in any but NORMAL no data are due (EC art. 202 p. 5, 8)."""

FLAGS = ("N", "F", "M", "S", "D", "C", "T", "B")
"""Channel flags of HJ 212-2017 table 8: N normal, F stopped, M maintenance, S manual, D fault,
C calibration, T over range, B communication."""

AUXILIARIES = frozenset(
    {
        "O2",
        "ALPHA",
        "H2O",
        "TEMPERATURE",
        "PRESSURE",
        "BAROMETRIC_PRESSURE",
        "VELOCITY",
        "FLOW",
    }
)
"""Parameters that describe the gas."""

CONSTANTS = (".SLOPE", ".INTERCEPT", ".RANGE")
"""Ends of the names of constants of an analyser that are sent as channels, as ``SO2.SLOPE``."""


def is_auxiliary(parameter: str) -> bool:
    """Tell whether a parameter describes the gas or an analyser; any other is a pollutant."""
    return parameter in AUXILIARIES or parameter.endswith(CONSTANTS)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A measurement of one source, all channels at once.

    It covers ``[measured_at, measured_at + period_s)``. ``values`` maps a parameter to its value in
    the channel's unit (a missing parameter was not sent); ``flags`` holds only the abnormal flags.
    Times are milliseconds UTC.
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
    """A record that carries only its arrival time, so that silence is part of the log."""


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A message that is no reading: a stable reason code and a sentence."""

    reason: str
    detail: str
    source_id: str | None = None
