"""What the exported files look like, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from emissions.input.origin import origin_headers
from emissions.replay.export import ReplayResults, write_export
from tests.schemas.examples import CASE

T = 1_777_834_800_000  # 2026-05-03T19:00:00Z


def mean(**changes: Any) -> dict[str, Any]:
    record = {
        "source_id": "A", "parameter": "SO2", "unit": "mg/m3", "window": "20min", "start": T,
        "value": 0.1 + 0.2, "valid_s": 1200, "due_s": 1200, "status": "VALID", "limit": 500.0,
        "revision": 1,
    }  # fmt: skip
    return {**record, **changes}


def gap(**changes: Any) -> dict[str, Any]:
    record = {
        "id": "g1", "revision": 1, "source_id": "A", "parameter": None, "start": T, "end": None,
        "status": "OPEN",
    }  # fmt: skip
    return {**record, **changes}


def violation(**changes: Any) -> dict[str, Any]:
    record = {
        "id": "v1", "revision": 1, "status": "CLOSED", "rule": "KZ-30", "rule_set": "kz-1",
        "bin": "990140001233", "source_id": "A", "parameter": "SO2", "unit": "mg/m3", "start": T,
        "end": T + 1_800_000, "value": 1100.5, "validated_value": None, "limit": 500.0,
        "ratio": 2.201, "automatic": True, "deferred_until": None, "detected_at": T + 1_800_250,
        "evidence": [{"topic": "t", "partition": 0, "first_offset": 1, "last_offset": 30,
                      "readings": 30, "sha256": "00"}],
        "legal_basis": [], "enterprise": {"ru": "Пример"}, "track": "PRESCRIPTION",
        "certainty": "read", "excess_mass_t": 0.25, "reasons": [],
    }  # fmt: skip
    return {**record, **changes}


def exported(tmp_path: Path, *records: tuple[str, dict[str, Any]]) -> dict[str, str]:
    findings = ReplayResults()
    for name, record in records:
        findings.add(name, record)
    write_export(findings, tmp_path / "out")
    return {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}


def test_nothing_found_is_headers_only(tmp_path: Path) -> None:
    assert exported(tmp_path) == {
        "means.csv": "source_id,parameter,unit,window,start,value,valid_s,due_s,status,limit,"
        "revision\n",
        "gaps.csv": "source_id,parameter,start,end,status\n",
        "dead-letters.csv": "reason,source_id,partition,offset,measured_at,arrived_at,input_file,"
        "input_row,detail\n",
        "violations.ndjson": "",
        "findings.ndjson": "",
        "notices.ndjson": "",
        "cases.ndjson": "",
    }


def test_means_are_sorted_and_exact_and_the_last_revision(tmp_path: Path) -> None:
    found = exported(
        tmp_path,
        ("WindowMean", mean(source_id="B", parameter="O2", unit="%", value=None, limit=None)),
        ("WindowMean", mean(revision=2, value=1e22)),
        ("WindowMean", mean(revision=1)),
        ("WindowMean", mean(window="1h")),
        ("WindowMean", mean(start=T - 1)),
    )
    assert found["means.csv"].splitlines()[1:] == [
        "A,SO2,mg/m3,1h,2026-05-03T19:00:00Z,0.30000000000000004,1200,1200,VALID,500.0,1",
        "A,SO2,mg/m3,20min,2026-05-03T18:59:59.999Z,0.30000000000000004,1200,1200,VALID,500.0,1",
        "A,SO2,mg/m3,20min,2026-05-03T19:00:00Z,1e+22,1200,1200,VALID,500.0,2",
        "B,O2,%,20min,2026-05-03T19:00:00Z,,1200,1200,VALID,,1",
    ]


def test_withdrawn_gaps_are_left_out(tmp_path: Path) -> None:
    found = exported(
        tmp_path,
        ("DataGap", gap(id="g2", start=T + 5, parameter="SO2")),
        ("DataGap", gap()),
        ("DataGap", gap(id="g3")),
        ("DataGap", gap(id="g3", revision=2, status="WITHDRAWN")),
        ("DataGap", gap(revision=2, status="CLOSED", end=T + 60_000)),
    )
    assert found["gaps.csv"].splitlines()[1:] == [
        "A,,2026-05-03T19:00:00Z,2026-05-03T19:01:00Z,CLOSED",
        "A,SO2,2026-05-03T19:00:00.005Z,,OPEN",
    ]


def test_violations_have_the_promised_names(tmp_path: Path) -> None:
    found = exported(
        tmp_path,
        ("Violation", violation()),
        ("Violation", violation(id="v2", status="WITHDRAWN")),
        ("Violation", violation(id="v0", rule="KZ-NOASM", source_id=None, end=None,
                                deferred_until=T)),
    )  # fmt: skip
    first, second = (json.loads(line) for line in found["violations.ndjson"].splitlines())
    assert list(first) == [
        "id", "revision", "status", "rule", "rule_set", "bin", "source_id", "parameter", "unit",
        "start", "end", "value", "validated_value", "limit", "ratio", "automatic",
        "deferred_until", "detected_at", "evidence", "track", "certainty", "excess_mass_t",
    ]  # fmt: skip
    assert (first["rule"], first["start"], first["end"], first["detected_at"]) == (
        "KZ-30", "2026-05-03T19:00:00Z", "2026-05-03T19:30:00Z", "2026-05-03T19:30:00.250Z"
    )  # fmt: skip
    assert (second["source_id"], second["end"], second["deferred_until"]) == (
        None, None, "2026-05-03T19:00:00Z"
    )  # fmt: skip


def finding(**changes: Any) -> dict[str, Any]:
    record = {
        "id": "f1", "revision": 1, "status": "CLOSED", "kind": "FLATLINE", "bin": "990140001233",
        "source_id": "A", "parameter": "SO2", "start": T, "end": T + 7_200_000,
        "statistic": "hours without a change", "value": 2.0, "threshold": 1.0, "unit": "h",
        "detail": "SO2 stood still.", "basis": "", "track": "", "rule_set": "kz-1",
        "detected_at": T + 86_400_000,
    }  # fmt: skip
    return {**record, **changes}


def test_findings_have_every_field_and_stand(tmp_path: Path) -> None:
    found = exported(
        tmp_path,
        ("Finding", finding(revision=2, value=3.0)),
        ("Finding", finding()),
        ("Finding", finding(id="f2", status="WITHDRAWN")),
        ("Finding", finding(id="f0", kind="CLIPPING", source_id=None, end=None)),
    )
    first, second = (json.loads(line) for line in found["findings.ndjson"].splitlines())
    assert list(first) == list(finding())
    assert (first["kind"], first["source_id"], first["end"]) == ("CLIPPING", None, None)
    assert (second["value"], second["start"]) == (3.0, "2026-05-03T19:00:00Z")


def test_a_dead_letter_is_told_once_by_its_place(tmp_path: Path) -> None:
    letter = {"reason": "UNDECODABLE", "source_id": None, "topic": "t", "partition": 1, "offset": 7}
    other = {**letter, "reason": "TOO_LATE", "source_id": "A", "offset": 10}
    records = [("DeadLetter", record) for record in (letter, letter, other)]
    found = exported(tmp_path, *records)
    assert found["dead-letters.csv"].splitlines()[1:] == [
        "TOO_LATE,A,1,10,,,,,",
        "UNDECODABLE,,1,7,,,,,",
    ]


def test_a_dead_letter_says_when_it_was_and_where_it_was_read(tmp_path: Path) -> None:
    letter = {
        "reason": "TOO_LATE", "source_id": "A", "topic": "t", "partition": 1, "offset": 7,
        "measured_at": T, "timestamp": T + 86_400_000, "detail": "it arrived, too late",
        "headers": [{"name": name, "value": value} for name, value in
                    (("x", b""), *origin_headers("день 1.csv", 12))],
    }  # fmt: skip
    strange = [{"name": "input-file", "value": b"f"}, {"name": "input-row", "value": b"-1"}]
    other = {**letter, "offset": 8, "measured_at": 2**62, "headers": strange}
    found = exported(tmp_path, ("DeadLetter", letter), ("DeadLetter", other))
    assert found["dead-letters.csv"].splitlines()[1:] == [
        "TOO_LATE,A,1,7,2026-05-03T19:00:00Z,2026-05-04T19:00:00Z,день 1.csv,12,"
        '"it arrived, too late"',
        'TOO_LATE,A,1,8,4611686018427387904 ms,2026-05-04T19:00:00Z,,,"it arrived, too late"',
    ]


def test_cases_are_the_last_revisions_by_id_without_those_withdrawn(tmp_path: Path) -> None:
    def case(**changes: Any) -> tuple[str, dict[str, Any]]:
        return "AdministrativeCase", msgspec.to_builtins(msgspec.structs.replace(CASE, **changes))

    found = exported(
        tmp_path,
        case(id="b", revision=2, state="CLOSED"),
        case(id="b", revision=1, state="OPEN"),
        case(
            id="a", article="328", part="2", due={"protocol_by": None}, excess_mass_t={"SO2": 0.5}
        ),
        case(id="c", state="WITHDRAWN"),
    )
    first, second = (json.loads(line) for line in found["cases.ndjson"].splitlines())
    assert list(first) == [
        "id", "revision", "state", "reasons", "track", "act", "article", "part", "bin",
        "source_id", "start", "end", "violations", "absorbed", "excess_mass_t", "fine_kzt",
        "repeat_of", "related", "deferred_until", "detected_at", "opened_at", "due",
    ]  # fmt: skip
    assert (first["id"], first["article"], first["part"]) == ("a", "328", "2")
    assert (first["excess_mass_t"], first["due"]) == ({"SO2": 0.5}, {"protocol_by": None})
    assert first["detected_at"].endswith("Z")
    assert (second["id"], second["revision"], second["state"]) == ("b", 2, "CLOSED")
