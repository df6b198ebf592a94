"""Writes the document of a case from its facts: what an official signs, section by section.

The items are those of КоАП 822-1 that the data hold, and the three blocks of the Digital Code,
article 43. One file, although a long one: the order of the sections is the order of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from emissions.dossier.document import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Paragraph,
    Section,
    Signature,
    Steps,
    Table,
)
from emissions.dossier.drawing import chart_svg, qr_svg
from emissions.dossier.facts import DossierFacts
from emissions.dossier.formats import day, moment, money, number, offset
from emissions.dossier.words import DossierWords
from streams.core.cases.content import content_of
from streams.core.explanation.words import Words, length_text
from streams.core.law.rule import Rule
from streams.core.records.case import DEFERRED, REVIEW, FineFactor
from streams.core.records.findings import Article, Violation
from streams.rules.parameters import parameter_names

SHOWN: Final = 20
"""Rows of violations and of evidence in the text; the annex has the rest."""
MOST: Final = 1000
"""Rows of the annex: what is more is in the evidence file."""
_SECONDS: Final = "s"


def document_of(facts: DossierFacts, language: str) -> Document:
    """Return the document of a case in a language (ru or kk)."""
    return _Writer(facts, language).document()


class _Writer:
    def __init__(self, facts: DossierFacts, language: str) -> None:
        self._facts = facts
        self._case = facts.case
        self._words = DossierWords(language)
        self._language = language
        self._rules = {rule.code: rule for rule in facts.rules.rules}
        devices = () if facts.source is None else facts.source.devices
        self._content = content_of(facts.case, language, devices, facts.factors.get(language, ()))

    def document(self) -> Document:
        case, words = self._case, self._words
        at = f"{self._moment(case.revised_at)} ({offset(case.revised_at, self._facts.zone)})"
        said = self._facts.address or f"urn:uuid:{case.id}"
        return Document(
            language=self._language,
            title=words(f"title_{case.track}"),
            subtitle=words("subtitle", id=case.id, revision=case.revision, at=at),
            running=words("running", bin=case.bin, id=case.id[:8]),
            foot=words("foot", rules=case.rule_set),
            page_of=words("page_of", page="{page}", pages="{pages}"),
            made_at=case.revised_at,
            qr=qr_svg(said),
            qr_text=said,
            sections=tuple(self._sections()),
        )

    def _sections(self) -> Iterator[Section]:
        words, case = self._words, self._case
        yield Section(words("h_summary"), tuple(self._summary()))
        yield Section(words("h_subject"), (Facts(tuple(self._subject())),))
        yield Section(words("h_circumstances"), tuple(self._circumstances()))
        if self._facts.charts:
            yield Section(words("h_chart"), tuple(self._figures()))
        yield Section(words("h_device"), tuple(self._device()))
        if case.track != "INSPECTION":
            yield Section(words("h_mass"), tuple(self._money()))
        yield Section(words("h_law"), tuple(self._law()))
        yield Section(words("h_dates"), tuple(self._dates()))
        yield Section(words("h_state"), tuple(self._state()))
        yield Section(words("h_algorithm"), tuple(self._algorithm()))
        yield Section(words("h_evidence"), tuple(self._evidence()))
        labels = ("g_official", "g_decision", "g_signature", "g_date")
        yield Section(words("h_signature"), (Signature(tuple(map(words, labels))),))
        if len(self._facts.violations) > SHOWN:
            yield Section(words("h_annex"), tuple(self._annex()), annex=True)

    def _summary(self) -> Iterator[Block]:
        case, words = self._case, self._words
        counted: dict[str, int] = {}
        for each in self._facts.violations:
            counted[each.rule] = counted.get(each.rule, 0) + 1
        what = "; ".join(
            words("s_what", title=self._title(rule), count=count) for rule, count in counted.items()
        )
        key = "s_summary_duty" if case.source_id is None else "s_summary_source"
        period = self._moment(case.start) if case.source_id is None else self._period()
        told = {"source": case.source_id, "name": self._name(), "bin": case.bin}
        sentences = [words(key, period=period, what=what, **told)]
        sentences += self._worst()
        if case.fine_kzt is not None:
            sentences.append(words("s_fine", sum=money(case.fine_kzt)))
        elif case.fine_missing is not None:
            sentences.append(words("s_no_fine", why=self._missing()))
        yield Paragraph(" ".join(sentences))
        article = words.article(case.act, case.article, case.part)
        yield Facts(
            (
                (words("qualification"), article),
                (words("track"), words(f"track_{case.track}")),
                (words("detected"), self._moment(case.detected_at)),
                (words("opened"), self._moment(case.opened_at)),
                *self._optional(),
            )
        )

    def _optional(self) -> Iterator[tuple[str, str]]:
        case, words = self._case, self._words
        if case.delivered_at is not None:
            yield words("delivered"), self._moment(case.delivered_at)
        if case.deferred_until is not None:
            yield words("deferred"), self._moment(case.deferred_until)
        for name, ids in (
            ("repeat_of", case.repeat_of),
            ("systematic", case.systematic_with),
            ("related", case.related),
        ):
            if ids:
                more = f" (+{len(ids) - 5})" if len(ids) > 5 else ""
                yield words(name), ", ".join(ids[:5]) + more

    def _worst(self) -> list[str]:
        """Say by how much it was at the worst: an exceedance, or a silence."""
        words = self._words
        exceeding = [each for each in self._facts.violations if each.ratio is not None]
        silent = [each for each in self._facts.violations if each.unit == _SECONDS]
        if silent:
            longest = max(silent, key=lambda each: each.value or 0)
            length = length_text(round((longest.value or 0) * 1000), self._language)
            limit = length_text(round((longest.limit or 0) * 1000), self._language)
            return [words("s_silence", length=length, limit=limit)]
        if not exceeding:
            return []
        worst = max(exceeding, key=lambda each: (each.ratio or 0, each.id))
        unit = self._unit(worst.unit)
        return [
            words(
                "s_worst",
                parameter=self._parameter(worst.parameter),
                value=f"{number(worst.value)} {unit}",
                limit=f"{number(worst.limit)} {unit}",
                ratio=number(worst.ratio, 2),
                when=self._span(worst.start, worst.end),
            )
        ]

    def _subject(self) -> Iterator[tuple[str, str]]:
        case, words = self._case, self._words
        region = self._facts.rules.country.regions.get(case.region)
        yield words("name"), self._name()
        yield words("bin"), case.bin
        named = case.region if region is None else getattr(region, self._language)
        source = self._facts.source
        town = None if source is None or source.location is None else source.location.town
        place = "" if town is None else f", {getattr(town, self._language)}"
        yield words("region"), f"{named}{place}"
        yield (
            words("category"),
            {1: "I", 2: "II", 3: "III", 4: "IV"}.get(case.category, str(case.category)),
        )
        yield words("business_size"), words.known(case.business_size, case.business_size)
        if case.source_id is not None:
            title = "" if source is None or not source.name else f" — {source.name}"
            yield words("source"), f"{case.source_id}{title}"
        if source is not None and source.location is not None:
            north, east = (
                f"{each:.5f}".replace(".", ",")
                for each in (source.location.lat, source.location.lon)
            )
            yield words("coordinates"), words("north_east", lat=north, lon=east)
        enterprise = self._facts.enterprise
        if enterprise is not None and enterprise.asm.connected_on is not None:
            yield words("asm"), day(enterprise.asm.connected_on)
        if enterprise is not None and enterprise.roadmap is not None:
            until = words(
                "until_of",
                day=day(enterprise.roadmap.until),
                reference=enterprise.roadmap.reference or "—",
            )
            yield words("roadmap"), until

    def _circumstances(self) -> Iterator[Block]:
        words, violations = self._words, self._facts.violations
        clock = words("of_local", offset=offset(self._case.start, self._facts.zone))
        yield Facts(
            (
                (words("period"), f"{self._period()} ({clock})"),
                (words("violations"), str(len(violations))),
                *(
                    ((words("absorbed"), str(len(self._case.absorbed))),)
                    if self._case.absorbed
                    else ()
                ),
            )
        )
        yield self._windows(violations[:SHOWN], 1)
        if len(violations) > SHOWN:
            yield Paragraph(words("s_more", shown=SHOWN, count=len(violations)), "note")

    def _windows(self, violations: Sequence[Violation], first: int) -> Table:
        words = self._words
        names = (
            "c_no", "c_rule", "c_parameter", "c_from", "c_to", "c_value", "c_limit", "c_ratio",
            "c_mass",
        )  # fmt: skip
        rows = tuple(
            (
                str(place),
                each.rule,
                self._parameter(each.parameter),
                self._moment(each.start),
                "…" if each.end is None else self._moment(each.end),
                *self._measured(each),
                number(each.ratio, 2),
                number(each.excess_mass_t, 6),
            )
            for place, each in enumerate(violations, first)
        )
        numeric = (True, False, False, False, False, True, True, True, True)
        return Table(tuple(map(words, names)), rows, numeric, (0, 0, 5, 4, 4, 4, 4, 0, 0))

    def _measured(self, each: Violation) -> tuple[str, str]:
        if each.value is None:
            return "—", "—"
        if each.unit == _SECONDS:
            hours = self._words("h")
            limit = "—" if each.limit is None else f"{number(each.limit / 3600, 2)} {hours}"
            return f"{number(each.value / 3600, 2)} {hours}", limit
        unit = self._unit(each.unit)
        return f"{number(each.value)} {unit}", f"{number(each.limit)} {unit}"

    def _figures(self) -> Iterator[Block]:
        words = self._words
        for chart in self._facts.charts:
            name, length = self._parameter(chart.parameter), words.known(chart.window, chart.window)
            window = words("means_of", window=length) if chart.window else words("measured")
            named = msgspec.structs.replace(
                chart, parameter=name, unit=self._unit(chart.unit), window=length
            )
            caption = words("s_chart", parameter=name, window=window)
            yield Figure(chart_svg(named, self._language), caption)

    def _device(self) -> Iterator[Block]:
        words = self._words
        devices = [each for each in self._content.devices if each.serial is not None]
        if not devices:
            yield Paragraph(words("no_device"))
        for each in devices:
            rows = [
                (words("device"), each.name or words("none_known")),
                (words("serial"), each.serial or "—"),
                (
                    words("verification"),
                    self._paper(each.verification, self._date(each.verification_until)),
                ),
            ]
            if each.verified_on is not None:
                rows.append((words("verified_on"), day(each.verified_on)))
            paper = self._paper(each.certificate, each.certificate_until)
            yield Facts((*rows, (words("certificate"), paper)))

    def _paper(self, paper: str | None, until: str | None) -> str:
        if paper is None:
            return self._words("none_known")
        if until is None:
            return self._words("number_only", number=paper)
        return self._words("number_until", number=paper, day=day(until))

    def _money(self) -> Iterator[Block]:
        case, words = self._case, self._words
        by_mass = [
            each
            for each in case.fine_factors
            if each.tonnes is not None and case.excess_mass_t.get(each.parameter or "") is not None
        ]
        if by_mass:
            yield self._by_mass(by_mass)
            yield Paragraph(words("s_formula"), "note")
        for each in case.fine_factors:
            if each.mci is not None:
                columns = tuple(map(words, ("c_mci", "c_index", "c_sum")))
                row = (str(each.mci), money(each.index_kzt), money(each.mci * each.index_kzt))
                yield Table(columns, (row,), (True, True, True), (1, 1, 1))
                yield Paragraph(words("s_formula_fixed"), "note")
        incomplete = [name for name, mass in case.excess_mass_t.items() if mass is None]
        if incomplete:
            measured = "; ".join(
                f"{self._parameter(name)} {number(case.measured_mass_t.get(name, 0.0), 6)} "
                f"{words('t')}"
                for name in incomplete
            )
            yield Paragraph(words("s_partial_mass", mass=measured))
        if self._is_counted_elsewhere():
            yield Paragraph(words("s_counted_elsewhere"))
        if case.fine_kzt is not None:
            yield Paragraph(words("s_fine", sum=money(case.fine_kzt)), "key")
            yield Paragraph(words("s_estimate"), "note")
        else:
            yield Paragraph(words("s_no_fine", why=self._missing()), "key")

    def _is_counted_elsewhere(self) -> bool:
        """Tell whether a parameter has a violation of more mass than the case counts."""
        most: dict[str, float] = {}
        for each in self._case.items:
            if each.parameter is not None and each.excess_mass_t is not None:
                most[each.parameter] = max(most.get(each.parameter, 0.0), each.excess_mass_t)
        counted = self._case.excess_mass_t
        return bool(self._case.related) and any(
            (tonnes := counted.get(name)) is not None and tonnes < mass * (1 - 1e-9)
            for name, mass in most.items()
        )

    def _by_mass(self, factors: Sequence[FineFactor]) -> Table:
        words = self._words
        names = (
            "c_parameter", "c_substance", "c_tonnes", "c_rate", "c_index", "c_percent", "c_sum",
        )  # fmt: skip
        rows = []
        for each in factors:
            amount = (
                Fraction(each.tonnes or 0)
                * Fraction(str(each.rate_mci or 0))
                * each.index_kzt
                * Fraction(each.percent or 0, 100)
            )
            rows.append(
                (
                    self._parameter(each.parameter),
                    words.known(f"u_{each.substance}", each.substance or "—"),
                    number(each.tonnes, 9),
                    number(each.rate_mci, 4),
                    money(each.index_kzt),
                    money(each.percent or 0),
                    number(float(amount), 2),
                )
            )
        total = self._case.fine_kzt is not None
        if total:
            mass = sum(each.tonnes or 0 for each in factors)
            rows.append(
                (words("total"), "", number(mass, 9), "", "", "", money(self._case.fine_kzt or 0))
            )
        numeric = (False, False, True, True, True, True, True)
        columns = tuple(map(words, names))
        return Table(columns, tuple(rows), numeric, (4, 4, 3, 0, 0, 0, 3), total)

    def _law(self) -> Iterator[Block]:
        words, case = self._words, self._case
        places: dict[Article, None] = {}
        for each in self._facts.violations:
            for place in each.legal_basis:
                if case.act == "KoAP" and place.article == case.article and case.part:
                    settled = Article(act=place.act, article=place.article, part=case.part)
                    places[settled] = None
                else:
                    places[place] = None
        rows = tuple(
            (
                self._place(place),
                words.says(place.act, (place.article, place.part, place.point, place.subpoint)),
            )
            for place in places
        )
        columns = (words("c_place"), words("c_says"))
        yield Table(columns, rows, (False, False), (2, 3))
        yield Paragraph(words("s_law_note"), "note")

    def _place(self, place: Article) -> str:
        return Words(self._language, self._facts.zone).citation(place)

    def _dates(self) -> Iterator[Block]:
        words, case = self._words, self._case
        waiting = ("half_fine_until", "decided_on", "appeal_until")
        rows = []
        for name, last in case.due.items():
            if last is None and (name not in waiting or case.act != "KoAP"):
                continue
            if last is None and (name == "half_fine_until" and case.article == "328"):
                continue
            said = words("after_delivery") if last is None else day(last)
            rows.append((words.known(f"d_{name}", name), said, words.known(f"b_{name}", "—")))
        if not rows:
            yield Paragraph(words("does_not_run"))
            return
        columns = (words("c_term"), words("c_day"), words("c_basis"))
        yield Table(columns, tuple(rows), (False, False, False), (4, 3, 4))
        yield Paragraph(words("s_dates_note"), "note")

    def _state(self) -> Iterator[Block]:
        words, case = self._words, self._case
        yield Paragraph(words(f"state_{case.state}"))
        if case.state in (REVIEW, DEFERRED) and case.reasons:
            yield Steps(tuple(words.known(f"r_{each}", each) for each in case.reasons))
        yield from self._notices()

    def _notices(self) -> Iterator[Block]:
        """Show what the operator told and what changed nothing (specification 14)."""
        words, notices = self._words, self._facts.notices
        if not notices:
            return
        yield Paragraph(words("n_title"), "key")
        names = ("c_notice", "c_parameter", "c_from", "c_to", "c_arrived", "c_verdict")
        rows = tuple(
            (
                " ".join(filter(None, (words.known(f"n_{each.kind}", each.kind), each.says))),
                self._parameter(each.parameter),
                self._moment(each.start),
                self._moment(each.end),
                self._moment(each.arrived_at),
                words.known(f"n_{each.verdict}", each.verdict),
            )
            for each in notices[:SHOWN]
        )
        yield Table(tuple(map(words, names)), rows, (False,) * 6, (4, 3, 4, 4, 4, 4))
        if len(notices) > SHOWN:
            yield Paragraph(words("s_more", shown=SHOWN, count=len(notices)), "note")
        yield Paragraph(words("n_note"), "note")

    def _algorithm(self) -> Iterator[Block]:
        words, blocks = self._words, self._content.disclosure
        yield Paragraph(blocks.decided)
        if blocks.factors:
            yield Paragraph(words("a_factors"), "key")
            yield Steps(blocks.factors)
        yield Paragraph(words("a_review"), "key")
        yield Paragraph(blocks.review)

    def _evidence(self) -> Iterator[Block]:
        words, facts = self._words, self._facts
        yield Paragraph(words("e_duty" if self._case.source_id is None else "e_intro"))
        rows = [
            (
                str(place),
                str(proof.readings),
                f"{proof.topic}/{proof.partition}: {proof.first_offset}–{proof.last_offset}",
                proof.sha256,
            )
            for place, each in enumerate(facts.violations[:SHOWN], 1)
            for proof in each.evidence
        ]
        columns = tuple(map(words, ("c_no", "c_messages", "c_offsets", "c_hash")))
        if rows:
            yield Table(columns, tuple(rows), (True, True, False, False), (0, 0, 4, 7))
        if len(facts.violations) > SHOWN:
            yield Paragraph(words("s_more", shown=SHOWN, count=len(facts.violations)), "note")
        yield Paragraph(words("e_steps_title"), "key")
        steps = []
        if facts.bundle is not None:
            name, digest = facts.bundle
            yield Paragraph(words("e_bundle", name=name))
            yield Code(digest)
            steps += [words("e_step_sum", name=name), words("e_step_verify", name=name)]
        if facts.address:
            steps.append(words("e_step_page", address=facts.address))
        if facts.bundle is None:
            steps += [words("e_step_messages"), words("e_step_compare")]
        yield Steps(tuple(steps))

    def _annex(self) -> Iterator[Block]:
        violations = self._facts.violations
        yield self._windows(violations[:MOST], 1)
        if len(violations) > MOST:
            said = self._words("s_first_of_many", shown=MOST, count=len(violations))
            yield Paragraph(said, "note")

    def _missing(self) -> str:
        missing = self._case.fine_missing or ""
        return self._words.known(f"missing_{missing}", missing)

    def _name(self) -> str:
        return self._content.name

    def _title(self, code: str) -> str:
        rule: Rule | None = self._rules.get(code)
        return code if rule is None else f"{rule.titles[self._language]} ({code})"

    def _parameter(self, name: str | None) -> str:
        if name is None:
            return "—"
        for each in parameter_names():
            if each.parameter == name:
                return str(getattr(each, self._language))
        return name

    def _unit(self, unit: str | None) -> str:
        return "" if unit is None else self._words.known(unit, unit)

    def _moment(self, instant: int | None) -> str:
        return moment(instant, self._facts.zone)

    def _date(self, instant: int | None) -> str | None:
        return None if instant is None else self._moment(instant)[:10]

    def _period(self) -> str:
        return self._span(self._case.start, self._case.end)

    def _span(self, start: int, end: int | None) -> str:
        if end is None:
            return self._words("lasting", start=self._moment(start))
        return f"{self._moment(start)} – {self._moment(end)}"
