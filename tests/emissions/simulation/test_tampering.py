"""Tampering is planned where it can be found, is found there, and changes nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from emissions.simulation.compare import compare
from emissions.simulation.defects import OWN_SOURCE, DefectKind
from emissions.simulation.nation import Nation
from emissions.simulation.stream import readings
from emissions.simulation.tampering import OCCASIONS, needed_days
from streams.core.engine.software import HEADER
from streams.rules.detectors import load_detectors
from streams.rules.kinds.obligation import obliged_from
from tests.emissions.simulation.judged import judge

LONGEST = max(each.least_days for each in OCCASIONS.values())


def test_every_detector_has_tampering_of_its_kind() -> None:
    rules = {"KZ-15", "KZ-VERIF"}
    planned = {each.code for each in OCCASIONS.values()}
    assert planned - rules == {*load_detectors(), "SOFTWARE-CHANGED"}
    assert set(OCCASIONS) == OWN_SOURCE


def test_the_rest_of_the_nation_stays_as_it_is() -> None:
    nation, plain = Nation(enterprises=2, days=2), Nation(enterprises=2, days=2, tampered=0)
    own = {each.stack.id for each in nation.tampered}
    assert [each for each in nation.truth if each.source_id not in own] == list(plain.truth)
    sent = [item for batch in readings(nation) for item in batch]
    others = [item for item in sent if item[1].source_id not in own]
    assert others == [item for batch in readings(plain) for item in batch]
    figures, without = nation.summary(), plain.summary()
    assert (figures.obliged, figures.sources) == (without.obliged, without.sources)
    assert figures.tampered == len(own) == 5


def test_volunteers_are_not_obliged() -> None:
    (volunteer,) = set(Nation(enterprises=1).enterprises) - set(
        Nation(enterprises=1, tampered=0).enterprises
    )
    assert obliged_from(volunteer, "Asia/Almaty") is None


@pytest.mark.parametrize("days", [1, 2, 7, LONGEST, 60])
def test_a_kind_is_planned_from_the_days_on_in_which_it_shows(days: int) -> None:
    nation = Nation(enterprises=1, days=days, density=0)
    planned = Counter(each.kind for each in nation.defects if each.kind in OWN_SOURCE)
    assert set(planned) == {k for k, each in OCCASIONS.items() if each.least_days <= days}
    missing = {OCCASIONS[kind].code for kind in OWN_SOURCE - set(planned)}
    assert set(needed_days(days)) == missing
    assert all(each.end <= nation.end for each in nation.defects if each.kind in OWN_SOURCE)


def test_a_table_has_no_headers_and_so_no_foreign_software() -> None:
    kinds = {each.kind for each in Nation(enterprises=1, with_bytes=False).defects}
    assert DefectKind.SOFTWARE not in kinds
    assert DefectKind.CONSTANT in kinds


def test_the_header_is_the_one_that_the_worker_reads() -> None:
    emitters = {each.stack.id: each for each in Nation(enterprises=1, density=0).emitters()}
    telling = 0
    for emitter in emitters.values():
        regular, _ = emitter.chunk(0, 3_600_000)
        names = {name for headers in emitter.headers(regular.measured) for name, _ in headers}
        assert names <= {HEADER}
        telling += bool(names)
    assert telling == 1


@pytest.mark.long
def test_detectors_find_what_was_planned_and_little_else() -> None:
    nation = Nation(enterprises=1, seed=21, days=LONGEST, density=0.5)
    scores = {score.kind: score for score in compare(nation.truth, judge(nation)).scores}
    told = {code: scores[f"suspicion {code}"] for code in (*load_detectors(), "SOFTWARE-CHANGED")}
    assert sum(score.matched for score in told.values()) >= 0.95 * sum(
        score.expected for score in told.values()
    )
    assert all(score.recall for score in told.values())
    assert sum(score.found - score.matched for score in told.values()) <= 1
    assert [s for s in scores.values() if s.judged and s.exact and not s.perfect] == []
