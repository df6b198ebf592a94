"""Format cases for people and scripts: a list, one case as a page of text, JSON.

One file, although a long one: the three say the same of a case, and change together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from emissions.cli.support.case_words import CaseWords
from emissions.cli.support.violation_text import local_moment, measured_text, span_text
from streams.core.cases.work import WorkItem, running_terms, weight_of
from streams.core.law.calendar import WorkCalendar
from streams.core.law.country import Country
from streams.core.time.local_clock import iso

Record = dict[str, Any]

LISTED: Final = (
    "due", "left", "state", "track", "law", "enterprise", "source_id", "region", "local",
    "violations", "mass", "fine", "reasons", "id",
)  # fmt: skip
"""Columns for people; empty ones are omitted."""

REVISIONS: Final = ("revision", "state", "revised", "violations", "fine", "reasons")
SHOWN_ITEMS: Final = 20
"""Violations that the page of a case lists."""

_WIDTH: Final = 80
_MOMENTS: Final = (
    "start", "end", "deferred_until", "detected_at", "opened_at", "delivered_at", "revised_at",
)  # fmt: skip
_ITEM_MOMENTS: Final = ("start", "end", "verification_until")


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are wanted; an empty field does not filter."""

    states: Collection[str] = ()
    tracks: Collection[str] = ()
    region: str | None = None
    bin: str | None = None
    source: str | None = None
    due_until: date | None = None

    def __contains__(self, record: object) -> bool:
        """Return whether a record matches all fields; ``due_until``: its first running term."""
        return isinstance(record, dict) and (
            (not self.states or record["state"] in self.states)
            and (not self.tracks or record["track"] in self.tracks)
            and self.region in (None, record["region"])
            and self.bin in (None, record["bin"])
            and self.source in (None, record["source_id"])
            and (self.due_until is None or _due_by(record, self.due_until))
        )


def _due_by(record: Record, day: date) -> bool:
    terms = terms_of(record)
    return bool(terms) and terms[0][0] <= day


def terms_of(record: Record) -> tuple[tuple[date, str], ...]:
    """Return last day and name of the terms of a case that run, the earliest first."""
    if record["state"] not in ("OPEN", "REVIEW"):
        return ()
    return running_terms(record["due"], record["delivered_at"])


def work_order(record: Record) -> tuple[date, int, str]:
    """Return the sort key of the work list: the earliest date, then detection."""
    terms = terms_of(record)
    return (terms[0][0] if terms else date.max, record["detected_at"], record["id"])


def work_item(record: Record) -> WorkItem:
    """Return what a case asks of an inspector."""
    weight = weight_of(record["track"], record["part"])
    return WorkItem(record["id"], record["region"], weight, record["detected_at"], terms_of(record))


