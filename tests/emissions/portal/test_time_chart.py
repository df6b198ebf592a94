"""Charts as SVG: well formed, within their bounds, and the same for the same numbers."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.time_chart import Point, Span, Tick, TimeChart, draw, joined

NUMBERS = st.none() | st.floats(-1e9, 1e9)
POINTS = st.lists(
    st.builds(
        lambda start, value, limit, counts, above, left: Point(
            start * 10, start * 10 + 10, value, limit, counts, above, left
        ),
        st.integers(0, 99), NUMBERS, st.none() | st.floats(0.001, 1e9), st.booleans(),
        st.booleans(), st.booleans(),
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda point: point.start))  # fmt: skip


def chart(points: list[Point], spans: list[Span] | None = None, factor: int = 1) -> TimeChart:
    ticks = [Tick(0, "0"), Tick(500, "<&>"), Tick(1000, "")]
    return TimeChart("c1", "SO2 <mg>", "a & b", 0, 1000, points, spans or [], ticks, factor)


@given(points=POINTS, factor=st.sampled_from((1, 2)))
def test_any_numbers_give_a_drawing_that_parses_and_stays_inside(
    points: list[Point], factor: int
) -> None:
    drawn = draw(chart(points, [Span("gap", -50, 2000)], factor))
    ET.fromstring(drawn)  # noqa: S314 (our own text)
    assert "nan" not in drawn
    assert "style=" not in drawn
    assert all(0 <= float(share) <= 100 for share in re.findall(r'"(-?[\d.]+)%"', drawn))
    assert drawn == draw(chart(points, [Span("gap", -50, 2000)], factor))


def test_values_that_follow_each_other_are_joined_and_others_are_not() -> None:
    drawn = draw(
        chart([Point(0, 10, 1.0, None), Point(10, 20, 2.0, None), Point(30, 40, 1.0, None)])
    )
    (path,) = re.findall(r'class="line" d="([^"]*)"', drawn)
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_a_mean_that_is_not_valid_is_drawn_apart() -> None:
    drawn = draw(chart([Point(0, 10, 1.0, None), Point(10, 20, 2.0, None, counts=False)]))
    assert 'class="unsure"' in drawn
    assert 'class="line"' in drawn


def test_the_limit_changes_where_it_changed_and_its_multiple_with_it() -> None:
    drawn = draw(chart([Point(0, 10, 1.0, 5.0), Point(500, 510, 1.0, 10.0)], factor=2))
    (limit,) = re.findall(r'class="limit" d="([^"]*)"', drawn)
    assert re.fullmatch(r"M0 [\d.]+H5000V[\d.]+H10000", limit)
    assert 'class="factor"' in drawn


def test_a_run_of_means_that_reach_what_is_compared_has_one_mark() -> None:
    points = [Point(n, n + 1, 9.0, 1.0, above=n in (3, 4, 7)) for n in range(10)]
    assert draw(chart(points)).count("▲") == 2


def test_texts_are_escaped() -> None:
    drawn = draw(chart([]))
    assert "SO2 &lt;mg&gt;" in drawn
    assert "&lt;&amp;&gt;" in drawn


def test_spans_that_touch_are_one() -> None:
    assert joined([Span("gap", 5, 9), Span("stopped", 0, 5), Span("gap", 0, 5)]) == [
        Span("gap", 0, 9),
        Span("stopped", 0, 5),
    ]
