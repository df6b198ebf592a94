"""Cursors: what goes in comes out, and nothing else does."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.portal.api.cursor import CursorError, decode_cursor, encode_cursor, query_mark

KEYS = st.lists(st.one_of(st.text(max_size=30), st.integers(0, 2**62)), min_size=1, max_size=6)


@given(KEYS, st.text(max_size=12))
def test_the_key_comes_back(key: list[str | int], mark: str) -> None:
    kinds = [type(each) for each in key]
    assert decode_cursor(encode_cursor(mark, key), mark, kinds) == tuple(key)


@given(KEYS)
def test_a_cursor_of_another_query_or_key_is_refused(key: list[str | int]) -> None:
    kinds = [type(each) for each in key]
    cursor = encode_cursor("a", key)
    for mark, wanted in (("b", kinds), ("a", [*kinds, str]), ("a", [bool for _ in kinds])):
        with pytest.raises(CursorError):
            decode_cursor(cursor, mark, wanted)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        decode_cursor(text, "mark", [str])


@pytest.mark.parametrize(
    ("text", "kind", "fits"),
    [
        ("2026-03-01T00:00:00.000Z", datetime, True),
        ("2026-03-01T00:00:00Z", datetime, True),
        ("2026-03-01", date, True),
        ("", datetime, False),
        ("garbage", datetime, False),
        ("2026-02-30T00:00:00.000Z", datetime, False),
        ("0001-01-01T00:00:00.000Z", datetime, False),
        ("2026-03-01T00:00:00.000Z\n", datetime, False),
        (1_772_323_200, datetime, False),
        ("garbage", date, False),
        ("2026-13-01", date, False),
        ("9999-01-01", date, False),
    ],
)
def test_a_time_or_date_that_is_none_is_refused(text: str | int, kind: type, fits: bool) -> None:
    cursor = encode_cursor("gaps", ["KZ", text])
    if fits:
        assert decode_cursor(cursor, "gaps", [str, kind]) == ("KZ", text)
        return
    with pytest.raises(CursorError):
        decode_cursor(cursor, "gaps", [str, kind])


def test_the_mark_is_of_what_was_asked_for_whatever_its_order() -> None:
    one = query_mark("means", [("source", "A"), ("window", "day")])
    assert one == query_mark("means", [("window", "day"), ("source", "A")])
    assert one != query_mark("means", [("source", "B"), ("window", "day")])
    assert one != query_mark("gaps", [("source", "A"), ("window", "day")])