class CaseFormatter:
    """Formats cases in one language as of a local day, by the clocks of their sources."""

    def __init__(
        self,
        language: str,
        zones: Mapping[str, str],
        country: Country,
        calendar: WorkCalendar,
        today: date,
    ) -> None:
        self._language = language
        self._zones = zones
        self._country = country
        self._calendar = calendar
        self.today = today
        self._words = CaseWords(language)

    def document(self, record: Record) -> Record:
        """Return every field for scripts: times ISO 8601 UTC, ``*_local`` on the source's clock."""
        clock, terms = self._clock(record), terms_of(record)
        found = {name: _text(at) if name in _MOMENTS else at for name, at in record.items()}
        found["items"] = [
            {name: _text(at) if name in _ITEM_MOMENTS else at for name, at in item.items()}
            for item in record["items"]
        ]
        return {
            **found,
            "region_name": self._region(record),
            "enterprise_name": self._enterprise(record),
            "timezone": clock,
            "start_local": local_moment(clock, record["start"]),
            "end_local": None if record["end"] is None else local_moment(clock, record["end"]),
            "due_on": terms[0][0].isoformat() if terms else None,
            "due_term": terms[0][1] if terms else None,
            "working_days_left": self._left(terms[0][0]) if terms else None,
        }

    def row(self, record: Record) -> Record:
        """Return the columns of ``LISTED`` for people."""
        terms = terms_of(record)
        return {
            **record,
            "due": f"{terms[0][0]} {terms[0][1]}" if terms else None,
            "left": self._left(terms[0][0]) if terms else None,
            "law": self._law(record),
            "enterprise": f"{self._enterprise(record)} ({record['bin']})",
            "region": f"{self._region(record)} ({record['region']})",
            "local": span_text(record, self._clock(record)),
            "violations": len(record["violations"]),
            "mass": mass_text(record),
            "fine": money_text(record["fine_kzt"]),
            "reasons": ", ".join(record["reasons"]) or None,
        }

    def revision(self, record: Record) -> Record:
        """Return the columns of ``REVISIONS`` for one revision of a case."""
        return {
            **record,
            "revised": local_moment(self._clock(record), record["revised_at"]),
            "violations": len(record["violations"]),
            "fine": money_text(record["fine_kzt"]),
            "reasons": ", ".join(record["reasons"]),
        }

    def line(self, record: Record) -> str:
        """Format a change of a case as one line."""
        terms = terms_of(record)
        parts = (
            f"{record['state']:<9} {record['track']:<12}",
            record["source_id"] or record["bin"],
            self._enterprise(record),
            self._law(record),
            span_text(record, self._clock(record)),
            money_text(record["fine_kzt"]),
            f"{terms[0][1]} {terms[0][0]}" if terms else None,
            f"(revision {record['revision']})",
        )
        return "  ".join(part for part in parts if part)

    def page(self, record: Record, titles: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
        """Yield the lines of one case, at most 80 columns; ``titles`` are those of the rules."""
        words, clock = self._words, self._clock(record)
        yield f"{words('case')} {record['id']}"
        state = f"{record['state']}, {words.state(record['state'])}"
        yield from _field(words("state"), f"{state} ({words('revision')} {record['revision']})")
        for reason in record["reasons"]:
            yield from _field(words("reason"), f"{reason}: {words.reason(reason)}")
        yield from _field(words("track"), f"{record['track']}: {words.track(record['track'])}")
        yield from _field(words("law"), self._law(record))
        yield from _field(words("who"), f"{self._enterprise(record)}, БИН {record['bin']}")
        if record["source_id"] is not None:
            yield from _field(words("source"), record["source_id"])
        yield from _field(words("region"), f"{self._region(record)} ({record['region']})")
        yield from _field(words("when"), span_text(record, clock))
        for name, label in (
            ("detected_at", "detected"), ("opened_at", "opened"), ("delivered_at", "delivered"),
            ("deferred_until", "deferred"),
        ):  # fmt: skip
            if record[name] is not None:
                yield from _field(words(label), local_moment(clock, record[name]))
        yield from self._money(record)
        yield ""
        yield from self._dates(record)
        yield from self._items(record, titles)
        yield from self._links(record)

    def _money(self, record: Record) -> Iterator[str]:
        words = self._words
        for parameter, mass in sorted(record["excess_mass_t"].items()):
            told = f"{parameter} "
            if mass is None:
                measured = record["measured_mass_t"].get(parameter, 0.0)
                told += f"{words('not_measured')}; {words('measured')} {measured:.6g} t"
            else:
                told += f"{mass:.6g} t"
            yield from _field(words("mass"), told)
        fine = money_text(record["fine_kzt"])
        missing = record["fine_missing"]
        if fine is None:
            fine = words("none") if missing is None else words.missing(missing)
        yield from _field(words("fine"), fine)
        for factor in record["fine_factors"]:
            yield from _field("", factor_text(factor, words("mci")))

    def _dates(self, record: Record) -> Iterator[str]:
        words, running = self._words, {name for _, name in terms_of(record)}
        dates = sorted((day, name) for name, day in record["due"].items() if day is not None)
        if dates:
            yield words("dates")
        for day, name in dates:
            told = f"{day}  {words.term(name)}"
            if name in running:
                left = self._left(date.fromisoformat(day))
                told += f" ({words('over') if left < 0 else words('left', left)})"
            yield from _indented(told)

    def _items(self, record: Record, titles: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
        words, clock = self._words, self._clock(record)
        if not record["items"]:
            return
        yield ""
        yield f"{words('items')}: {len(record['items'])}"
        rule = None
        for item in record["items"][:SHOWN_ITEMS]:
            if item["rule"] != rule:
                rule = item["rule"]
                title = titles.get(rule, {}).get(self._language, "")
                yield from _indented(f"{rule}  {title}")
            ratio = item["value"] / item["limit"] if item["value"] and item["limit"] else None
            measured = measured_text({**item, "ratio": ratio})
            yield from _indented(f"  {span_text(item, clock)}  {measured}")
            yield from _indented(f"    {item['violation']}{self._device(item, clock)}")
        more = len(record["items"]) - SHOWN_ITEMS
        if more > 0:
            yield from _indented(words("more", more))

    def _device(self, item: Record, clock: str) -> str:
        if item["device_serial"] is None:
            return ""
        words = self._words
        told = f"  {words('device')} {item['device_serial']}"
        if item["verification"] is not None:
            told += f", {words('verification')} {item['verification']}"
        if item["verification_until"] is not None:
            told += f", {words('until')} {local_moment(clock, item['verification_until'])[:10]}"
        return told

    def _links(self, record: Record) -> Iterator[str]:
        yield ""
        for name, label in (
            ("absorbed", "absorbed"), ("repeat_of", "repeat"), ("systematic_with", "systematic"),
            ("related", "related"),
        ):  # fmt: skip
            if record[name]:
                told = str(len(record[name])) if name == "absorbed" else ", ".join(record[name])
                yield from _field(self._words(label), told)

    def _law(self, record: Record) -> str:
        return self._words.law(record["act"], record["article"], record["part"])

    def _left(self, day: date) -> int:
        return self._calendar.working_days(self.today, day)

    def _enterprise(self, record: Record) -> str:
        names: Mapping[str, str] = record["enterprise"]
        return names.get(self._language) or names.get("ru") or ""

    def _region(self, record: Record) -> str:
        region = self._country.regions.get(record["region"])
        return "" if region is None else str(getattr(region, self._language))

    def _clock(self, record: Record) -> str:
        return self._zones.get(record["source_id"] or "", self._country.zone)


def money_text(tenge: int | None) -> str | None:
    """Format tenge: ``1 234 567 ₸``."""
    return None if tenge is None else f"{tenge:,} ₸".replace(",", " ")


def mass_text(record: Record) -> str | None:
    """Format the masses of a case: ``SO2 1.25 t``; ``not measured`` where one is not known."""
    parts = (
        f"{parameter} {'not measured' if mass is None else f'{mass:.4g} t'}"
        for parameter, mass in sorted(record["excess_mass_t"].items())
    )
    return ", ".join(parts) or None


def factor_text(factor: Record, mci: str) -> str:
    """Format what a fine is a product of: ``SO2: 1.5 t × 20 МРП × 4325 ₸ × 100 %``."""
    parts = [
        None if factor["tonnes"] is None else f"{factor['tonnes']:.6g} t",
        None if factor["rate_mci"] is None else f"{factor['rate_mci']:g} {mci}",
        None if factor["mci"] is None else f"{factor['mci']} {mci}",
        f"{factor['index_kzt']} ₸",
        None if factor["percent"] is None else f"{factor['percent']} %",
    ]
    told = " × ".join(part for part in parts if part is not None)
    name = factor["parameter"]
    if name is None:
        return told
    substance = "" if factor["substance"] is None else f" ({factor['substance']})"
    return f"{name}{substance}: {told}"


def _field(label: str, value: str) -> list[str]:
    """Wrap a value beside its label."""
    indent = " " * 26
    first = f"  {label:<23} " if label else indent
    return textwrap.wrap(
        value, _WIDTH, initial_indent=first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    ) or [first.rstrip()]  # fmt: skip


def _indented(text: str) -> list[str]:
    """Wrap a line of a list, keeping its indent."""
    indent = "  " + " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _text(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)
