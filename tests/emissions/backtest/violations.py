"""Violations for tests."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from streams.core.records.findings import Article, Violation, violation_id
from streams.core.time.interval import DAY, HOUR
from tests.core.examples import local

DAY_OF = local("2026-05-04 00:00")
CODE = "КоАП РК № 235-V"

_MADE = Violation(
    id="", revision=1, status="CLOSED", rule="KZ-DAY", rule_set="kz-1",
    legal_basis=(Article(CODE, "328", "1"),), bin="990140001233",
    enterprise={"ru": "Р", "kk": "К", "en": "Plant"}, region="KZ-55", category=1,
    business_size="large", source_id="A", parameter="SO2", unit="mg/m3", start=DAY_OF,
    end=DAY_OF + DAY, value=620.0, validated_value=None, limit=500.0, ratio=1.24,
    excess_mass_t=3.1104, device_serial=None, verification=None, verification_until=None,
    detected_at=DAY_OF + DAY + HOUR, automatic=True, deferred_until=None, evidence=(),
    track="PRESCRIPTION", certainty="read", reasons=(),
)  # fmt: skip


def violation(start: int = DAY_OF, hours: float = 24, **changes: Any) -> Violation:
    """A violation of an interval, with the id that its rule and start give."""
    made = replace(_MADE, start=start, end=start + int(hours * HOUR), **changes)
    subject = made.source_id or made.bin
    return replace(made, id=violation_id(made.rule, subject, made.parameter, start))


def half_hour(at: float, tonnes: float | None, **changes: Any) -> Violation:
    """A KZ-30 that begins so many hours after midnight."""
    start = DAY_OF + int(at * HOUR)
    return violation(start, 0.5, rule="KZ-30", excess_mass_t=tonnes, **changes)


def run(at: float, hours: float, tonnes: float, **changes: Any) -> Violation:
    """A KZ-3H."""
    basis = (Article(CODE, "328", "3"),)
    start = DAY_OF + int(at * HOUR)
    changes = {"rule": "KZ-3H", "legal_basis": basis, "track": "COURT", **changes}
    return violation(start, hours, excess_mass_t=tonnes, **changes)


def flow(at: float, tonnes: float) -> Violation:
    """A KZ-GS."""
    start = DAY_OF + int(at * HOUR)
    return violation(start, 1, rule="KZ-GS", unit="g/s", excess_mass_t=tonnes)
