"""Situations of publication by chance, with dates close enough to each other to meet."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from emissions.publication import (
    AUTHORITY,
    PUBLIC,
    CaseFacts,
    CaseMeasure,
    Delivery,
    Names,
    PublicationPolicy,
    Record,
    RecordKind,
    Viewer,
    inspector,
    operator,
)
from streams.core.registry.measure import MEASURES

TODAY = date(2026, 6, 15)
BINS = ("990140001233", "990140001243", "")
REGIONS = ("KZ-55", "KZ-10", "")
KINDS = tuple(RecordKind)
STATES = ("OPEN", "OPEN", "OPEN", "OPEN", "CLOSED", "CLOSED", "REVIEW", "DEFERRED", "WITHDRAWN")
TRACKS = ("PRESCRIPTION", "PRESCRIPTION", "COURT", "INSPECTION")
NAMES = (*Names, Names.AFTER_APPEAL)
LIKELY = ("DELIVERED", "DELIVERED", "DELIVERED", "SENT", "FINE", "DECIDED", *MEASURES)


def day(chance: Random) -> date:
    """A day within six weeks of today, mostly before it."""
    return TODAY + timedelta(chance.randrange(-45, 5))


def delivery(chance: Random) -> Delivery:
    on = day(chance)
    return Delivery(on, on + timedelta(chance.randrange(10, 17)), on + timedelta(21))


def measure(chance: Random) -> CaseMeasure:
    kind = chance.choice(LIKELY)
    return CaseMeasure(
        kind,
        day(chance) if chance.random() < 0.8 else None,
        day(chance) if chance.random() < 0.06 else None,
        chance.choice((None, 0, 43_250)),
        delivery(chance) if kind == "DELIVERED" else None,
    )


def case(chance: Random, bin_: str = "") -> CaseFacts:
    return CaseFacts(
        chance.choice(STATES),
        chance.choice(TRACKS),
        "KoAP" if chance.random() < 0.9 else "ORDER-208",
        bin_,
        day(chance) if chance.random() < 0.5 else None,
        tuple(measure(chance) for _ in range(chance.randrange(5))),
    )


def record(chance: Random, kind: RecordKind | None = None) -> Record:
    bin_ = chance.choice(BINS)
    return Record(
        kind or chance.choice(KINDS),
        bin_,
        chance.choice(REGIONS),
        chance.random() < 0.05,
        chance.random() < 0.5,
        chance.random() < 0.1,
        tuple(case(chance, _against(chance, bin_)) for _ in range(chance.choice((0, 1, 1, 1, 2)))),
    )


def _against(chance: Random, bin_: str) -> str:
    """Whom a case of a record is against: mostly whose the record is."""
    return bin_ if chance.random() < 0.9 else chance.choice(BINS)


def policy(chance: Random) -> PublicationPolicy:
    return PublicationPolicy(chance.choice(NAMES), chance.random() < 0.05)


VIEWERS = (
    PUBLIC,
    operator(BINS[:1]),
    operator(BINS[1:2]),
    operator(BINS[:2]),
    inspector(REGIONS[:1]),
    inspector(REGIONS[:2]),
    inspector(nation=True),
    AUTHORITY,
)


def has_no_more_rights(viewer: Viewer, than: Viewer) -> bool:
    """Whether everything that one may see is what another may see by their rights alone."""
    if viewer.role == "PUBLIC" or than.role == "AUTHORITY":
        return True
    if viewer.role != than.role:
        return False
    if viewer.role == "OPERATOR":
        return viewer.bins <= than.bins
    return than.nation or (not viewer.nation and viewer.regions <= than.regions)


PAIRS = tuple(
    (VIEWERS.index(less), VIEWERS.index(more))
    for less in VIEWERS
    for more in VIEWERS
    if less != more and has_no_more_rights(less, more)
)
