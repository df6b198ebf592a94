"""Gathers what every paper of a case must hold: the dossier and ЕРАП form 1-АВ are made from it.

The items of a prescription are those of КоАП 822-1 that the data hold, the three blocks those of
the Digital Code, article 43: that an algorithm decided, the key factors, how to demand review by a
person. What the law gives to the body alone (its address, the official, the signature) is not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from streams.core.records.case import AdministrativeCase, CaseItem
from streams.core.records.notice_verdict import CONTRADICTED, LATE, PARTLY_LATE
from streams.core.registry.enterprise import Device
from streams.core.registry.notice import MARK, OUTAGES
from streams.core.time.interval import FOREVER

MOST_FACTORS: Final = 10
"""Sentences of key factors at most (specification 12)."""

WITHOUT_EFFECT: Final = (LATE, PARTLY_LATE, CONTRADICTED)
"""Verdicts on notices that change nothing, or not all that they say."""

_DECIDED: Final = {
    "ru": "Нарушение выявлено, квалифицировано и сведено в дело алгоритмом без участия человека "
    "(Цифровой кодекс, ст. 43). Алгоритм применяет одинаковые опубликованные правила ко всем; "
    "набор правил {rules}.",
    "kk": "Бұзушылықты алгоритм адамның қатысуынсыз анықтап, саралап, іске біріктірді (Цифрлық "
    "кодекс, 43-бап). Алгоритм барлығына бірдей жарияланған ережелерді қолданады; {rules} ережелер "
    "жинағы.",
    "en": "An algorithm found and classified the violation and made the case of it without a "
    "person (Digital Code, article 43). It applies the same published rules to all; rule set "
    "{rules}.",
}
_REVIEW: Final = {
    "ru": "Субъект вправе потребовать, чтобы решение рассмотрел уполномоченный специалист. "
    "Требование подаётся в территориальный департамент экологии по месту нахождения объекта, "
    "письменно или электронным документом, с указанием номера дела {id}; объяснение каждого числа "
    "доступно субъекту по этому номеру.",
    "kk": "Субъект шешімді уәкілетті маманның қарауын талап етуге құқылы. Талап объект орналасқан "
    "жердегі аумақтық экология департаментіне жазбаша немесе электрондық құжатпен, {id} іс нөмірін "
    "көрсете отырып беріледі; әрбір санның түсіндірмесі осы нөмір бойынша субъектіге қолжетімді.",
    "en": "The subject may demand that an authorised specialist reviews the decision. The demand "
    "goes to the territorial department of ecology where the object is, in writing or as an "
    "electronic document, and names the case {id}; under it every number is explained to the "
    "subject.",
}


class DeviceReadings(NamedTuple):
    """A device, its papers, and what it read: items 5 and 6 of КоАП 822-1.

    ``name``, ``verified_on`` and the certificate are those of the registry, None where it does not
    have the device with that serial number. Dates are ISO 8601 days or times, as registered;
    ``verification_until`` is ms UTC.
    """

    serial: str | None
    verification: str | None
    verification_until: int | None
    readings: tuple[CaseItem, ...]
    name: str | None = None
    verified_on: str | None = None
    certificate: str | None = None
    certificate_until: str | None = None


class Disclosure(NamedTuple):
    """The three blocks of the Digital Code, article 43, in one language."""

    decided: str
    factors: tuple[str, ...]
    review: str


class ToldNotice(NamedTuple):
    """A notice of the operator with its verdict; times in ms UTC.

    ``says`` is the state or flag of a mark, empty for another notice.
    """

    id: str
    kind: str
    verdict: str
    start: int | None
    end: int | None
    parameter: str | None
    says: str
    reason_given: str
    basis: str
    arrived_at: int


class CaseContent(NamedTuple):
    """What a paper of a case holds, in one language; times are ms UTC.

    Subject and place, time and article of the offence, devices with their readings, the sum or why
    there is none, the terms, and the blocks of the Digital Code.
    """

    bin: str
    name: str
    region: str
    source_id: str | None
    act: str
    article: str
    part: str | None
    start: int
    end: int | None
    devices: tuple[DeviceReadings, ...]
    fine_kzt: int | None
    fine_missing: str | None
    due: dict[str, str | None]
    disclosure: Disclosure


def content_of(
    case: AdministrativeCase,
    language: str,
    devices: Iterable[Device] = (),
    factors: Sequence[str] = (),
) -> CaseContent:
    """Return what a paper of a case holds in a language (ru, kk, en).

    ``devices`` are those that the registry has of the source, ``factors`` the sentences that
    explain the violation that weighs most.
    """
    return CaseContent(
        bin=case.bin,
        name=case.enterprise.get(language) or case.enterprise.get("ru") or case.bin,
        region=case.region,
        source_id=case.source_id,
        act=case.act,
        article=case.article,
        part=case.part,
        start=case.start,
        end=case.end,
        devices=devices_of(case.items, devices),
        fine_kzt=case.fine_kzt,
        fine_missing=case.fine_missing,
        due=case.due,
        disclosure=Disclosure(
            decided=_DECIDED[language].format(rules=case.rule_set),
            factors=tuple(factors[:MOST_FACTORS]),
            review=_REVIEW[language].format(id=case.id),
        ),
    )


def devices_of(
    items: Iterable[CaseItem], registered: Iterable[Device] = ()
) -> tuple[DeviceReadings, ...]:
    """List the devices of a case in the order of their first reading, each with what it read.

    Items without a value are a silence or a duty: nothing read them.
    """
    found: dict[tuple[str | None, str | None, int | None], list[CaseItem]] = {}
    for item in items:
        if item.value is not None or item.device_serial is not None:
            key = item.device_serial, item.verification, item.verification_until
            found.setdefault(key, []).append(item)
    known = tuple(registered)
    return tuple(
        _with_papers(DeviceReadings(*key, tuple(readings)), known)
        for key, readings in found.items()
    )


def _with_papers(device: DeviceReadings, registered: Iterable[Device]) -> DeviceReadings:
    """Add what the registry has: the date of a verification only if it has that very number."""
    for each in registered:
        if device.serial is None or each.serial != device.serial:
            continue
        device = device._replace(name=each.name)
        if each.type_certificate is not None:
            device = device._replace(
                certificate=each.type_certificate.number,
                certificate_until=each.type_certificate.until,
            )
        if each.verification is not None and each.verification.number == device.verification:
            return device._replace(verified_on=each.verification.on)
    return device


def notices_without_effect(
    case: AdministrativeCase, notices: Iterable[ToldNotice]
) -> tuple[ToldNotice, ...]:
    """List the notices that touch the violations of a case and do not do what they say.

    A late mark or one that the data contradict changes nothing, and a late notice of an outage
    excuses nothing; the case says so (specification 14). In the order of their arrival.
    """
    return tuple(
        sorted(
            (
                each
                for each in notices
                if each.verdict in WITHOUT_EFFECT
                and (each.kind == MARK or each.kind in OUTAGES)
                and any(_meet(each, item) for item in case.items)
            ),
            key=lambda each: (each.arrived_at, each.id),
        )
    )


def _meet(notice: ToldNotice, item: CaseItem) -> bool:
    if notice.start is None or notice.end is None:
        return False
    if notice.parameter is not None and item.parameter not in (None, notice.parameter):
        return False
    end = FOREVER if item.end is None else item.end
    return max(notice.start, item.start) < min(notice.end, end)
