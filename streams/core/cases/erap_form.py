"""Maps a case to ЕРАП form 1-АВ: every field of the form, and where its value comes from.

The fields are those that the instruction on the unified register (Order № 85) lists for the
opening of a case. What neither the case nor the law gives is None, and named in ``to_fill``: the
body that opens the case knows it. Nothing is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

from streams.core.cases.content import CaseContent, content_of
from streams.core.law.country import Country
from streams.core.records.case import OPEN, AdministrativeCase, CaseItem
from streams.core.registry.enterprise import Device
from streams.core.time.wording import local_text

Origin = Literal["case", "code", "body"]
"""Whether a value is the case's, a code of the form's classifiers, or known to the body alone."""

KOAP: Final = "KoAP"
TRACKS: Final = ("PRESCRIPTION", "COURT")
LISTED: Final = 20
"""Violations that the circumstances spell out; the papers of the case list all of them."""

SIZE_CODES: Final = {"small": "12", "medium": "13", "large": "14"}
SUBJECT_CODE: Final = "03"
LANGUAGE_CODE: Final = "2"

_UNITS: Final = {"mg/m3": "мг/м³", "g/s": "г/с", "t/a": "т/год", "t": "т"}


def _no_devices(_bin: str, _source_id: str | None) -> tuple[Device, ...]:
    return ()


class FormScene(NamedTuple):
    """What a form needs beside its case: the country, and the titles of the rules in Russian.

    ``devices`` tells those that the registry has of a source, by БИН and id.
    """

    country: Country
    titles: Mapping[str, str]
    devices: Callable[[str, str | None], Iterable[Device]] = _no_devices


class FormField(NamedTuple):
    """A field of the form: its name in JSON, what it is, where it comes from, and its value."""

    name: str
    meaning: str
    origin: Origin
    source: str
    value: Callable[[AdministrativeCase, FormScene], Any]


def _none(_case: AdministrativeCase, _scene: FormScene) -> None:
    return None


def _by_body(name: str, meaning: str, note: str = "") -> FormField:
    return FormField(name, meaning, "body", note, _none)


def _place(case: AdministrativeCase, scene: FormScene) -> dict[str, str | None]:
    region = scene.country.regions.get(case.region)
    return {
        "region": case.region,
        "region_name": None if region is None else region.ru,
        "source_id": case.source_id,
    }


def _local(instant: int | None, scene: FormScene) -> str | None:
    return None if instant is None else local_text(instant, scene.country.zone)


def _means(case: AdministrativeCase, scene: FormScene) -> list[dict[str, Any]]:
    """List the devices in the order of their first reading, each with what it read."""
    return [
        {
            "name": device.name,
            "number": device.serial,
            "verification_number": device.verification,
            "verification_date": device.verified_on,
            "verification_until": _local(device.verification_until, scene),
            "readings": [
                {
                    "violation": item.violation,
                    "parameter": item.parameter,
                    "unit": item.unit,
                    "start": _local(item.start, scene),
                    "end": _local(item.end, scene),
                    "value": item.value,
                    "limit": item.limit,
                }
                for item in device.readings
            ],
        }
        for device in _content(case, scene).devices
    ]


def _content(case: AdministrativeCase, scene: FormScene) -> CaseContent:
    return content_of(case, "ru", scene.devices(case.bin, case.source_id))


FIELDS: Final[tuple[FormField, ...]] = (
    _by_body("body", "body that opens the case"),
    FormField("place", "place of the offence", "case", "`region`, `source_id`", _place),
    _by_body("number", "number of the form", "given at registration"),
    _by_body("date", "date of the form", "given at registration"),
    _by_body("protocol", "number, date and place of the протокол", "none without a court"),
    _by_body("budget_classification_code", "budget classification code"),
    _by_body("tax_body_code", "code of the tax body"),
    _by_body("payment_code", "code of the purpose of payment"),
    _by_body("official", "official"),
    FormField(
        "subject_type",
        "type of subject",
        "code",
        f"`{SUBJECT_CODE}`, legal person: a БИН names one. The registry does not tell foreign "
        "participation (05) or a branch (27)",
        lambda _case, _scene: SUBJECT_CODE,
    ),
    FormField("article", "article of the КоАП", "case", "`article`", lambda case, _: case.article),
    FormField("part", "part of the article", "case", "`part`", lambda case, _: case.part),
    _by_body("point", "point of the part", "the articles of these cases have none"),
    FormField(
        "offence_from",
        "date and time of the offence, its beginning",
        "case",
        "`start`, local",
        lambda case, scene: _local(case.start, scene),
    ),
    FormField(
        "offence_to",
        "its end",
        "case",
        "`end`, local; null: it goes on",
        lambda case, scene: _local(case.end, scene),
    ),
    _by_body("damage_kzt", "damage, ₸", "the estimate of the fine is no damage"),
    FormField(
        "circumstances",
        "fabula: the full circumstances",
        "case",
        "written from `items`",
        lambda case, scene: circumstances(case, scene),
    ),
    FormField(
        "language",
        "language of the case",
        "code",
        f"`{LANGUAGE_CODE}`, Russian: that of the circumstances",
        lambda _case, _scene: LANGUAGE_CODE,
    ),
    FormField(
        "technical_means",
        "technical means: name, number, verification, readings",
        "case",
        "`items`: serial number, number and end of the verification, readings; name of the device "
        "and date of that verification from the registry, null where it does not have them",
        _means,
    ),
    _by_body("legal_form_code", "code of the legal form"),
    FormField(
        "size_code",
        "code of the size of the business",
        "code",
        "`business_size`: " + ", ".join(f"{name} `{code}`" for name, code in SIZE_CODES.items()),
        lambda case, _: SIZE_CODES.get(case.business_size),
    ),
    FormField("bin", "БИН", "case", "`bin`", lambda case, _: case.bin),
    FormField(
        "name",
        "name of the legal person",
        "case",
        "`enterprise`, Russian",
        lambda case, scene: _content(case, scene).name,
    ),
    _by_body("registration", "number and date of its registration"),
    _by_body("address", "its address"),
    _by_body("phone", "its phone"),
    _by_body("email", "its e-mail"),
    _by_body("bank_details", "its bank details"),
    _by_body("annexes", "annexes: PDF, JPEG, PNG, SVG or TIFF", "papers of the case"),
    _by_body("heard_by", "who hears the case, and when"),
)
"""The form, in its order."""


def missing_form(case: AdministrativeCase) -> str | None:
    """Say why a revision of a case has no form; None: it has one.

    A form cannot be corrected or deleted once it is registered: so a case that waits for a person,
    or for a date, or that is over, has none.
    """
    if case.act != KOAP or case.track not in TRACKS:
        return "NO_OFFENCE_OF_THE_CODE"
    return None if case.state == OPEN else f"STATE_{case.state}"


def erap_form(case: AdministrativeCase, scene: FormScene) -> dict[str, Any] | None:
    """Return form 1-АВ of a case by the names of `FIELDS`, None where `missing_form` says why.

    ``to_fill`` lists the fields that are None because only the body knows them.
    """
    if missing_form(case) is not None:
        return None
    form: dict[str, Any] = {field.name: field.value(case, scene) for field in FIELDS}
    form["to_fill"] = [field.name for field in FIELDS if field.origin == "body"]
    return form


def circumstances(case: AdministrativeCase, scene: FormScene) -> str:
    """Describe in Russian what was measured, when, by what, and that an algorithm decided."""
    content = _content(case, scene)
    where = "" if case.source_id is None else f", источник {case.source_id}"
    sentences = [
        f"{content.name} (БИН {case.bin}){where}: автоматизированная система мониторинга эмиссий, "
        f"нарушений {len(case.items)}.",
        *_violations(case.items[:LISTED], scene),
    ]
    if len(case.items) > LISTED:
        sentences.append(f"Ещё нарушений: {len(case.items) - LISTED}; полный перечень — в деле.")
    sentences.append(
        f"Дело {case.id} открыто {_local(case.opened_at, scene)}. {content.disclosure.decided} "
        f"{content.disclosure.review}"
    )
    return " ".join(sentences)


def _violations(items: Iterable[CaseItem], scene: FormScene) -> Iterable[str]:
    for number, item in enumerate(items, 1):
        until = "длится" if item.end is None else f"по {_local(item.end, scene)}"
        said = [f"{scene.titles.get(item.rule, '')} ({item.rule})".strip()]
        said.append(f"с {_local(item.start, scene)} {until}")
        if item.value is not None:
            unit = _UNITS.get(item.unit or "", item.unit or "")
            norm = "" if item.limit is None else f" при нормативе {_number(item.limit)} {unit}"
            said.append(f"{item.parameter or ''} {_number(item.value)} {unit}{norm}".strip())
        if item.device_serial is not None:
            checked = "поверки нет" if item.verification is None else f"поверка {item.verification}"
            said.append(f"прибор {item.device_serial}, {checked}")
        yield f"{number}) {'; '.join(said)}."


def _number(value: float) -> str:
    return f"{value:.10g}".replace(".", ",")
