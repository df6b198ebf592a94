"""Mass flows that a station reports itself, in g/s, beside what it measures (Order 208, n. 13).

A channel in g/s names in ``reports`` the parameter whose flow it is; without it, it is its own. It
stands in for the computed mass flow where the registry has no concentration of that parameter or
no flow of the gas: decided by the registry, never reading by reading.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.reading import is_auxiliary
from streams.core.normalisation.gas import NO_FLOW
from streams.core.records.bounded_names import is_parameter
from streams.core.registry.enterprise import Channel

MASS_FLOW = "g/s"

CONCENTRATION_UNITS = ("mg/m3", "ppm")
"""Units of a pollutant's channel from which a concentration and a mass flow are computed."""


def is_reported(channel: Channel) -> bool:
    """Tell whether a channel is a reported mass flow."""
    return channel.unit == MASS_FLOW and not is_auxiliary(channel.parameter)


def reporters(channels: Mapping[str, Channel]) -> dict[str, str]:
    """Return the channel of the reported mass flow of each parameter that has one.

    Of two the first by name: a file with two is refused.
    """
    found: dict[str, str] = {}
    for name in sorted(channels):
        channel = channels[name]
        if is_reported(channel) and is_parameter(of := channel.reports or name):
            found.setdefault(of, name)
    return found


def stands_in(
    parameter: str, channels: Mapping[str, Channel], reported: Mapping[str, str], flow: str
) -> bool:
    """Tell whether the reported mass flow of a parameter is the one that is judged.

    ``reported`` as `reporters` returns it; ``flow``: what gas the measured flow is of, or
    `NO_FLOW`.
    """
    if parameter not in reported:
        return False
    measured = channels.get(parameter)
    return flow == NO_FLOW or measured is None or measured.unit not in CONCENTRATION_UNITS
