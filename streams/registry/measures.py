"""Reads, checks and converts measures of officials: the YAML file, and the record of the topic."""

from __future__ import annotations

import re
from collections.abc import Mapping as Owners
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.core.law.country import Country
from streams.core.registry.measure import (
    DECIDED,
    DELIVERED,
    FINE,
    MEASURES,
    REVIEWED,
    Measure,
)
from streams.core.time.interval import LATEST_ARRIVAL, MINUTE
from streams.core.time.local_clock import clock
from streams.registry.errors import Problem, RegistryError
from streams.registry.moments import check_moment
from streams.registry.typed import build, convert
from streams.registry.yaml_file import read_yaml
from streams.registry.yaml_tree import Mapping, Node, Sequence
from streams.rules.country import home

RECORD: Final = "Measure"
ACTS: Final = ("KoAP", "ORDER-208")
_IDENTITY: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_CASE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ARTICLE: Final = re.compile(r"[0-9]{1,4}(-[0-9]{1,2})?( \([0-9]{1,2}\))?")
_PART: Final = re.compile(r"[0-9]{1,2}(-[0-9]{1,2})?")
_LONGEST_TEXT: Final = 4_000
_MOST_KZT: Final = 10**15
_AHEAD: Final = 5 * MINUTE
_DOCUMENT: Final = "measure"
_BY_MASS: Final = "328"
_DAYS: Final = ("imposed_on", "executed_on", "overturned_on")


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A measure as a file has it: moments as text, and the arrival that a replay gives it."""

    id: str
    kind: str
    bin: str
    case_id: str | None = None
    source_id: str | None = None
    act: str = "KoAP"
    article: str | None = None
    part: str | None = None
    imposed_on: date | None = None
    executed_on: date | None = None
    overturned_on: date | None = None
    delivered_at: str | None = None
    amount_kzt: int | None = None
    reference: str = ""
    closes: bool = False
    arrived_at: str | None = None


class DatedMeasure(msgspec.Struct, frozen=True):
    """A measure of a file, and its arrival (ms UTC) where a replay is to give it one."""

    measure: Measure
    arrived_at: int | None


def load_measures(
    path: str | Path,
    country: Country | None = None,
    *,
    now: int,
    dated: bool = False,
    owners: Owners[str, str] | None = None,
) -> tuple[DatedMeasure, ...]:
    """Return every measure of a file, in its order; with ``dated`` each has its arrival.

    ``owners`` tells the БИН of each registered source: a measure on another's source is refused.
    Without ``dated`` an arrival is refused, since the broker stamps it, and nothing may be told of
    what is later than ``now`` (ms UTC). Raises RegistryError, whose text is one sentence with the
    file, the line, the path inside the document (``measures[3].imposed_on``) and what is wrong.
    """
    return read_yaml(
        path, lambda root: _measures(root, country or home(), now, owners or {}, dated=dated)
    )


def _measures(
    root: Node, country: Country, now: int, owners: Owners[str, str], *, dated: bool
) -> tuple[DatedMeasure, ...]:
    if not isinstance(root, Mapping) or "measures" not in root.items:
        raise Problem("", "a file of measures is a mapping with the key 'measures'")
    for name in root.items:
        if name != "measures" and not name.startswith("x-"):
            raise Problem(name, f"{name} is not a field that a file of measures has")
    listed = root.items["measures"]
    if not isinstance(listed, Sequence):
        raise Problem("measures", "a list is expected here")
    found: list[DatedMeasure] = []
    places: dict[tuple[str, int | None], str] = {}
    for number, node in enumerate(listed.items):
        here = f"measures[{number}]"
        try:
            one = _dated(build(node, _Written, _DOCUMENT), country, dated=dated)
            check_measure(one.measure, country, now if one.arrived_at is None else one.arrived_at)
            _check_owner(one.measure, owners)
        except Problem as problem:
            inner = f".{problem.path}" if problem.path else ""
            raise Problem(f"{here}{inner}", problem.what) from None
        key = one.measure.id, one.arrived_at
        if key in places:
            raise Problem(f"{here}.id", f"the id {key[0]!r} is taken by {places[key]}")
        places[key] = here
        found.append(one)
    return tuple(found)


def _dated(written: _Written, country: Country, *, dated: bool) -> DatedMeasure:
    arrived_at = check_moment(country.zone, written.arrived_at, "arrived_at")
    if dated and arrived_at is None:
        raise Problem("arrived_at", "is missing, and a replay needs to know when it arrived")
    if not dated and arrived_at is not None:
        raise Problem("arrived_at", "counts in a replay alone: here the broker stamps the arrival")
    fields = msgspec.structs.asdict(written)
    del fields["arrived_at"]
    fields["delivered_at"] = check_moment(country.zone, fields["delivered_at"], "delivered_at")
    return DatedMeasure(Measure(**fields), arrived_at)


def measure_from_record(record: dict[str, Any], country: Country, arrived_at: int) -> Measure:
    """Build the measure of a decoded record, checked like one from a file.

    Raises RegistryError with what is wrong: anybody who may write to the topic can write anything.
    """
    try:
        measure = convert(record, Measure, _DOCUMENT)
        check_measure(measure, country, arrived_at)
    except Problem as problem:
        raise RegistryError(f"measure {problem}") from None
    return measure


def measure_to_record(measure: Measure) -> dict[str, Any]:
    """Return the fields of a ``Measure`` of the topic, days as ISO 8601 text."""
    record: dict[str, Any] = msgspec.to_builtins(measure)
    return record


def check_measure(measure: Measure, country: Country, arrived_at: int) -> None:
    """Raise Problem for the first thing that a measure which arrives then (ms) may not say."""
    _check_names(measure, country)
    _check_place(measure)
    _check_times(measure, country, arrived_at)
    if measure.closes and measure.kind not in (DECIDED, REVIEWED):
        raise Problem(
            "closes", f"is for {DECIDED} and {REVIEWED} alone: a {measure.kind} ends none"
        )
    if measure.amount_kzt is not None and not 0 <= measure.amount_kzt <= _MOST_KZT:
        raise Problem("amount_kzt", f"{measure.amount_kzt} is not from 0 to {_MOST_KZT} tenge")


def _check_names(measure: Measure, country: Country) -> None:
    if not _IDENTITY.fullmatch(measure.id):
        raise Problem("id", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ : / -")
    if measure.kind not in MEASURES:
        raise Problem("kind", f"{measure.kind!r} is none of {', '.join(MEASURES)}")
    if not country.identity.accepts(measure.bin):
        number = country.identity
        raise Problem("bin", f"{measure.bin!r} is not a {number.name} {number.means}")
    if measure.case_id is not None and not _CASE.fullmatch(measure.case_id):
        raise Problem("case_id", f"{measure.case_id!r} is not the id of a case (a lower-case UUID)")
    if measure.source_id == "":
        raise Problem(
            "source_id", "is empty: leave it out where the enterprise as a whole is meant"
        )
    for name in ("source_id", "reference"):
        if len(getattr(measure, name) or "") > _LONGEST_TEXT:
            raise Problem(name, f"has more than {_LONGEST_TEXT} characters")


def _check_place(measure: Measure) -> None:
    if measure.act not in ACTS:
        raise Problem("act", f"{measure.act!r} is none of {', '.join(ACTS)}")
    if measure.article is not None and not _ARTICLE.fullmatch(measure.article):
        raise Problem("article", f"{measure.article!r} is no number of an article, such as 328")
    if measure.part is not None and not _PART.fullmatch(measure.part):
        raise Problem("part", f"{measure.part!r} is no number of a part, such as 1")
    if measure.kind != FINE:
        if measure.case_id is None:
            raise Problem("case_id", f"is missing: on which case is the {measure.kind}?")
        return
    if measure.article is None:
        raise Problem("article", f"is missing: under which article is the {FINE}?")
    if measure.imposed_on is None:
        raise Problem("imposed_on", f"is missing: on which day was the {FINE} imposed?")
    if (measure.act, measure.article) == ("KoAP", _BY_MASS) and measure.source_id is None:
        raise Problem("source_id", f"is missing: a {FINE} under {_BY_MASS} is on one source")


def _check_times(measure: Measure, country: Country, arrived_at: int) -> None:
    if (measure.kind == DELIVERED) != (measure.delivered_at is not None):
        missing = measure.delivered_at is None
        wrong = (
            f"is missing: when was it {DELIVERED}?" if missing else f"is for a {DELIVERED} alone"
        )
        raise Problem("delivered_at", wrong)
    delivered = measure.delivered_at
    if delivered is not None and not 0 <= delivered <= min(arrived_at + _AHEAD, LATEST_ARRIVAL):
        raise Problem("delivered_at", "is later than the measure itself, or before 1970")
    today = clock(country.zone).date(min(arrived_at, LATEST_ARRIVAL))
    for name in _DAYS:
        day: date | None = getattr(measure, name)
        if day is not None and not date(1970, 1, 1) <= day <= today:
            raise Problem(name, f"{day} is later than the measure itself ({today}), or before 1970")
        since = measure.imposed_on
        if day is not None and since is not None and day < since:
            raise Problem(name, f"{day} is before imposed_on {since}")


def _check_owner(measure: Measure, owners: Owners[str, str]) -> None:
    if measure.source_id is None or not owners:
        return
    owner = owners.get(measure.source_id)
    if owner is None:
        raise Problem("source_id", f"no source {measure.source_id!r} is registered")
    if owner != measure.bin:
        raise Problem("bin", f"source {measure.source_id} is that of {owner}, not {measure.bin}")
