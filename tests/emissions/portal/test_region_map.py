"""The map of the regions."""

from __future__ import annotations

import re

import pytest

from emissions.portal.region_map import Drawn, drawn_codes, number_step, region_map, share_step


def test_it_holds_the_twenty_regions() -> None:
    assert len(drawn_codes()) == 20


@pytest.mark.parametrize(
    ("share", "step"),
    [(1.0, 0), (0.99, 0), (0.9899, 1), (0.95, 2), (0.9, 3), (0.89, 4), (0.0, 4), (None, None)],
)
def test_the_darker_the_less_came(share: float | None, step: int | None) -> None:
    assert share_step(share) == step


@pytest.mark.parametrize(
    ("number", "step"), [(0, 0), (1, 1), (2, 1), (3, 2), (10, 3), (11, 4), (None, None)]
)
def test_the_darker_the_more_means(number: int | None, step: int | None) -> None:
    assert number_step(number) == step


def test_a_region_is_a_link_that_tells_its_figure() -> None:
    told = [Drawn("KZ-55", "/en/regions/KZ-55", 'A "<b>": 99 %', 1), Drawn("KZ-99", "/", "", 0)]
    drawn = region_map([*told, Drawn("KZ-10", "/en/regions/KZ-10", "B", None)], "Map")
    assert re.findall(r'<a href="([^"]*)"', drawn) == ["/en/regions/KZ-55", "/en/regions/KZ-10"]
    assert "<b>" not in drawn
    assert drawn.count("A &#34;&lt;b&gt;&#34;: 99 %") == 2
    assert re.findall(r'class="(\w+)"', drawn) == ["s1", "unknown"]
    assert "style=" not in drawn
