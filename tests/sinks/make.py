"""Messages, batches and records for the tests of the sinks, with defaults for what is not meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from aiokafka import ConsumerRecord

from schemas.columns import Block
from schemas.reading import Reading
from schemas.records import record_of
from sinks.batch import Batch, Entry
from sinks.readings.entries import ReadingEntries, RowBlock
from streams.core.records.case import AdministrativeCase, CaseItem, case_id
from streams.core.records.findings import (
    DataGap,
    DeadLetter,
    Finding,
    Violation,
    WindowMean,
    finding_id,
    gap_id,
    violation_id,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MARCH = 1_772_305_200_000  # 2026-03-01T00:00:00+05:00
READINGS = "emissions.readings"


class ReadingRow(NamedTuple):
    """A reading as an entry holds it here: ``codes`` of those channels that have one."""

    reading: Reading
    codes: dict[str, str]


def batch(entries: Iterable[Entry], topic: str = READINGS, partition: int = 0) -> Batch:
    found = tuple(entries)
    readings = isinstance(found[0].record, ReadingRow)
    content = packed(found, topic, partition) if readings else found
    return Batch(topic, partition, found[0].offset, found[-1].offset, content)


def packed(entries: Sequence[Entry], topic: str, partition: int) -> ReadingEntries:
    """The same readings in columns, as a fetch brings them."""
    records, blocks = [], []
    for place, (offset, timestamp, key, value, headers, row, _) in enumerate(entries):
        place_of = topic, partition, offset, timestamp, 0
        records.append(ConsumerRecord(*place_of, key, value, None, 0, 0, headers))
        block = Block.of(row.reading)._replace(rows=np.array([place]))
        texts = ["", *sorted(set(row.codes.values()))]
        numbers = [texts.index(row.codes.get(name, "")) for name in block.pattern.names]
        codes = np.array([numbers], dtype=np.int16)
        blocks.append(RowBlock.from_block(block, np.array([0]), codes, texts))
    arrivals = np.array([entry.timestamp for entry in entries])
    return ReadingEntries.from_fetch(records, arrivals, blocks)


def entry(offset: int, record: Any, rows: int = 1, value: bytes = b"value") -> Entry:
    return Entry(offset, MARCH + offset, b"key", value, (("h", b"\xff"),), record, rows)


def reading_entry(offset: int, source_id: str = "S1", minute: int | None = None) -> Entry:
    start = MARCH + (offset if minute is None else minute) * MINUTE
    values = {"SO2": 100.0 + offset, "O2": 7.0}
    reading = Reading(source_id, start, 60, "NORMAL", None, values, {"O2": "C"})
    return entry(offset, ReadingRow(reading, {"O2": "STATUS_C"}), rows=2)


def mean(**given: Any) -> dict[str, Any]:
    start = given.get("start", MARCH)
    fields = {
        "source_id": "S1",
        "parameter": "SO2",
        "unit": "mg/m3",
        "window": "1h",
        "start": start,
        "end": start + HOUR,
        "value": 100.0,
        "raw_value": 90.0,
        "validated_value": None,
        "min": 1.0,
        "max": 200.0,
        "count": 60,
        "valid_s": 3600,
        "due_s": 3600,
        "excused_s": 0,
        "status": "VALID",
        "seconds_by_code": {"STATUS_C": 60},
        "limit": 500.0,
        "rule_set": "2026-03-12",
        "revision": 1,
        "final": False,
        "stream_time": start + HOUR,
    }
    return record_of(WindowMean(**{**fields, **given}))


def gap(start: int, end: int | None, **given: Any) -> dict[str, Any]:
    source, parameter = given.get("source_id", "S1"), given.get("parameter")
    fields = {
        "id": gap_id(source, parameter, start),
        "revision": 1,
        "status": "OPEN" if end is None else "CLOSED",
        "source_id": source,
        "parameter": parameter,
        "start": start,
        "end": end,
        "detected_at": end or start + HOUR,
    }
    return record_of(DataGap(**{**fields, **given}))


def violation(**given: Any) -> dict[str, Any]:
    rule, source = given.get("rule", "KZ-DAY"), given.get("source_id", "S1")
    start = given.get("start", MARCH)
    content = {
        "id": violation_id(rule, source or "990140001233", "SO2", start),
        "revision": 1,
        "status": "CLOSED",
        "rule": rule,
        "rule_set": "2026-03-12",
        "legal_basis": [{"act": "EC", "article": "202", "point": "6", "subpoint": "1"}],
        "bin": "990140001233",
        "enterprise": {"ru": "ТЭЦ", "kk": "ЖЭО", "en": "CHP"},
        "region": "KZ-55",
        "category": 1,
        "business_size": "large",
        "source_id": source,
        "parameter": "SO2",
        "unit": "mg/m3",
        "start": start,
        "end": start + DAY,
        "value": 750.0,
        "validated_value": 650.0,
        "limit": 500.0,
        "ratio": 1.5,
        "excess_mass_t": None,
        "device_serial": None,
        "verification": None,
        "verification_until": None,
        "detected_at": start + DAY,
        "automatic": True,
        "deferred_until": None,
        "track": "PRESCRIPTION",
        "certainty": "read",
        "reasons": ["CONFLICTING_DATA"],
        "evidence": [
            {
                "topic": READINGS,
                "partition": 1,
                "first_offset": 5,
                "last_offset": 9,
                "readings": 5,
                "sha256": "ab" * 32,
            }
        ],
    }
    return record_of(msgspec.convert({**content, **given}, Violation))


def finding(**given: Any) -> dict[str, Any]:
    kind, source = given.get("kind", "FLATLINE"), given.get("source_id", "S1")
    start = given.get("start", MARCH)
    fields = {
        "id": finding_id(kind, source or "990140001233", "SO2", start),
        "revision": 1,
        "status": "CLOSED",
        "kind": kind,
        "bin": "990140001233",
        "source_id": source,
        "parameter": "SO2",
        "start": start,
        "end": start + HOUR,
        "statistic": "hours without a change",
        "value": 1.0,
        "threshold": 1.0,
        "unit": "h",
        "detail": "SO2 stood still.",
        "basis": "",
        "track": "",
        "rule_set": "2026-03-12",
        "detected_at": start + DAY,
    }
    return record_of(Finding(**{**fields, **given}))


def case(**given: Any) -> dict[str, Any]:
    """A case of one day's violation of the source, opened four days later."""
    start = given.get("start", MARCH)
    known = violation_id("KZ-DAY", given.get("source_id", "S1"), "SO2", start)
    item = CaseItem(
        violation=known,
        rule="KZ-DAY",
        parameter="SO2",
        unit="mg/m3",
        start=start,
        end=start + DAY,
        value=750.0,
        limit=500.0,
        excess_mass_t=None,
        device_serial="A-17",
        verification=None,
        verification_until=None,
    )
    fields = {
        "id": case_id(known),
        "revision": 1,
        "state": "OPEN",
        "reasons": (),
        "track": "PRESCRIPTION",
        "act": "KoAP",
        "article": "328",
        "part": "1",
        "bin": "990140001233",
        "enterprise": {"ru": "ТЭЦ", "kk": "ЖЭО", "en": "CHP"},
        "region": "KZ-55",
        "category": 1,
        "business_size": "large",
        "source_id": "S1",
        "start": start,
        "end": start + DAY,
        "violations": (known,),
        "absorbed": (),
        "items": (item,),
        "excess_mass_t": {"SO2": None},
        "measured_mass_t": {"SO2": 0.5},
        "fine_kzt": None,
        "fine_missing": "MASS_INCOMPLETE",
        "fine_factors": (),
        "repeat_of": (),
        "systematic_with": (),
        "related": (),
        "deferred_until": None,
        "detected_at": start + DAY,
        "opened_at": start + 5 * DAY,
        "delivered_at": None,
        "revised_at": start + 5 * DAY,
        "due": {"prescription_by": "2026-03-17", "decided_on": None},
        "rule_set": "2026-03-12",
    }
    return record_of(AdministrativeCase(**{**fields, **given}))


def dead_letter(offset: int, reason: str = "TOO_LATE", **given: Any) -> dict[str, Any]:
    fields = {
        "reason": reason,
        "stage": "validate",
        "detail": "a sentence",
        "source_id": "S1",
        "topic": READINGS,
        "partition": 0,
        "offset": offset,
        "timestamp": MARCH,
        "key": b"\x00\xff",
        "value": b"\x80raw",
        "headers": (("h", b"\xfe"),),
    }
    return record_of(DeadLetter(**{**fields, **given}))
