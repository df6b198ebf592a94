"""Reads, checks and converts operators' notices: the YAML file, and the record of the topic."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.reading import FLAGS
from streams.core.law.country import Country
from streams.core.records.bounded_names import is_parameter
from streams.core.registry.notice import EXCEEDANCE, KINDS, MARK, UNPLANNED_OUTAGE, Notice
from streams.core.time.interval import LATEST_ARRIVAL
from streams.registry.errors import Problem, RegistryError
from streams.registry.moments import check_moment
from streams.registry.typed import build, convert
from streams.registry.yaml_file import read_yaml
from streams.registry.yaml_tree import Mapping, Node, Sequence
from streams.rules.country import home

RECORD: Final = "OperatorNotice"
STATES: Final = ("STARTUP", "SHUTDOWN", "STOPPED", "EMERGENCY")
_IDENTITY: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_LONGEST_TEXT: Final = 4_000
_DOCUMENT: Final = "notice"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A notice as a file has it: moments as text, and the arrival that a replay gives it."""

    id: str
    kind: str
    bin: str
    source_id: str
    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)
    arrived_at: str | None = None
    parameter: str | None = None
    state: str | None = None
    flag: str | None = None
    withdraws: str | None = None
    completes: str | None = None
    reason: str = ""
    complex: str = ""
    repair_kind: str = ""
    works: str = ""
    executor: str = ""
    note: str = ""
    single_mean: float | None = None
    daily_mean: float | None = None
    norm: float | None = None
    unit: str = ""
    eliminated_at: str | None = None
    causes: str = ""
    measures: str = ""


class DatedNotice(msgspec.Struct, frozen=True):
    """A notice of a file, and its arrival (ms UTC) where a replay is to give it one."""

    notice: Notice
    arrived_at: int | None


def load_notices(
    path: str | Path, country: Country | None = None, *, dated: bool = False
) -> tuple[DatedNotice, ...]:
    """Return every notice of a file, in its order; with ``dated`` each has its arrival.

    Raises RegistryError, whose text is one sentence with the file, the line, the path inside the
    document (``notices[3].to``), what is wrong there and why. Without ``dated`` an arrival is
    refused: the broker stamps it.
    """
    return read_yaml(path, lambda root: _notices(root, country or home(), dated=dated))


def _notices(root: Node, country: Country, *, dated: bool) -> tuple[DatedNotice, ...]:
    if not isinstance(root, Mapping) or "notices" not in root.items:
        raise Problem("", "a file of notices is a mapping with the key 'notices'")
    for name in root.items:
        if name != "notices" and not name.startswith("x-"):
            raise Problem(name, f"{name} is not a field that a file of notices has")
    listed = root.items["notices"]
    if not isinstance(listed, Sequence):
        raise Problem("notices", "a list is expected here")
    found: list[DatedNotice] = []
    places: dict[str, str] = {}
    for number, node in enumerate(listed.items):
        here = f"notices[{number}]"
        try:
            one = _dated(build(node, _Written, _DOCUMENT), country, dated=dated)
            check_notice(one.notice, country)
        except Problem as problem:
            inner = f".{_as_written(problem.path)}" if problem.path else ""
            raise Problem(f"{here}{inner}", problem.what) from None
        identity = one.notice.id
        if identity in places:
            raise Problem(f"{here}.id", f"the id {identity!r} is taken by {places[identity]}")
        places[identity] = here
        found.append(one)
    return tuple(found)


def _dated(written: _Written, country: Country, *, dated: bool) -> DatedNotice:
    zone = country.zone
    arrived_at = check_moment(zone, written.arrived_at, "arrived_at")
    if dated and arrived_at is None:
        raise Problem("arrived_at", "is missing, and a replay needs to know when it arrived")
    if not dated and arrived_at is not None:
        raise Problem("arrived_at", "counts in a replay alone: here the broker stamps the arrival")
    fields = msgspec.structs.asdict(written)
    del fields["arrived_at"]
    for name in ("start", "end", "eliminated_at"):
        fields[name] = check_moment(zone, fields[name], _as_written(name))
    return DatedNotice(Notice(**fields), arrived_at)


