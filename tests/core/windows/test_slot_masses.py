"""Which series of a slot are a mass, and of which parameter."""

from __future__ import annotations

import pytest

from streams.core.windows.slot_masses import mass_series

REPORTS = (("SO2.MASS", "SO2"),)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (("SO2|mg/m3", "SO2|g/s", "FLOW|m3/s"), {"SO2": 1}),
        (("SO2|mg/m3", "SO2|", "CO|g/s"), {"SO2": 1, "CO": 2}),
        (("SO2.MASS|g/s", "SO2|mg/m3"), {"SO2": 0}),
        (("SO2.MASS|g/s", "SO2|g/s"), {"SO2": 1}),
        (("SO2|", "SO2.MASS|g/s"), {"SO2": 0}),
        (("NO2.MASS|g/s",), {"NO2.MASS": 0}),
        (("SO2|mg/m3", "FLOW|m3/s"), {}),
    ],
)
def test_the_computed_mass_flow_goes_before_the_reported_one(
    keys: tuple[str, ...], found: dict[str, int]
) -> None:
    assert dict(mass_series(keys, REPORTS)) == found
