"""Format findings for people and scripts: titles, local time, the number and its threshold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emissions.cli.support.violation_text import local_moment, span_text
from emissions.replay.export import finding_document
from streams.rules.finding_kinds import FindingKind

Record = dict[str, Any]

LISTED: Final = (
    "kind", "title", "status", "bin", "source_id", "found", "local", "utc", "detail", "basis",
    "track", "id",
)  # fmt: skip
"""Columns for people; empty ones are omitted."""

REVISIONS: Final = ("revision", "status", "detected", "value", "threshold", "unit", "start", "end")


@dataclass(frozen=True)
class FindingFilter:
    """Which findings are wanted; an empty field does not filter. Times are ms UTC."""

    kinds: Collection[str] = ()
    bin: str | None = None
    source: str | None = None
    since: int | None = None
    until: int | None = None
    open: bool = False

    def __contains__(self, record: object) -> bool:
        """Return whether a record begins in ``[since, until)`` and matches all other fields."""
        return isinstance(record, dict) and (
            (not self.kinds or record["kind"] in self.kinds)
            and self.bin in (None, record["bin"])
            and self.source in (None, record["source_id"])
            and (self.since is None or record["start"] >= self.since)
            and (self.until is None or record["start"] < self.until)
            and (not self.open or record["status"] == "OPEN")
        )


class FindingFormatter:
    """Formats findings in one language, by the clocks of their sources."""

    def __init__(
        self,
        language: str,
        zones: Mapping[str, str],
        kinds: Mapping[str, FindingKind],
        country_zone: str,
    ) -> None:
        self._language = language
        self._zones = zones
        self._kinds = kinds
        self._zone = country_zone

    def document(self, record: Record) -> Record:
        """Return every field for scripts, with the title; times as in the export, and local."""
        clock, end = self._clock(record), record["end"]
        return {
            **finding_document(record),
            "title": self._title(record),
            "timezone": clock,
            "start_local": local_moment(clock, record["start"]),
            "end_local": None if end is None else local_moment(clock, end),
        }

    def row(self, record: Record) -> Record:
        """Return the columns of ``LISTED`` for people."""
        return {
            **record,
            "title": self._title(record),
            "status": f"{record['status']}, revision {record['revision']}",
            "found": number_text(record),
            "local": span_text(record, self._clock(record)),
            "utc": span_text(record, "UTC"),
        }

    def revision(self, record: Record) -> Record:
        """Return the columns of ``REVISIONS`` for one revision of a finding."""
        clock, end = self._clock(record), record["end"]
        return {
            **record,
            "detected": local_moment(clock, record["detected_at"]),
            "start": local_moment(clock, record["start"]),
            "end": None if end is None else local_moment(clock, end),
        }

    def _title(self, record: Record) -> str | None:
        kind = self._kinds.get(record["kind"])
        return None if kind is None else kind.title(self._language)

    def _clock(self, record: Record) -> str:
        return self._zones.get(record["source_id"] or "", self._zone)


def number_text(record: Record) -> str:
    """Format the number of a finding: ``SO2: hours without a change 31 h (from 4.5)``."""
    value, threshold, unit = record["value"], record["threshold"], record["unit"]
    said = record["statistic"]
    if value is not None:
        said = f"{said} {value:.5g}".strip()
        said += f" {unit}" if unit and unit != "1" else ""
    if value is not None and threshold is not None:
        said += f", compared with {threshold:.5g}"
    return ": ".join(part for part in (record["parameter"], said) if part)
