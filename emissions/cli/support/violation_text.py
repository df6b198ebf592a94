"""Format violations for people and scripts: all fields, names, titles, local time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from streams.core.law.rule import RuleSet
from streams.core.time.local_clock import iso, to_datetime, zone

Record = dict[str, Any]

LANGUAGES: Final = ("ru", "kk", "en")

_MOMENTS: Final = frozenset(
    {"start", "end", "deferred_until", "detected_at", "verification_until"}
)  # fmt: skip

LISTED: Final = (
    "rule", "title", "status", "enterprise", "bin", "region", "source_id", "found", "local", "utc",
    "validated_value", "excess_mass_t", "track", "automatic", "reasons", "deferred_until", "id",
)  # fmt: skip
"""Columns for people; empty ones are omitted."""

REVISIONS: Final = (
    "revision", "status", "detected", "value", "limit", "unit", "ratio", "end", "automatic",
)  # fmt: skip


@dataclass(frozen=True)
class ViolationFilter:
    """Which violations are wanted; an empty field does not filter. Times are ms UTC."""

    rules: Collection[str] = ()
    bin: str | None = None
    source: str | None = None
    region: str | None = None
    since: int | None = None
    until: int | None = None
    statuses: Collection[str] = field(default=())

    def __contains__(self, record: object) -> bool:
        """Return whether a record begins in ``[since, until)`` and matches all other fields."""
        return isinstance(record, dict) and (
            (not self.rules or record["rule"] in self.rules)
            and self.bin in (None, record["bin"])
            and self.source in (None, record["source_id"])
            and self.region in (None, record["region"])
            and (self.since is None or record["start"] >= self.since)
            and (self.until is None or record["start"] < self.until)
            and (not self.statuses or record["status"] in self.statuses)
        )


class ViolationFormatter:
    """Formats violations in one language, with rule titles, region names and local clocks."""

    def __init__(self, language: str, zones: Mapping[str, str], rules: RuleSet) -> None:
        self._language = language
        self._zones = zones
        self._country = rules.country
        self._titles = {rule.code: rule.titles for rule in rules.rules}

    def document(self, record: Record) -> Record:
        """Return every field for scripts, with rule title and region name.

        Times are ISO 8601 UTC; ``*_local`` has the offset of the source's clock.
        """
        found = {
            name: iso(value) if name in _MOMENTS and value is not None else value
            for name, value in record.items()
        }
        region = self._country.regions.get(record["region"])
        clock = self._clock(record)
        return {
            **found,
            "rule_title": self._title(record["rule"]),
            "region_name": None if region is None else getattr(region, self._language),
            "enterprise_name": self._enterprise(record),
            "timezone": clock,
            "start_local": local_moment(clock, record["start"]),
            "end_local": None if record["end"] is None else local_moment(clock, record["end"]),
        }

    def row(self, record: Record) -> Record:
        """Return the columns of ``LISTED`` for people."""
        region = self._country.regions.get(record["region"])
        name = "" if region is None else getattr(region, self._language)
        reasons = record.get("reasons")
        return {
            **record,
            "title": self._title(record["rule"]),
            "enterprise": self._enterprise(record),
            "region": f"{name} ({record['region']})" if name else record["region"],
            "status": f"{record['status']}, revision {record['revision']}",
            "found": measured_text(record),
            "local": span_text(record, self._clock(record)),
            "utc": span_text(record, "UTC"),
            "reasons": ", ".join(reasons) if reasons else None,
            "deferred_until": _day(self._clock(record), record["deferred_until"]),
        }

    def revision(self, record: Record) -> Record:
        """Return the columns of ``REVISIONS`` for one revision of a violation."""
        clock = self._clock(record)
        return {
            **record,
            "detected": local_moment(clock, record["detected_at"]),
            "end": None if record["end"] is None else local_moment(clock, record["end"]),
        }

    def line(self, record: Record) -> str:
        """Format a change of a violation as one line."""
        parts = (
            f"{record['status']:<9} {record['rule']:<9} {record['source_id'] or record['bin']}",
            self._enterprise(record),
            measured_text(record),
            span_text(record, self._clock(record)),
            f"(revision {record['revision']})",
        )
        return "  ".join(part for part in parts if part)

    def _title(self, rule: str) -> str | None:
        titles = self._titles.get(rule)
        return None if titles is None else titles.get(self._language)

    def _enterprise(self, record: Record) -> str:
        names: Mapping[str, str] = record["enterprise"]
        return names.get(self._language) or names.get("ru") or ""

    def _clock(self, record: Record) -> str:
        return self._zones.get(record["source_id"] or "", self._country.zone)


def span_text(record: Record, clock: str) -> str:
    """Format the interval of a record on a clock; ``on``: it lasts."""
    start = to_datetime(record["start"]).astimezone(zone(clock))
    shown = f"{start:%Y-%m-%d %H:%M:%S}"
    if record["end"] is None:
        return f"{shown} on{_offset(start.strftime('%z'))}"
    end = to_datetime(record["end"]).astimezone(zone(clock))
    until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f"{shown} to {until}{_offset(end.strftime('%z'))}"


def measured_text(record: Record) -> str:
    """Format the value and its limit: ``SO2 1100 mg/m3, limit 500 (2.2 times)``."""
    value, limit, unit = record["value"], record["limit"], record["unit"]
    if value is None:
        return record["parameter"] or ""
    parts = [record["parameter"] or "", f"{value:.5g}", unit or ""]
    if unit == "s":
        parts = ["silent for", _length(value)]
    if limit is not None:
        shown = _length(limit) if unit == "s" else f"{limit:.5g}"
        times = "" if record["ratio"] is None else f" ({record['ratio']:.3g} times)"
        parts[-1] += f", limit {shown}{times}"
    return " ".join(part for part in parts if part)


def _length(seconds: float) -> str:
    from emissions.wording import duration_words

    return duration_words(seconds)


def local_moment(clock: str, instant: int) -> str:
    """Return an instant on a clock, ISO 8601 with its offset."""
    return to_datetime(instant).astimezone(zone(clock)).isoformat(timespec="seconds")


def _day(clock: str, instant: int | None) -> str | None:
    if instant is None:
        return None
    return to_datetime(instant).astimezone(zone(clock)).date().isoformat()


def _offset(text: str) -> str:
    return "" if text == "+0000" else f" ({text[:3]}:{text[3:]})"
