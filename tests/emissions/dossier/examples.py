"""Cases of several kinds, counted by the code that counts them, and their facts."""

from __future__ import annotations

import msgspec

from emissions.dossier.facts import DossierFacts
from streams.core.explanation.chart import Chart, Point, Span
from streams.core.records.case import AdministrativeCase
from streams.core.records.findings import Proof, Violation
from streams.core.registry.enterprise import (
    Asm,
    Device,
    Enterprise,
    Location,
    Names,
    Source,
    TypeCertificate,
    Verification,
)
from streams.core.time.interval import DAY, HOUR, MINUTE
from streams.rules.load import load_rules
from tests.core.cases.facts import DUTIES, Docket, violation
from tests.core.examples import ALMATY, BIN, local

RULES = load_rules()
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
NAME = {"ru": "ТОО «Пример Энерго»", "kk": "«Мысал Энерго» ЖШС", "en": "Example Energy LLP"}


def measured(one: Violation, value: float, limit: float, **changes: object) -> Violation:
    """A violation with the numbers of a window in mg/m3, a device, and the messages used."""
    numbers = {
        "unit": "mg/m3", "value": value, "validated_value": value, "limit": limit,
        "ratio": value / limit, "device_serial": "GX-1042", "verification": "KZ-V-77/2026",
        "verification_until": local("2027-01-15"), "enterprise": NAME,
        "evidence": (Proof("emissions.readings", 3, 1000, 1143, 144, SHA),),
    }  # fmt: skip
    return msgspec.structs.replace(one, **(numbers | changes))


def exceedance() -> tuple[AdministrativeCase, tuple[Violation, ...]]:
    """A day above the limit, and half hours at twice the limit, of two parameters."""
    docket = Docket()
    days = [
        measured(violation("KZ-DAY", "2026-05-04", excess_mass_t=0.8123), 512.25, 400.0),
        measured(
            violation("KZ-DAY", "2026-05-04", parameter="NOX", excess_mass_t=0.25), 231.5, 200.0
        ),
    ]
    halves = [
        measured(
            violation("KZ-30", local("2026-05-04") + at * 30 * MINUTE, excess_mass_t=0.1),
            820.0 + at,
            400.0,
        )
        for at in (10, 14, 22)
    ]
    docket.detect([*days, *halves])
    docket.until("2026-05-20")
    return docket.one(), tuple(sorted([*days, *halves], key=lambda e: (e.start, e.rule)))


def many(count: int) -> tuple[AdministrativeCase, tuple[Violation, ...]]:
    """A case of so many half hours."""
    docket = Docket()
    halves = [
        measured(
            violation("KZ-30", local("2026-05-04") + at * 30 * MINUTE, excess_mass_t=0.01),
            900.0,
            400.0,
        )
        for at in range(count)
    ]
    docket.detect(halves)
    docket.until("2026-06-20")
    case = next(iter(docket.last.values()))
    kept = {each.id: each for each in halves}
    return case, tuple(kept[each] for each in case.violations)


def silence() -> tuple[AdministrativeCase, tuple[Violation, ...]]:
    """A gap of two days: a ground for an inspection."""
    docket = Docket()
    start = local("2026-05-04")
    gap = msgspec.structs.replace(
        violation("KZ-GAP", start, start + 50 * HOUR), unit="s", value=180_000.0, limit=86_400.0,
        enterprise=NAME,
    )  # fmt: skip
    docket.found(start + 25 * HOUR, gap)
    docket.until("2026-05-20")
    return docket.one(), (gap,)


def duty() -> tuple[AdministrativeCase, tuple[Violation, ...]]:
    """No monitoring system: a case on the enterprise, without a source."""
    docket = Docket(DUTIES)
    absent = msgspec.structs.replace(
        violation("KZ-NOASM", "2026-05-04"), enterprise=NAME,
        evidence=(Proof("emissions.registry", 0, 12, 12, 1, SHA),),
    )  # fmt: skip
    docket.found(local("2026-05-04") + 1, absent)
    docket.until("2026-05-20")
    return docket.one(), (absent,)


def doubtful() -> tuple[AdministrativeCase, tuple[Violation, ...]]:
    """An exceedance of which the mass was not measured and the device is not verified."""
    docket = Docket()
    one = measured(
        violation(
            "KZ-DAY", "2026-05-04", excess_mass_t=None, automatic=False,
            reasons=("UNVERIFIED_DEVICE",),
        ),
        512.25, 400.0, verification=None, verification_until=None,
    )  # fmt: skip
    docket.detect([one])
    docket.until("2026-05-20")
    return docket.one(), (one,)


KINDS = {
    "exceedance": exceedance, "silence": silence, "duty": duty, "doubtful": doubtful,
}  # fmt: skip


def enterprise() -> tuple[Enterprise, Source]:
    source = Source(
        id="A", cadence_s=1200, channels=(), name="Дымовая труба № 1",
        devices=(
            Device(
                "Газоанализатор ГА-200", "GX-1042",
                Verification("KZ-V-77/2026", None, "2027-01-15"),
                TypeCertificate("KZ.02.03.08912-2024", None, "2029-06-01"),
            ),
        ),
        location=Location(52.28731, 76.96742, Names("Павлодар", "Павлодар", "Pavlodar")),
    )  # fmt: skip
    return (
        Enterprise(
            BIN, Names(NAME["ru"], NAME["kk"], NAME["en"]), "KZ-55", 1, "large", "2020-01-01",
            (source,), Asm("2023-01-01", "2023-02-01"),
        ),
        source,
    )  # fmt: skip


def chart() -> Chart:
    """A day of twenty-minute means around a limit."""
    start = local("2026-05-04")
    points = tuple(
        Point(at, at + 20 * MINUTE, 420.0 + 200 * ((number % 17) / 17), number % 13 != 0)
        for number, at in enumerate(range(start - 6 * HOUR, start + 30 * HOUR, 20 * MINUTE))
    )
    spans = (Span("gap", start + 15 * HOUR, start + 17 * HOUR),)
    return Chart(
        "SO2", "mg/m3", ALMATY, start, start + DAY, start - 6 * HOUR, start + 30 * HOUR, "20min",
        points, 400.0, 2, spans,
    )  # fmt: skip


def facts_of(
    case: AdministrativeCase, violations: tuple[Violation, ...], *, whole: bool = True
) -> DossierFacts:
    """The facts of a case; without ``whole`` nothing but the case and its violations is stored."""
    known, source = enterprise()
    factors: dict[str, tuple[str, ...]] = {
        "ru": ("Источник A предприятия превысил норматив.", "Все показания сверены."),
        "kk": ("A көзі нормативтен асты.", "Барлық көрсеткіштер салыстырылды."),
    }
    if not whole:
        return DossierFacts(case, violations, RULES, ALMATY)
    on_source = case.source_id is not None
    return DossierFacts(
        case, violations, RULES, ALMATY, known, source if on_source else None,
        (chart(),) if any(each.unit == "mg/m3" for each in violations) else (), factors,
        ("case.zip", SHA), "https://example.org/verify/1",
    )  # fmt: skip