def notice_from_record(record: dict[str, Any], country: Country) -> Notice:
    """Build the notice of a decoded record, checked like one from a file.

    Raises RegistryError with what is wrong: anybody who may write to the topic can write anything.
    """
    try:
        notice = convert(record, Notice, _DOCUMENT)
        check_notice(notice, country)
    except Problem as problem:
        raise RegistryError(f"notice {problem}") from None
    return notice


def check_notice(notice: Notice, country: Country) -> None:
    """Raise Problem for the first thing that a notice may not say."""
    _check_names(notice, country)
    if notice.interval is None:
        _check_taking_back(notice)
        return
    start, end = notice.interval
    for name, moment in (("start", start), ("end", end), ("eliminated_at", notice.eliminated_at)):
        if moment is not None and not 0 <= moment <= LATEST_ARRIVAL:
            raise Problem(_as_written(name), "is not a moment of the years 1970 to 2299")
    if start >= end:
        raise Problem("end", "is not later than from")
    if notice.completes is not None and notice.kind != UNPLANNED_OUTAGE:
        raise Problem("completes", "is for the form 1 of an UNPLANNED_OUTAGE alone")
    if notice.completes == notice.id:
        raise Problem("completes", "names the notice itself")
    if notice.kind == MARK:
        _check_mark(notice)
        return
    for name in ("state", "flag"):
        if getattr(notice, name) is not None:
            raise Problem(name, f"is for a {MARK} alone")
    if notice.kind == EXCEEDANCE:
        if notice.parameter is None:
            raise Problem("parameter", "is missing: of what was it an exceedance?")
    elif notice.parameter is not None:
        raise Problem("parameter", "an outage is that of the whole source: leave it out")


def _check_names(notice: Notice, country: Country) -> None:
    if not _IDENTITY.fullmatch(notice.id):
        raise Problem("id", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ : / -")
    if notice.kind not in KINDS:
        raise Problem("kind", f"{notice.kind!r} is none of {', '.join(KINDS)}")
    if not country.identity.accepts(notice.bin):
        number = country.identity
        raise Problem("bin", f"{notice.bin!r} is not a {number.name} {number.means}")
    if not notice.source_id:
        raise Problem("source_id", "is empty")
    if notice.parameter is not None and not is_parameter(notice.parameter):
        raise Problem("parameter", f"{notice.parameter!r} is no name of a parameter")
    for name in notice.__struct_fields__:
        value = getattr(notice, name)
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise Problem(name, f"has more than {_LONGEST_TEXT} characters")


def _check_taking_back(notice: Notice) -> None:
    if notice.withdraws is None or (notice.start is None) != (notice.end is None):
        missing = "start" if notice.start is None else "end"
        why = "only a notice that does nothing but take another back (withdraws) has no interval"
        raise Problem(missing, f"is missing: {why}")
    if notice.withdraws == notice.id:
        raise Problem("withdraws", "names the notice itself")


def _check_mark(notice: Notice) -> None:
    if (notice.state is None) == (notice.flag is None):
        raise Problem("state", "a mark says either a state or a flag")
    if notice.state is not None:
        if notice.state not in STATES:
            raise Problem("state", f"{notice.state!r} is none of {', '.join(STATES)}")
        if notice.parameter is not None:
            raise Problem("parameter", "a state is that of the whole source: leave it out")
    elif notice.flag not in FLAGS or notice.flag == "N":
        marks = ", ".join(sorted(set(FLAGS) - {"N"}))
        raise Problem("flag", f"{notice.flag!r} is none of {marks}")
    if not notice.reason:
        raise Problem("reason", "is missing: a mark without a reason says nothing")


def _as_written(path: str) -> str:
    return {"start": "from", "end": "to"}.get(path, path)
