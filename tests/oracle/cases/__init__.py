"""Small inputs with results computed by hand, one sentence of the specification each."""

from tests.oracle.cases import (
    day,
    duties,
    extremes,
    gaps,
    input_order,
    mass,
    normalisation,
    outages,
    rules,
    windows,
)
from tests.oracle.cases.case import Case

ALL: tuple[Case, ...] = (
    *normalisation.CASES,
    *windows.CASES,
    *gaps.CASES,
    *rules.CASES,
    *mass.CASES,
    *outages.CASES,
    *day.CASES,
    *duties.CASES,
    *input_order.CASES,
    *extremes.CASES,
)
