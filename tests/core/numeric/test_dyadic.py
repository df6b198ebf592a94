"""Totals as bytes are exact, and one number has one form."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.numeric.dyadic import Dyadic, exact_product

doubles = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(doubles, max_size=8), st.integers(1, 3600))
def test_a_product_is_exact(parts: list[float], factor: int) -> None:
    total = sum((Fraction(part) for part in parts), Fraction())
    assert exact_product(parts, factor).fraction == factor * total


@given(st.lists(st.tuples(doubles, st.integers(1, 3600)), max_size=6), st.randoms())
def test_the_order_of_adding_leaves_no_trace(parts: list[tuple[float, int]], rng: object) -> None:
    numbers = [exact_product([part], factor) for part, factor in parts]
    forward = sum(numbers, Dyadic())
    backward = sum(reversed(numbers), Dyadic())
    assert forward == backward
    assert forward.fraction == sum((each.fraction for each in numbers), Fraction())
    for each in numbers:
        assert forward - each + each == forward
    assert sum(numbers, Dyadic()) - forward == Dyadic()


@pytest.mark.parametrize("parts", [(1e308, 1e308, -1e308), (5e-324, 1.0), (0.1, 0.2, -0.3)])
def test_a_number_has_one_form(parts: tuple[float, ...]) -> None:
    forms = {
        sum((exact_product([part], 7) for part in order), Dyadic()) for order in permutations(parts)
    }
    assert len(forms | {exact_product(parts, 7)}) == 1


def test_it_comes_back_from_the_state_as_it_went() -> None:
    for number in (Dyadic(), exact_product([-0.1], 60), exact_product([1e300], 3600)):
        saved = msgspec.msgpack.encode(number)
        assert msgspec.msgpack.decode(saved, type=Dyadic) == number
    assert len(msgspec.msgpack.encode(exact_product([123.456], 60))) < 14
