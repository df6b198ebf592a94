"""An administrative case: the record that an episode of violations opens.

Field names, order and meaning are those of ``schemas/administrative_case.avsc``. Times are
milliseconds UTC, dates ISO 8601 days of the local calendar; what does not apply is None.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from streams.core.records.findings import NAMESPACE

OPEN: Final = "OPEN"
REVIEW: Final = "REVIEW"
DEFERRED: Final = "DEFERRED"
WITHDRAWN: Final = "WITHDRAWN"
CLOSED: Final = "CLOSED"


class CaseItem(msgspec.Struct, frozen=True, gc=False):
    """One violation of a case as КоАП 822-1 wants it: when, what was read, by which device."""

    violation: str
    rule: str
    parameter: str | None
    unit: str | None
    start: int
    end: int | None
    value: float | None
    limit: float | None
    excess_mass_t: float | None
    device_serial: str | None
    verification: str | None
    verification_until: int | None


class FineFactor(msgspec.Struct, frozen=True, gc=False):
    """What the fine for one parameter was computed from: t · МРП a tonne · ₸ · percent / 100.

    A fine by the size of the business has only ``index_kzt``, and ``mci`` that it is multiplied by.
    """

    parameter: str | None
    substance: str | None
    tonnes: float | None
    rate_mci: float | None
    index_kzt: int
    percent: int | None
    mci: int | None = None


class AdministrativeCase(msgspec.Struct, frozen=True, gc=False):
    """The case that an episode opens, one revision of it."""

    id: str
    revision: int
    state: str  # OPEN | REVIEW | DEFERRED | WITHDRAWN | CLOSED
    reasons: tuple[str, ...]
    track: str
    act: str  # KoAP | ORDER-208
    article: str
    part: str | None
    bin: str
    enterprise: dict[str, str]
    region: str
    category: int
    business_size: str
    source_id: str | None
    start: int
    end: int | None
    violations: tuple[str, ...]
    absorbed: tuple[str, ...]
    items: tuple[CaseItem, ...]
    excess_mass_t: dict[str, float | None]
    measured_mass_t: dict[str, float]
    fine_kzt: int | None
    fine_missing: str | None  # why there is no fine
    fine_factors: tuple[FineFactor, ...]
    repeat_of: tuple[str, ...]
    systematic_with: tuple[str, ...]
    related: tuple[str, ...]
    deferred_until: int | None
    detected_at: int
    opened_at: int | None
    delivered_at: int | None
    revised_at: int
    due: dict[str, str | None]
    rule_set: str


def case_id(violation: str) -> str:
    """Identity of a case: the id of its first violation."""
    return str(uuid.uuid5(NAMESPACE, f"case|{violation}"))
