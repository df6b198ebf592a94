"""Answers as measures: only on the case that was sent, only what cannot be a mistake."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emissions.bridge.answer import AnswerError, measures_of, subject_of
from streams.core.registry.measure import Measure
from streams.rules.country import home
from tests.emissions.bridge.cases import case

NOW = 1_772_900_000_000  # 2026-03-07T16:13:20Z
CASE = subject_of(case("7d444840-9dc0-5ef3-a245-5ffdce74fad2"))


def answered(*measures: dict[str, Any]) -> tuple[Measure, ...] | AnswerError:
    return measures_of(CASE, json.dumps({"measures": measures}).encode(), home(), NOW)


def taken(*measures: dict[str, Any]) -> tuple[Measure, ...]:
    found = answered(*measures)
    assert not isinstance(found, AnswerError), found
    return found


def test_what_is_told_becomes_measures_on_the_case_itself() -> None:
    found = taken(
        {"kind": "SENT", "reference": "№ 17"},
        {"kind": "DELIVERED", "delivered_at": "2026-03-07T21:00:00.5+05:00"},
        {"kind": "DECIDED", "imposed_on": "2026-03-06", "amount_kzt": 4_325_000, "closes": True},
    )
    assert [each.kind for each in found] == ["SENT", "DELIVERED", "DECIDED"]
    assert {
        (each.case_id, each.bin, each.source_id, each.act, each.article, each.part)
        for each in found
    } == {(CASE.id, CASE.bin, CASE.source_id, "KoAP", "328", "1")}
    sent, delivered, decided = found
    assert sent.reference == "№ 17"
    assert delivered.delivered_at == 1_772_899_200_500
    assert (decided.imposed_on, decided.amount_kzt, decided.closes) == (
        date(2026, 3, 6), 4_325_000, True,
    )  # fmt: skip


def test_the_same_answer_has_the_same_ids_and_a_correction_takes_its_place() -> None:
    first, again = taken({"kind": "SENT"}), taken({"kind": "SENT", "reference": "№ 18"})
    other = taken({"kind": "SENT", "id": "second letter"})
    assert first[0].id == again[0].id != other[0].id


@pytest.mark.parametrize(
    "body", [b"", b"OK", b"<html>", b"{}", b'{"status": "taken"}', b'{"measures": []}', b"[1]"]
)
def test_most_answers_tell_nothing(body: bytes) -> None:
    assert measures_of(CASE, body, home(), NOW) == ()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"kind": "FINE"}, "Invalid enum value 'FINE'"),
        ({"kind": "SENT", "bin": "990140001233"}, "unknown field `bin`"),
        ({"kind": "SENT", "case_id": "other"}, "unknown field `case_id`"),
        ({"kind": "DELIVERED"}, "measures[0]: delivered_at: is missing: when was it DELIVERED?"),
        ({"kind": "SENT", "delivered_at": "2026-03-07T12:00:00Z"}, "is for a DELIVERED alone"),
        ({"kind": "DELIVERED", "delivered_at": "2026-03-07T12:00:00"}, "timezone"),
        ({"kind": "DELIVERED", "delivered_at": "2026-03-08T12:00:00Z"}, "is later than"),
        ({"kind": "DELIVERED", "delivered_at": "2026-02-27T12:00:00Z"}, "before the case was"),
        ({"kind": "DELIVERED", "delivered_at": "9999-12-31T23:59:59Z"}, "is later than"),
        (
            {"kind": "DECIDED", "imposed_on": "2026-03-10"},
            "2026-03-10 is later than the",
        ),
        ({"kind": "DECIDED", "amount_kzt": -1}, "-1 is not from 0"),
        ({"kind": "SENT", "closes": True}, "a SENT ends none"),
        ({"kind": "SENT", "reference": "x" * 201}, "length <= 200"),
    ],
)
def test_one_mistake_refuses_the_whole_answer(told: dict[str, Any], said: str) -> None:
    found = answered(told, {"kind": "SENT"})
    assert isinstance(found, AnswerError)
    assert said in found.reason


def test_too_many_measures_and_measures_on_a_violation_are_refused() -> None:
    assert isinstance(answered(*({"kind": "SENT", "id": str(n)} for n in range(21))), AnswerError)
    body = b'{"measures": [{"kind": "SENT"}]}'
    assert isinstance(measures_of(None, body, home(), NOW), AnswerError)
    assert measures_of(None, b"{}", home(), NOW) == ()


@given(st.binary(max_size=200))
def test_no_answer_is_an_exception(body: bytes) -> None:
    measures_of(CASE, body, home(), NOW)
    measures_of(CASE, b'{"measures": ' + body, home(), NOW)
