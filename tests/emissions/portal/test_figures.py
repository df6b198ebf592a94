"""Figures of regions and enterprises, and the order in which they are shown."""

from __future__ import annotations

from datetime import date

from emissions.portal.figures import (
    EnterpriseFigures,
    by_name,
    by_transmission,
    enterprise_figures,
    region_figures,
    regions_by_transmission,
)
from emissions.portal.transmission import Shares, SourceShare
from tests.emissions.portal.nation import ABAI, ABOVE, BIN, PAVLODAR, duty, place

REGIONS = {"KZ-10": ABAI, "KZ-55": PAVLODAR}
SHARE = SourceShare(place(), 0, 100.0, 25.0, True, 60, 120)


def test_a_region_counts_duties_sources_and_means() -> None:
    duties = [
        duty(),
        duty(bin="2", connected=0),
        duty(bin="3", installed=0, connected=0),
        duty(bin="4", installed=0, connected=0, on_roadmap=1, roadmap_until=date(2027, 1, 1)),
        duty(bin="5", obliged=0, installed=0, connected=0),
    ]
    abai, pavlodar = region_figures(REGIONS, duties, [SHARE], [ABOVE], [place()])
    assert (abai.enterprises, abai.obliged, abai.shares, abai.too_high) == (0, 0, Shares(), 0)
    assert pavlodar[1:7] == (5, 4, 2, 1, 1, 2)
    assert (pavlodar.shares.transmitted, pavlodar.shares.valid) == (0.75, 0.5)
    assert pavlodar.too_high == 7
    assert regions_by_transmission([abai, pavlodar]) == [pavlodar, abai]
    assert [each.state for each in duties] == [
        "connected", "installed", "none", "roadmap", "not_obliged",
    ]  # fmt: skip


def test_a_region_that_nobody_knows_harms_nothing() -> None:
    (only,) = region_figures({"KZ-10": ABAI}, [duty(region="KZ-00")])
    assert only.enterprises == 0


def test_an_enterprise_has_its_own_sources_alone() -> None:
    first, second = enterprise_figures([duty(), duty(bin="2")], [place()], [SHARE], [ABOVE])
    assert (first.duty.bin, first.sources, first.too_high) == (BIN, 1, 7)
    assert (second.sources, second.shares, second.too_high) == (0, Shares(), 0)
    assert by_transmission([second, first]) == [first, second]


def test_names_are_in_the_order_of_the_kazakh_alphabet() -> None:
    names = ["Ярд", "Әсем", "Азат", "Қайрат", "Кең", "100", "Іле", "Ыстық", "Zeta"]
    rows = [EnterpriseFigures(duty(bin=name, name_kk=name), 0, Shares(), 0) for name in names]
    assert [each.duty.name_kk for each in by_name("kk", rows)] == [
        "100", "Zeta", "Азат", "Әсем", "Кең", "Қайрат", "Ыстық", "Іле", "Ярд",
    ]  # fmt: skip
