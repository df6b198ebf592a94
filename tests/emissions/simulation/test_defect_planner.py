"""The plan keeps defects apart, covers every kind, and stays within the simulated days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from emissions.simulation.defect_planner import shown_time, swapped
from emissions.simulation.defects import BYTES_ONLY, MESSAGE_DEFECTS, Defect, DefectKind
from emissions.simulation.nation import Nation
from emissions.simulation.tampering import OCCASIONS
from streams.core.time.interval import DAY, MINUTE

EXTRA = {
    DefectKind.TOO_LATE,
    DefectKind.UNKNOWN_SOURCE,
    DefectKind.UNDECODABLE,
    DefectKind.FOREIGN_SCHEMA,
}
SINGLE = {habit.kind for habit in MESSAGE_DEFECTS}


@pytest.fixture(scope="module")
def nation() -> Nation:
    return Nation(days=2)


def test_every_kind_of_defect_occurs(nation: Nation) -> None:
    longer = {kind for kind, each in OCCASIONS.items() if each.least_days > nation.days}
    assert len(longer) == 5
    assert {defect.kind for defect in nation.defects} == set(DefectKind) - longer


@pytest.mark.parametrize("density", [1, 30])
def test_defects_of_a_source_leave_undisturbed_data_between_them(density: int) -> None:
    nation = Nation(days=2, enterprises=20, density=density)
    of_source: dict[str, list[Defect]] = {}
    for defect in nation.defects:
        if defect.kind not in EXTRA:
            of_source.setdefault(defect.source_id, []).append(defect)
    for defects in of_source.values():
        for before, after in pairwise(defects):
            stretches = {before.kind, after.kind} - SINGLE
            if DefectKind.EXCEEDS_DAY not in stretches:
                least = 60 if stretches else 5
                assert after.start - before.end >= least * MINUTE, (before, after)
            assert after.start >= before.end


def test_defects_lie_within_the_simulated_days(nation: Nation) -> None:
    for defect in nation.defects:
        assert defect.end <= nation.end
        assert defect.start % MINUTE == defect.end % MINUTE == 0
        assert defect.delivered_at < nation.end
        if defect.kind is not DefectKind.TOO_LATE:
            assert defect.start >= nation.start


def test_a_table_of_readings_gets_no_defects_of_bytes() -> None:
    kinds = {defect.kind for defect in Nation(with_bytes=False).defects}
    assert not kinds & BYTES_ONLY


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [("2026-05-04", "2026-04-05"), ("2026-05-13", None), ("2026-05-05", None)],
)
def test_day_and_month_are_swapped_where_that_is_another_date(
    shown: str, wrong: str | None
) -> None:
    def at(day: str) -> int:
        return int(datetime.fromisoformat(f"{day}T15:30:00+05:00").timestamp() * 1000)

    assert swapped(at(shown)) == (None if wrong is None else at(wrong))


def test_wrong_clocks_show_what_they_are_named_after() -> None:
    at = int(datetime(2026, 5, 4, 8, tzinfo=UTC).timestamp() * 1000)
    years = [
        datetime.fromtimestamp(shown_time(name, at) / 1000, UTC).year for name in ("1970", "2127")
    ]
    assert years == [1970, 2127]
    assert shown_time("ahead", at) - at == at - shown_time("behind", at) < DAY


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [({"days": 0}, "days must be 1 to 366"), ({"start": date(2024, 2, 29)}, "2024-03-01 or later")],
)
def test_what_cannot_be_simulated_is_refused_with_a_sentence(
    asked: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Nation(**asked)  # type: ignore[arg-type]
