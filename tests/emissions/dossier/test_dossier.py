"""Dossiers of cases of several kinds: what they say, that names are safe, the same bytes twice."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import msgspec
import pytest
from pypdf import PdfReader

from emissions.dossier.contents import SHOWN, document_of
from emissions.dossier.document import Document, Table
from emissions.dossier.formats import day, moment, money, number
from emissions.dossier.page import page_of
from emissions.dossier.pdf import pdf_of
from emissions.dossier.words import LANGUAGES, DossierWords
from streams.core.cases.content import ToldNotice
from streams.core.records.case import AdministrativeCase
from streams.rules.payment import load_payment
from tests.core.examples import ALMATY, BIN, local
from tests.emissions.dossier.examples import KINDS, RULES, SHA, exceedance, facts_of, many

BUNDLE = ("case.zip", bytes(range(256)) * 40)
HOSTILE = '#set page("a0") $x$ */ <script>alert(1)</script> & "quoted" \\ `raw` @ref [ ] {0} ' * 20


def tables(document: Document) -> list[Table]:
    return [b for section in document.sections for b in section.blocks if isinstance(b, Table)]


def plain(document: Document) -> str:
    """Everything that the document says, but for its drawings."""
    found = re.sub(r'"(?:svg|qr)":"(?:[^"\\]|\\.)*"', "", msgspec.json.encode(document).decode())
    return found.replace("\u00a0", " ")


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u00a0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_case_has_both_forms_twice_alike(kind: str, language: str) -> None:
    facts = facts_of(*KINDS[kind]())
    document = document_of(facts, language)
    assert document == document_of(facts, language)
    assert page_of(document) == page_of(document)
    made = pdf_of(document, BUNDLE)
    assert made == pdf_of(document, BUNDLE)
    written = text_of(made)
    for said in (facts.case.id[:8], BIN, document.sections[0].heading):
        assert said in page_of(document)
        assert said in written


def test_the_pdf_is_a_3b_with_the_bundle_inside_and_fonts_of_its_own() -> None:
    document = document_of(facts_of(*exceedance()), "ru")
    reader = PdfReader(io.BytesIO(pdf_of(document, BUNDLE)))
    assert reader.attachments == {BUNDLE[0]: [BUNDLE[1]]}
    meta = reader.xmp_metadata
    assert meta is not None
    said = meta.stream.get_data().decode()
    assert re.search(r"pdfaid:part>3<", said)
    assert re.search(r"pdfaid:conformance>B<", said)
    catalog = reader.trailer["/Root"]
    assert "/OutputIntents" in catalog  # type: ignore[operator]
    fonts = {
        font.get_object()["/BaseFont"]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert fonts
    assert all(re.match(r"/[A-Z]{6}\+", str(name)) for name in fonts), "a font is not inside"
    again = PdfReader(io.BytesIO(pdf_of(document)))
    assert not again.attachments


def test_it_says_what_a_prescription_must_hold() -> None:
    case, violations = exceedance()
    said = plain(document_of(facts_of(case, violations), "ru"))
    for item in (
        "ТОО «Пример Энерго»", BIN, "Павлодарская область", "Сера диоксид", "512,25 мг/м³",
        "КоАП РК, ст. 328 ч. 1", "GX-1042", "KZ-V-77/2026", "15.01.2027", "Газоанализатор ГА-200",
        "KZ.02.03.08912-2024", SHA, "20.05.2026", "статья 43 Цифрового кодекса",
        "рассмотрел уполномоченный специалист", "Дымовая труба № 1",
    ):  # fmt: skip
        assert item in said, item


def test_each_factor_of_the_fine_is_shown_and_the_rows_add_up() -> None:
    case, violations = exceedance()
    (table,) = [
        each for each in tables(document_of(facts_of(case, violations), "ru")) if each.total
    ]
    *rows, total = table.rows
    payment = load_payment()
    expected = 0.0
    for row, factor in zip(rows, case.fine_factors, strict=True):
        assert factor.tonnes is not None
        assert factor.rate_mci is not None
        assert factor.percent is not None
        amount = factor.tonnes * factor.rate_mci * factor.index_kzt * factor.percent / 100
        assert row[-1] == number(amount, 2)
        expected += amount
    assert case.fine_kzt == round(expected)
    assert total[-1] == money(round(expected))
    assert payment.article == case.article


def test_what_is_not_measured_has_no_sum_and_says_why() -> None:
    said = plain(document_of(facts_of(*KINDS["doubtful"]()), "ru"))
    assert "Сумма штрафа не исчислена: масса сверх норматива измерена не полностью" in said
    assert "средство измерений не имеет действующей поверки" in said
    assert "Требует рассмотрения должностным лицом" in said


def test_a_tonne_of_another_case_is_explained() -> None:
    case, violations = exceedance()
    assert "учитывается один раз" not in plain(document_of(facts_of(case, violations), "ru"))
    less = msgspec.structs.replace(
        case, related=("ee3041e1-038b-568c-986d-26474deef865",), excess_mass_t={"SO2": 0.5}
    )
    assert "учитывается один раз" in plain(document_of(facts_of(less, violations), "ru"))


def test_a_ground_for_an_inspection_has_no_fine() -> None:
    document = document_of(facts_of(*KINDS["silence"]()), "ru")
    said = plain(document)
    assert document.title == "Материалы об основании для проверки"
    assert "Данные не поступали 2 сут 2 ч" in said
    assert "₸" not in said


def test_a_mark_that_changed_nothing_is_shown_with_the_reason() -> None:
    case, violations = exceedance()
    facts = facts_of(case, violations)
    notice = ToldNotice(
        "N-1", "MARK", "CONTRADICTED", case.start, case.start + 1, "SO2", "F", "", "", case.start
    )
    for language, says in (("ru", "противоречит расходу газа"), ("kk", "газ шығынына қайшы")):
        assert says in plain(document_of(facts._replace(notices=(notice,)), language))
        assert says not in plain(document_of(facts, language))


def test_without_registration_and_chart_it_is_still_whole() -> None:
    for make in KINDS.values():
        facts = facts_of(*make(), whole=False)
        document = document_of(facts, "kk")
        assert pdf_of(document)
        assert f"urn:uuid:{facts.case.id}" == document.qr_text


def test_long_cases_have_an_annex_with_every_window() -> None:
    case, violations = many(SHOWN + 30)
    document = document_of(facts_of(case, violations), "ru")
    assert document.sections[-1].annex
    (annex,) = [b for b in document.sections[-1].blocks if isinstance(b, Table)]
    assert len(annex.rows) == len(violations)
    assert f"Показаны первые {SHOWN} из {len(violations)}" in plain(document)
    pages = PdfReader(io.BytesIO(pdf_of(document))).pages
    assert "Кратность" in pages[-1].extract_text()  # the head of the table is repeated


class Tags(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            assert not (name in ("href", "src") and value and not value.startswith("#"))


def test_names_are_never_markup() -> None:
    case, violations = exceedance()
    name = {"ru": HOSTILE, "kk": HOSTILE, "en": HOSTILE}
    case = msgspec.structs.replace(case, enterprise=name, rule_set=HOSTILE)
    facts = facts_of(case, violations)
    document = document_of(facts, "ru")
    page = Tags()
    page.feed(page_of(document))
    assert "script" not in page.seen
    assert "img" not in page.seen
    assert '#set page("a0") $x$' in text_of(pdf_of(document)).replace("\n", " ")


def test_the_chart_is_styled_by_what_the_policy_allows() -> None:
    written = page_of(document_of(facts_of(*exceedance()), "ru"))
    assert len(re.findall("<style>", written)) == 2
    (policy,) = re.findall(r'content="(default-src[^"]*)"', written)
    assert policy.count("sha256-") == 2
    assert "var(--" not in written


def test_a_settled_part_takes_the_place_of_the_rules() -> None:
    case, violations = exceedance()
    repeated = msgspec.structs.replace(case, part="2", repeat_of=("fine-1",))
    said = plain(document_of(facts_of(repeated, violations), "ru"))
    assert "КоАП РК, ст. 328 ч. 2" in said
    assert "совершённое повторно" in said
    assert "fine-1" in said


def test_every_rule_of_the_country_has_words_for_its_law() -> None:
    for language in LANGUAGES:
        words = DossierWords(language)
        for rule in RULES.rules:
            for place in rule.legal_basis:
                places = (place.article, place.part, place.point, place.subpoint)
                assert words.says(place.act, places) != "—", (rule.code, place)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"), (0.0, "0"), (512.25, "512,25"), (1234567.5, "1 234 567,5"),
        (-0.5, "-0,5"), (1e-9, "1,00e-09"), (400.0, "400"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_offices_do(value: float | None, text: str) -> None:
    assert number(value).replace("\u00a0", " ") == text


def test_dates_and_times_are_local() -> None:
    assert day("2026-03-01") == "01.03.2026"
    assert day("2026-03-01T00:00:00+05:00") == "01.03.2026"
    assert day("some day") == "some day"
    assert day(None) == "—"
    assert moment(local("2026-03-01"), ALMATY) == "01.03.2026 00:00"
    assert moment(None, ALMATY) == "—"


def test_closed_and_withdrawn_cases_say_so() -> None:
    case, violations = exceedance()
    for state, said in (("CLOSED", "Закрыто решением"), ("WITHDRAWN", "Отозвано")):
        changed: AdministrativeCase = msgspec.structs.replace(case, state=state)
        assert said in plain(document_of(facts_of(changed, violations), "ru"))
