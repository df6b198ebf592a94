"""The sums of many windows at once are those of each by itself, each mean rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.windows import window_sums as module
from streams.core.windows.slot import SeriesSums
from streams.core.windows.window_sums import WindowSums, sum_windows
from tests.core.slots import LAYOUTS, Cell, Told, fill, mean, pieces
from tests.support.generated import examples

KINDS = ("plain", "any", "cancelling", "huge")


def said(total: WindowSums) -> list[str]:
    """What a total says: of a series without a valid value only the counts."""
    return [repr(each if each[1] else each[:2]) for each in zip(*total, strict=True)]


def check(windows: Sequence[Sequence[Told]]) -> list[WindowSums]:
    """Add the windows up together, by the definition, and one after the other."""
    found = sum_windows([[told.piece for told in window] for window in windows])
    assert len(found) == len(windows)
    for window, total in zip(windows, found, strict=True):
        for at, key in enumerate(window[0].piece.layout.keys):
            cells = [(1, cell) for told in window for cell in told.column(key)]
            valid = [cell.value for _, cell in cells if cell.valid]
            assert total.carried[at] == len(cells)
            assert total.valid[at] == len(valid)
            if valid:
                # Nought has no sign in what is published.
                assert repr(total.value[at]) == repr(mean(cells))
                assert repr(total.measured[at]) == repr(mean(cells, measured=True))
                assert repr(total.low[at]) == repr(min(valid) + 0.0)
                assert repr(total.high[at]) == repr(max(valid) + 0.0)
        (alone,) = sum_windows([[told.piece for told in window]])
        assert said(alone) == said(total)
    return found


def windows_of(rng: Random, how: str, sizes: Sequence[int], readings: int) -> list[list[Told]]:
    """Windows of so many pieces of one layout."""
    layout = rng.choice(LAYOUTS)
    return [pieces(rng, how, [(600, layout)] * size, readings) for size in sizes]


@examples(80)
@given(
    st.integers(0, 2**32),
    st.sampled_from(KINDS),
    st.lists(st.sampled_from((1, 1, 2, 3, 6)), min_size=1, max_size=14),
)
@example(0, "huge", [1] * 6)
@example(0, "plain", [1, 2, 3, 2, 1, 6])
def test_any_windows_give_the_exact_means(seed: int, how: str, sizes: list[int]) -> None:
    check(windows_of(Random(seed), how, sizes, 4))


@pytest.mark.parametrize("how", KINDS)
def test_forty_windows_of_up_to_a_day(how: str) -> None:
    rng = Random(how)
    sizes = [rng.choice((1, 2, 3, 6, 6)) for _ in range(36)]
    sizes += [144, 143, 12, 144]
    check(windows_of(rng, how, sizes, 2))


def test_windows_without_a_valid_value_are_counted() -> None:
    layout = LAYOUTS[1]
    told = []
    for number in range(8):
        carried = Cell(0.0, 0.0, number % 2 == 1, False)
        told.append([Told(SeriesSums(600, layout), [[carried] * 3] * number)])
        fill(told[-1][0])
    found = check(told)
    assert [total.carried for total in found] == [[n * (n % 2)] * 3 for n in range(8)]
    assert [total.valid for total in found] == [[0] * 3] * 8


def test_means_in_the_middle_of_two_doubles_are_rounded_to_even() -> None:
    """The mean of two neighbouring doubles is a tie."""
    rng, windows = Random(3), []
    for _ in range(40):
        low = rng.uniform(1.0, 1000.0)
        cells = [Cell(each, each, True, True) for each in (low, float(np.nextafter(low, 2e3)))]
        told = [Told(SeriesSums(600, LAYOUTS[0]), [[cell]]) for cell in cells]
        for each in told:
            fill(each)
        windows.append(told)
    check(windows)


def test_sums_that_cancel_leave_what_is_small() -> None:
    """Each of the three doubles of a sum, and what is beyond them, is once all that is left."""
    tiny = (1.0, 1e-17, 1e-34, 1e-51, 2.0**-200)
    windows = []
    for count in range(len(tiny)):
        values = [1e17, *tiny[: count + 1], -1e17, *(-each for each in tiny[:count])]
        told = [
            Told(SeriesSums(600, LAYOUTS[0]), [[Cell(each, -each, True, True)]]) for each in values
        ]
        for each in told:
            fill(each)
        windows.append(told)
    found = check([*windows, windows[0], windows[1]])
    assert [total.value[0] * (2 + 2 * count + 1) for count, total in enumerate(found[:5])] == (
        pytest.approx(tiny, rel=1e-15)
    )


def test_ordinary_windows_need_no_exact_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = windows_of(Random(5), "plain", [3, 2, 3, 6, 144, 3, 2, 3, 6, 6], 7)

    rng = Random(6)

    def size() -> float:
        return float(10.0 ** rng.uniform(-4.0, 4.0))  # of one size, ties would be common

    for window in plain:
        for told in window:
            told.readings[:] = [
                [Cell(size(), size(), True, True) for _ in cells] for cells in told.readings
            ]
            told.piece.sums = SeriesSums(600, told.piece.layout).sums
            told.piece.overflow.clear()
            fill(told)

    def refuse(parts: list[float], count: int) -> float:
        raise AssertionError(f"the mean of {count} from {parts} was left to exact fractions")

    monkeypatch.setattr(module, "quotient", refuse)
    assert len(sum_windows([[told.piece for told in window] for window in plain])) == len(plain)
