"""Small inputs with results computed by hand, one sentence of the specification each."""

from tests.oracle.cases import (
    day,
    duties,
    extremes,
    gaps,
    input_order,
    mass,
    normalisation,
    notices,
    order_day,
    outages,
    rules,
    stations,
    verification,
    windows,
    year,
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
    *order_day.CASES,
    *verification.CASES,
    *year.CASES,
    *duties.CASES,
    *input_order.CASES,
    *extremes.CASES,
    *stations.CASES,
    *notices.OUTAGES,
    *notices.MARKS,
)
