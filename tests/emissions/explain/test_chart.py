"""The chart is well-formed, the same for the same data, and true to scale."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from emissions.explain.chart import LABELS, STYLE, svg_of
from streams.core.explanation.chart import EXCUSED, GAP, INVALID, STOPPED, Chart, Point, Span
from streams.core.time.interval import DAY, HOUR
from tests.core.examples import local

START = local("2026-05-04 12:00")
SVG = "{http://www.w3.org/2000/svg}"


def chart(**changes: object) -> Chart:
    plain: dict[str, object] = {
        "parameter": "SO2",
        "unit": "mg/m3",
        "zone": "Asia/Almaty",
        "start": START,
        "end": START + 2 * HOUR,
        "since": START - HOUR,
        "until": START + 3 * HOUR,
        "window": "",
        "points": (
            Point(START, START + HOUR, 500.0),
            Point(START + HOUR, START + 2 * HOUR, 1000.0),
            Point(START + 150 * 60_000, START + 3 * HOUR, 0.0),
        ),
        "limit": 500.0,
        "factor": 2,
        "spans": tuple(
            Span(kind, START + number * HOUR // 2, START + (number + 1) * HOUR // 2)
            for number, kind in enumerate((GAP, INVALID, EXCUSED, STOPPED))
        ),
    }
    return Chart(**(plain | changes))  # type: ignore[arg-type]


def drawn(made: Chart, language: str = "en") -> ET.Element:
    return ET.fromstring(svg_of(made, language))  # noqa: S314 - made here


def test_it_is_the_same_for_the_same_data() -> None:
    assert svg_of(chart(), "ru") == svg_of(chart(), "ru")
    assert not re.search(r"\d\.\d{2}", re.sub(r">[^<]*<", "><", svg_of(chart(), "en")))


def test_values_and_limits_are_drawn_to_scale() -> None:
    found = drawn(chart())
    paths: dict[str | None, str] = {}
    for each in found.iter(f"{SVG}path"):  # the legend comes last
        paths.setdefault(each.get("class"), str(each.get("d")))
    # A value of 500 lies on the limit of 500, one of 1000 on its double.
    limit, double = (paths[name].split()[1].split("H")[0] for name in ("limit", "factor"))
    steps = re.findall(r"([ML])([\d.]+) ([\d.]+)H([\d.]+)", paths["line"])
    assert [(move, y) for move, _, y, _ in steps] == [("M", limit), ("L", double), ("M", "320")]
    # An hour is a quarter of the four that are shown, 207 of 828.
    assert [(x, end) for _, x, _, end in steps[:2]] == [("279", "486"), ("486", "693")]


def test_each_reason_is_shaded_in_its_own_way_and_named() -> None:
    found = drawn(chart(), "kk")
    shaded = {each.get("class") for each in found.iter(f"{SVG}rect")}
    assert shaded >= {"explained", GAP, INVALID, EXCUSED, STOPPED}
    said = "".join(found.itertext())
    for kind in (GAP, INVALID, EXCUSED, STOPPED):
        assert LABELS["kk"][kind] in said
        assert f".{kind}{{fill:url(#p-{kind})}}" in STYLE
    assert "UTC+05:00" in said
    assert "13:00" in said
    assert "2026-05-04" in said


@pytest.mark.parametrize("days", [1, 3, 20, 200])
def test_there_are_never_too_many_ticks(days: int) -> None:
    found = drawn(chart(end=START + days * DAY, until=START + days * DAY + HOUR))
    texts = [each for each in found.iter(f"{SVG}text") if each.get("text-anchor") == "middle"]
    assert 2 <= len(texts) <= 26


def test_a_chart_without_values_or_limit_is_drawn_too() -> None:
    assert drawn(chart(points=(), limit=None, spans=())).tag == f"{SVG}svg"
    assert drawn(chart(points=(Point(START, START + HOUR, -3.0),), limit=None)) is not None
