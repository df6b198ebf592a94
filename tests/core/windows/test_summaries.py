"""What windows hold, whatever layouts and periods meet in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.time.interval import SLOT
from streams.core.time.window_kinds import THIRTY, TWENTY, WHOLE_DAY, WINDOW_KINDS
from streams.core.windows.mean import SeriesSummary, Window, summarise
from tests.core.examples import local
from tests.core.slots import LAYOUTS, Told, mean, pieces, slot_of
from tests.support.generated import examples

BEGIN = local("2026-04-01")
PERIODS = (600, 600, 60, 1200, 1800, 3600)


def expected(kind: int, told: Sequence[Told]) -> dict[str, SeriesSummary]:
    """All series of the pieces of a window, by the definition."""
    counting = [
        each for each in told if WINDOW_KINDS[kind].length // 1000 % each.piece.period_s == 0
    ]
    found = {}
    for key in {key for each in counting for key in each.piece.layout.keys}:
        cells = [(each.piece.period_s, cell) for each in counting for cell in each.column(key)]
        if not cells:
            continue
        codes = Counter[str]()
        for each in counting:
            at = each.piece.layout.position.get(key, -1)
            for code, times in each.piece.codes.get(at, {}).items():
                codes[code] += times * each.piece.period_s * 1000
        valid = [cell.value for _, cell in cells if cell.valid]
        found[key] = SeriesSummary(
            len(cells),
            len(valid),
            mean(cells),
            mean(cells, measured=True),
            sum(period for period, cell in cells if cell.valid) * 1000,
            min(valid, default=float("inf")),
            max(valid, default=float("-inf")),
            dict(codes),
        )
    return found


def window_of(rng: Random, how: str, mixed: bool, layout: int) -> tuple[Window, list[Told]]:
    """A window of some slots; ``mixed``: the registration or the cadence may change in it."""
    kind = rng.choice((TWENTY, THIRTY, WHOLE_DAY))
    told, slots = [], []
    for _ in range(rng.randint(0, WINDOW_KINDS[kind].length // SLOT if kind < WHOLE_DAY else 8)):
        wanted = [(600, LAYOUTS[layout])]
        if mixed:
            both = {(period, each) for period in PERIODS for each in LAYOUTS}
            wanted = rng.sample(sorted(both, key=repr), rng.choice((0, 1, 1, 2, 4)))
        own = pieces(rng, how, wanted, 3)
        told += own
        slots.append(slot_of(own))
    return Window(kind, BEGIN, BEGIN + WINDOW_KINDS[kind].length, slots), told


@examples(80)
@given(
    st.integers(0, 2**32),
    st.sampled_from(("plain", "any", "cancelling", "huge")),
    st.sampled_from((1, 2, 5, 12)),
)
@example(0, "plain", 12)
@example(1, "huge", 12)
def test_windows_of_mixed_layouts_and_periods(seed: int, how: str, count: int) -> None:
    rng = Random(seed)
    layout = rng.randrange(len(LAYOUTS))
    made = [window_of(rng, how, rng.random() < 0.4, layout) for _ in range(count)]
    found = summarise([window for window, _ in made])
    assert len(found) == count
    for (window, told), summary in zip(made, found, strict=True):
        assert summary == expected(window.kind, told)
        assert list(summary) == sorted(summary)


def test_no_windows_give_no_summaries() -> None:
    assert summarise([]) == []
    assert summarise([Window(TWENTY, BEGIN, BEGIN + 2 * SLOT, [])]) == [{}]
