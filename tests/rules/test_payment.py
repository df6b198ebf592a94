"""What an excess costs, by the figures of payment.yaml."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from streams.core.law.payment import whole_tenge
from streams.rules.errors import RuleError
from streams.rules.load import load_rules
from streams.rules.payment import load_payment

TABLE = load_payment()
DAY = date(2026, 5, 4)


def test_a_worked_fine() -> None:
    # SO2: limit 500, day mean 620 mg/m3, 300 m3/s dry and standard, 24 h: 3.1104 t above it.
    charge = TABLE.charge("SO2", DAY, 1)
    assert charge is not None
    assert (charge.substance, charge.rate, charge.index_kzt) == (
        "sulphur oxides",
        Fraction(20),
        4325,
    )
    assert whole_tenge(charge.amount(3.1104, TABLE.percent["1"])) == 26_904_960
    assert whole_tenge(charge.amount(3.1104, TABLE.percent["3"])) == 53_809_920


def test_figures_are_those_of_the_day() -> None:
    assert TABLE.index_on(date(2025, 12, 31)) == 3932
    assert TABLE.index_on(date(2026, 1, 1)) == 4325
    assert TABLE.index_on(date(2020, 12, 31)) is None
    assert TABLE.charge("SO2", date(2025, 6, 1), 1) is None  # no text of that year's rates
    before = TABLE.charge("CO", date(2024, 6, 1), 1)
    assert before is not None
    assert (before.rate, before.index_kzt) == (Fraction(32, 100), 3692)


@pytest.mark.parametrize(
    ("day", "category", "times"),
    [
        (date(2027, 12, 31), 1, 1),
        (date(2028, 1, 1), 1, 2),
        (date(2031, 1, 1), 1, 3),
        (date(2031, 1, 1), 2, 1),
    ],
)
def test_the_rates_of_a_category_grow(day: date, category: int, times: int) -> None:
    charge = TABLE.charge("SO2", day, category)
    assert charge is not None
    assert charge.rate == 20 * times


def test_a_substance_without_a_rate_and_a_parameter_that_is_unknown() -> None:
    unnamed = TABLE.charge("HF", DAY, 1)
    assert unnamed is not None
    assert (unnamed.substance, unnamed.rate) == (None, Fraction(50))
    assert TABLE.charge("XYLENE", DAY, 1) is None


def test_fines_by_the_size_of_the_business() -> None:
    assert TABLE.fixed_fine("331", "1", "large", DAY) == 3_460_000
    assert TABLE.fixed_fine("325", None, "small", DAY) == 60 * 4325
    assert TABLE.fixed_fine("328", "1", "large", DAY) is None


def test_half_a_tenge_is_rounded_up() -> None:
    assert [whole_tenge(Fraction(each, 2)) for each in (0, 1, 2, 3, 5)] == [0, 1, 1, 2, 3]


def test_every_article_of_a_rule_with_a_fine_has_figures() -> None:
    for rule in load_rules().rules:
        for place in rule.legal_basis:
            if "КоАП" in place.act and rule.track != "INSPECTION":
                by_mass = place.article == TABLE.article
                known = {(each.article, each.part) for each in TABLE.fixed}
                assert by_mass or (place.article, place.part) in known, rule.code


def test_a_file_that_names_an_unknown_substance_is_refused(tmp_path: Path) -> None:
    import streams.rules

    text = (Path(streams.rules.__path__[0]) / "kz" / "payment.yaml").read_text(encoding="utf-8")
    (tmp_path / "payment.yaml").write_text(text.replace("SOOT: soot", "SOOT: sooot"))
    with pytest.raises(RuleError, match=r"payment\.yaml: .*sooot \(SOOT\)"):
        load_payment(tmp_path)
