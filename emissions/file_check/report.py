"""The report of a check: one document for scripts, from which the table and the page are made.

Times of the document are ISO 8601 UTC, ``*_local`` have the offset of the source's clock; lengths
are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from emissions.file_check.run import Checked
from emissions.file_check.words import code_text, track_text
from emissions.offline.quality import VALID
from emissions.replay.export import finding_document, violation_document
from emissions.replay.message_buffer import MessageBuffer
from emissions.replay.survey import FarRow, SourceSurvey
from streams.core.law.quality_codes import UNVERIFIED, ZEROED
from streams.core.law.rule import RuleSet
from streams.core.time.local_clock import iso
from streams.core.time.wording import local_text

Document = dict[str, Any]

_NATION: Final = ""
"""Stands for what has no registered source among the zones."""

COUNTING: Final = frozenset((VALID, UNVERIFIED, ZEROED))
"""Codes with which a value counts."""


def check_document(
    tape: MessageBuffer,
    sources: Sequence[SourceSurvey],
    far: Sequence[FarRow],
    checked: Checked,
    *,
    rules: RuleSet,
    zones: Mapping[str, str],
    language: str,
) -> Document:
    """Return the document; its keys are stable. ``zones``: the time zone of each source."""
    zones = {**zones, _NATION: rules.country.zone}
    violations, findings = checked.standing_violations(), checked.standing_findings()
    titles = {rule.code: rule.titles[language] for rule in rules.rules}
    return {
        "found": bool(violations),
        "files": list(tape.files),
        "rule_set": rules.version,
        "until": _iso(checked.plan.until),
        "rows": len(tape),
        "used": checked.used,
        "duplicates": checked.duplicates,
        "refused": checked.refused.total(),
        "after_until": checked.plan.absent,
        "sources": [_source(each, zones) for each in sources],
        "outlying": [_outlying(tape, each, zones) for each in far],
        "quality": _quality(checked),
        "refused_by_reason": dict(checked.refused.most_common()),
        "refused_rows": [
            {
                "file": row.file,
                "row": row.row,
                "source_id": row.source_id,
                "measured_at": _iso(row.measured_at),
                "measured_at_local": local_text(row.measured_at, _zone(zones, row.source_id)),
                "reason": row.reason,
                "meaning": code_text(row.reason, language),
                "detail": row.detail,
            }
            for row in checked.refused_rows
        ],
        "gaps": [
            {
                "source_id": gap.source_id,
                "parameter": gap.parameter,
                "start": _iso(gap.start),
                "start_local": local_text(gap.start, _zone(zones, gap.source_id)),
                "end": None if gap.end is None else _iso(gap.end),
                "end_local": _local(gap.end, _zone(zones, gap.source_id)),
                "seconds": ((checked.plan.until if gap.end is None else gap.end) - gap.start)
                // 1000,
                "status": gap.status,
            }
            for gap in checked.standing_gaps()
        ],
        "violations": [
            {
                **violation_document(msgspec.to_builtins(each)),
                "title": titles.get(each.rule, each.rule),
                "follows": track_text(each.track, language),
                "reasons": list(each.reasons),
                "start_local": local_text(each.start, _zone(zones, each.source_id)),
                "end_local": _local(each.end, _zone(zones, each.source_id)),
            }
            for each in violations
        ],
        "findings": [
            {
                **finding_document(msgspec.structs.asdict(each)),
                "start_local": local_text(each.start, _zone(zones, each.source_id)),
                "end_local": _local(each.end, _zone(zones, each.source_id)),
            }
            for each in findings
        ],
    }


def _source(each: SourceSurvey, zones: Mapping[str, str]) -> Document:
    zone = _zone(zones, each.source_id)
    return {
        "source_id": each.source_id,
        "rows": each.rows,
        "first": _iso(each.first),
        "first_local": local_text(each.first, zone),
        "last": _iso(each.last),
        "last_local": local_text(each.last, zone),
        "cadence_s": None if each.cadence is None else each.cadence // 1000,
        "longest_hole_s": None if each.hole is None else each.hole // 1000,
        "longest_hole_from": None if each.hole_from is None else _iso(each.hole_from),
        "longest_hole_from_local": _local(each.hole_from, zone),
    }


def _outlying(tape: MessageBuffer, row: FarRow, zones: Mapping[str, str]) -> Document:
    source = tape.keys[tape.key_number(row.index)].decode(errors="replace")
    zone = _zone(zones, source)
    number = tape.file_numbers[row.index]
    return {
        "file": tape.files[number],
        "row": tape.rows[row.index],
        "source_id": source,
        "of": "arrival" if row.arrival else "measurement",
        "measured_at": _iso(tape.starts[row.index]),
        "measured_at_local": local_text(tape.starts[row.index], zone),
        "neighbours_local": [
            local_text(tape.starts[other], zone)
            for other in (row.before, row.after)
            if other is not None
        ],
    }


def _quality(checked: Checked) -> list[Document]:
    found = []
    for (source, parameter), seconds in sorted(checked.seconds.items()):
        total = seconds.total()
        valid = sum(seconds[code] for code in COUNTING)
        found.append(
            {
                "source_id": source,
                "parameter": parameter,
                "seconds": total,
                "valid_seconds": valid,
                "valid_share": valid / total if total else None,
                "codes": {code: seconds[code] for code in sorted(seconds) if code != VALID},
            }
        )
    return found


def _zone(zones: Mapping[str, str], source_id: str | None) -> str:
    return zones.get(source_id or _NATION, zones[_NATION])


def _local(instant: int | None, zone: str) -> str | None:
    return None if instant is None else local_text(instant, zone)


def _iso(instant: int) -> str:
    try:
        return iso(instant)
    except (OverflowError, ValueError):
        return f"{instant} ms"
