"""What a detector is: it keeps a little of each day, and says of a day what is suspicious in it.

A detector never sees a reading. Of each local day it keeps a `Feature`, computed from the day's
columns alone; what it finds in a day is a pure function of the features of that day and of days
before it. So late readings change what is found as if they had been in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from streams.core.detection.day import DayColumns

F = TypeVar("F")


class Hit(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Something suspicious in ``[start, end)`` (ms): its number, and what it was compared with.

    ``parameter`` None: it is about the source. ``note`` is what else the sentence needs.
    """

    parameter: str | None
    start: int
    end: int
    value: float
    threshold: float
    note: str = ""


class Past(NamedTuple, Generic[F]):
    """A day's feature, as it is remembered."""

    start: int
    end: int
    feature: F


class Known(NamedTuple, Generic[F]):
    """The days before one that are remembered, in order.

    ``settled`` are those among them that no reading could change any more when the day began:
    what is usual is learned of these.
    """

    before: Sequence[Past[F]]
    settled: Sequence[Past[F]]


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How findings of a kind are named: titles by language, statistic and unit, source."""

    code: str
    titles: dict[str, str]  # ru, kk, en
    statistic: str
    unit: str
    source: str
    basis: str = ""
    track: str = ""


class Detector(Protocol[F]):
    """One pattern. ``feature`` is the type of what it keeps of a day, for ``days`` days.

    Hits of one parameter that overlap, or are less than ``merge`` ms apart, are one finding;
    ``separate``: each is one by itself.
    """

    wording: Wording
    feature: type[F]
    days: int
    merge: int
    separate: bool

    def of_day(self, day: DayColumns) -> F | None:
        """Compute what is kept of a day; None: nothing of it matters."""

    def hits(self, today: Past[F], known: Known[F]) -> list[Hit]:
        """Judge a day by the days before it."""

    def sentence(self, hit: Hit) -> str:
        """Say in English what an inspector must look at."""


AnyDetector = Detector[Any]
