"""One value of every record, with each field set to something that would show a mix-up."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.records import record_of
from streams.core.findings import Article, DataGap, DeadLetter, Proof, Violation, WindowMean
from streams.core.reading import Reading
from streams.core.registration import Enterprise

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
        "asm": {"installed_on": "2023-02-01", "connected_on": "2023-03-01"},
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
                    }
                ],
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

RECORDS: dict[str, dict[str, Any]] = {
    "EmissionReading": record_of(READING),
    "StreamTick": {"sent_at": 1_772_305_210_000},
    "EnterpriseRegistration": msgspec.to_builtins(ENTERPRISE),
    "WindowMean": record_of(MEAN),
    "DataGap": record_of(GAP),
    "Violation": record_of(VIOLATION),
    "DeadLetter": record_of(DEAD_LETTER),
}
