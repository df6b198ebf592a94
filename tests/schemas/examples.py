"""One value of every record, with each field set to something that would show a mix-up."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from schemas.reading import Reading
from schemas.records import record_of
from streams.core.records.case import AdministrativeCase, CaseItem, FineFactor
from streams.core.records.findings import (
    Article,
    DataGap,
    DeadLetter,
    Finding,
    Proof,
    Violation,
    WindowMean,
)
from streams.core.records.notice_verdict import NoticeVerdict
from streams.core.records.root import SourceDayRoot
from streams.core.registry.enterprise import Enterprise
from streams.core.registry.measure import Measure
from streams.core.registry.notice import Notice

READING = Reading(
    "KZ-0001-01",
    1_772_305_260_000,
    60,
    "STARTUP",
    "A-17",
    {"SO2": 310.25, "O2": 7.4, "TEMPERATURE": -0.5},
    {"SO2": "C"},
)
MEAN = WindowMean(
    source_id="KZ-0001-01",
    parameter="SO2",
    unit="mg/m3",
    window="20min",
    start=1_772_305_200_000,
    end=1_772_306_400_000,
    value=497.63,
    raw_value=310.25,
    validated_value=397.63,
    min=1.5,
    max=600.0,
    count=19,
    valid_s=1080,
    due_s=1140,
    excused_s=60,
    status="VALID",
    seconds_by_code={"VALID": 1080, "STATUS_C": 60},
    limit=500.0,
    rule_set="2026.1",
    revision=3,
    final=True,
    stream_time=1_772_306_700_001,
)
GAP = DataGap("0b9f", 2, "CLOSED", "KZ-0001-01", "SO2", 1_772_305_200_000, 1_772_312_400_000, 7)
VIOLATION = Violation(
    id="6f0b",
    revision=2,
    status="AMENDED",
    rule="KZ-3H",
    rule_set="2026.1",
    legal_basis=(
        Article("EC", "202", point="6", subpoint="2"),
        Article("КоАП", "328", part="3"),
        Article("Order 208", point="26"),
    ),
    bin="990140001233",
    enterprise={"ru": "Станция", "kk": "Стансасы", "en": "Station"},
    region="KZ-55",
    category=1,
    business_size="large",
    source_id="KZ-0001-01",
    parameter="SO2",
    unit="mg/m3",
    start=1_772_305_200_000,
    end=None,
    value=1200.5,
    validated_value=1100.5,
    limit=500.0,
    ratio=2.401,
    excess_mass_t=0.25,
    device_serial="A-17",
    verification="BA-1",
    verification_until=1_803_834_000_000,
    detected_at=1_772_320_000_000,
    automatic=True,
    deferred_until=None,
    evidence=(Proof("emissions.readings", 3, 10, 4_294_967_296, 420, "ab" * 32),),
    track="COURT",
    certainty="inferred",
    reasons=("CONFLICTING_DATA", "UNVERIFIED_DEVICE"),
)
FINDING = Finding(
    id="7a1c",
    revision=2,
    status="CLOSED",
    kind="FLATLINE",
    bin="990140001233",
    source_id="KZ-0001-01",
    parameter="SO2",
    start=1_772_305_200_000,
    end=1_772_312_400_000,
    statistic="hours without a change",
    value=2.0,
    threshold=1.0,
    unit="h",
    detail="SO2 stood still for 2 hours.",
    basis="Order 208, point 30",
    track="INSPECTION",
    rule_set="2026.1",
    detected_at=1_772_320_000_000,
)
DEAD_LETTER = DeadLetter(
    reason="UNDECODABLE",
    stage="decode",
    detail="the message has no value",
    source_id=None,
    topic="emissions.readings",
    partition=1,
    offset=99,
    timestamp=1_772_305_200_000,
    key=b"KZ-0001-01",
    value=None,
    headers=(("traceparent", b"\x00\xff"),),
)
ENTERPRISE = msgspec.convert(
    {
        "bin": "990140001233",
        "name": {"ru": "Станция", "kk": "Стансасы", "en": "Station"},
        "region": "KZ-55",
        "category": 1,
        "business_size": "large",
        "commissioned_on": "2009-05-01",
        "asm": {
            "installed_on": "2023-02-01",
            "connected_on": "2023-03-01",
            "software_sha256": "0123456789abcdef" * 4,
        },
        "roadmap": {"until": "2027-12-31", "reference": "No 7"},
        "test": True,
        "investor_register": True,
        "sources": [
            {
                "id": "KZ-0001-01",
                "name": "Stack 1",
                "timezone": "Asia/Aqtau",
                "criteria": {
                    "plant": "station",
                    "fuel": "solid",
                    "electric_mw": 210,
                    "gross_t_a": 4100,
                },
                "location": {
                    "lat": 52.28,
                    "lon": 76.97,
                    "town": {"ru": "Павлодар", "kk": "Павлодар", "en": "Pavlodar"},
                },
                "stack_area_m2": 28.2743,
                "cadence_s": 60,
                "devices": [
                    {
                        "name": "Gas analyser",
                        "serial": "A-17",
                        "verification": {
                            "number": "BA-1",
                            "on": "2026-02-01",
                            "until": "2027-02-01",
                        },
                        "type_certificate": {
                            "number": "TC-1",
                            "on": "2022-01-10",
                            "until": "2032-01-10",
                        },
                    }
                ],
                "channels": [
                    {
                        "parameter": "SO2",
                        "unit": "ppm",
                        "basis": "dry",
                        "range": [0, 3000],
                        "conditions": {
                            "temperature_k": 273.15,
                            "pressure_kpa": 101.325,
                            "dry": True,
                            "o2_pct": 6,
                        },
                        "molar_mass": 64.066,
                    },
                    {"parameter": "PRESSURE", "unit": "kPa", "gauge": True},
                    {"parameter": "SO2_GS", "unit": "g/s", "reports": "SO2"},
                ],
                "barometric_kpa": 98.7,
                "keys": [
                    {
                        "id": "station-2026",
                        "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                        "valid_from": "2026-01-01",
                        "valid_until": "2028-01-01",
                    }
                ],
                "signatures": "require",
                "limits": [
                    {
                        "parameter": "SO2",
                        "value": 500,
                        "unit": "mg/m3",
                        "confidence_interval_pct": 20,
                        "valid_from": "2024-01-01",
                        "valid_to": "2027-01-01",
                        "reference": {
                            "temperature_k": 293.15,
                            "pressure_kpa": 101.3,
                            "dry": False,
                            "o2_pct": 3,
                        },
                    }
                ],
                "excused": [
                    {
                        "from": "2026-03-01T00:00:00+05:00",
                        "to": "2026-03-03T00:00:00+05:00",
                        "kind": "PLANNED_MAINTENANCE",
                        "notified_at": "2026-02-20T09:00:00+05:00",
                    }
                ],
            }
        ],
    },
    Enterprise,
)

NOTICE = Notice(
    id="KZ-0001/2026-17",
    kind="MARK",
    bin="990140001233",
    source_id="KZ-0001-01",
    start=1_772_305_200_000,
    end=1_772_308_800_000,
    parameter="SO2",
    flag="C",
    withdraws="KZ-0001/2026-16",
    reason="калибровка",
    note="n",
    single_mean=510.5,
    norm=500.0,
    unit="mg/m3",
    eliminated_at=1_772_308_800_000,
)
ROOT = SourceDayRoot(
    source_id="KZ-0001-01",
    bin="990140001233",
    day="2026-03-01",
    start=1_772_305_200_000,
    end=1_772_391_600_000,
    topic="emissions.readings",
    partition=1,
    first_offset=5,
    last_offset=2890,
    count=1440,
    root="ab" * 32,
    revision=2,
    final=True,
    complete=True,
    stream_time=1_772_650_800_001,
)
VERDICT = NoticeVerdict(
    notice_id=NOTICE.id,
    revision=2,
    verdict="IN_TIME",
    detail="it arrived in its term",
    kind=NOTICE.kind,
    bin=NOTICE.bin,
    source_id=NOTICE.source_id,
    parameter="SO2",
    start=NOTICE.start,
    end=NOTICE.end,
    state=None,
    flag="C",
    reason_given="калибровка",
    withdraws=NOTICE.withdraws,
    completes=None,
    withdrawn_by=None,
    form={"note": "n"},
    term="24 h after the end of each reading it touches",
    basis="policy",
    due=1_772_391_660_000,
    arrived_at=1_772_312_400_000,
    decided_at=1_772_312_410_000,
)
CASE = AdministrativeCase(
    id="51ca",
    revision=3,
    state="REVIEW",
    reasons=("MASS_INCOMPLETE", "UNVERIFIED_DEVICE"),
    track="COURT",
    act="KoAP",
    article="328",
    part="3",
    bin="990140001233",
    enterprise={"ru": "Станция", "kk": "Стансасы", "en": "Station"},
    region="KZ-55",
    category=1,
    business_size="large",
    source_id="KZ-0001-01",
    start=1_772_305_200_000,
    end=None,
    violations=("6f0b",),
    absorbed=("6f0c", "6f0d"),
    items=(
        CaseItem(
            violation="6f0b",
            rule="KZ-3H",
            parameter="SO2",
            unit="mg/m3",
            start=1_772_305_200_000,
            end=None,
            value=1200.5,
            limit=500.0,
            excess_mass_t=0.25,
            device_serial="A-17",
            verification="BA-1",
            verification_until=1_803_834_000_000,
        ),
    ),
    excess_mass_t={"SO2": 0.25, "DUST": None},
    measured_mass_t={"SO2": 0.25, "DUST": 0.125},
    fine_kzt=4_325_000,
    fine_missing=None,
    fine_factors=(FineFactor("SO2", "sulphur oxides", 0.25, 20.0, 4325, 20000),),
    repeat_of=("F-1",),
    systematic_with=("51c8", "51c9"),
    related=("51cb",),
    deferred_until=1_772_305_200_003,
    detected_at=1_772_305_200_001,
    opened_at=1_772_564_400_000,
    delivered_at=1_772_650_800_000,
    revised_at=1_772_564_400_002,
    due={"protocol_by": "2026-03-06", "appeal_until": None},
    rule_set="2026.1",
)
MEASURE = Measure(
    id="F-1",
    kind="FINE",
    bin="990140001233",
    case_id="51c8",
    source_id="KZ-0001-01",
    article="328",
    part="1",
    imposed_on=date(2026, 1, 10),
    overturned_on=date(2026, 2, 1),
    delivered_at=1_772_650_800_000,
    amount_kzt=4_325_000,
    reference="№ 17",
    closes=True,
)

RECORDS: dict[str, dict[str, Any]] = {
    "EmissionReading": record_of(READING),
    "StreamTick": {"sent_at": 1_772_305_210_000},
    "EnterpriseRegistration": msgspec.to_builtins(ENTERPRISE),
    "WindowMean": record_of(MEAN),
    "DataGap": record_of(GAP),
    "Violation": record_of(VIOLATION),
    "Finding": record_of(FINDING),
    "DeadLetter": record_of(DEAD_LETTER),
    "OperatorNotice": record_of(NOTICE),
    "NoticeVerdict": record_of(VERDICT),
    "SourceDayRoot": record_of(ROOT),
    "AdministrativeCase": record_of(CASE),
    "Measure": msgspec.to_builtins(MEASURE),
}
