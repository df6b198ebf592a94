"""A log that was copied to more partitions leads to the same results, bit for bit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from emissions.repartition.merge import TimeMerge
from emissions.repartition.placement import Placement
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.records.record import RawRecord
from tests.crash.load import make_load
from tests.emissions.repartition.results import without_places
from tests.support.core_run import judge

A_DAY_AND_MORE = 29 * 60  # minutes
NO_PLACE: dict[str, Any] = {"topic": "", "partition": 0, "first_offset": 0, "last_offset": 0}


def copied(logs: list[list[RawRecord]], partitions: int) -> list[list[RawRecord]]:
    """The logs as a copy makes them."""
    placement, decode = Placement((len(logs),), partitions), Codec(FileIds()).decode_reading
    merge = TimeMerge(len(logs))
    found: list[list[RawRecord]] = [[] for _ in range(partitions)]
    for number, log in enumerate(logs):
        merge.add(number, log)
        merge.end(number)
    for number, record in merge.take():
        for place in placement.of(number, record.key, decode(record.value)):
            found[place].append(record._replace(offset=len(found[place])))
    return found


@pytest.mark.parametrize(("before", "after"), [(2, 5), pytest.param(5, 2, marks=pytest.mark.long)])
def test_ids_means_gaps_violations_and_cases_are_the_same(before: int, after: int) -> None:
    load = make_load("7", sources=9, minutes=120, partitions=before, each_minute=A_DAY_AND_MORE)
    logs = copied(load.logs, after)
    one, one_outcomes = judge(load.history(), load.logs)
    other, other_outcomes = judge(load.history(), logs)
    assert all(logs)
    expected, found = without_places(one), without_places(other)
    for name, whole in expected.items():
        assert found[name] == whole, name
    assert one.violations
    assert one.cases
    assert {row[0] for row in one.dead_letters.values()} >= {"WRONG_PARTITION", "UNDECODABLE"}
    roots = [
        {
            (root.source_id, root.day): msgspec.structs.replace(root, **NO_PLACE)
            for outcome in outcomes
            for root in outcome.roots
        }
        for outcomes in (one_outcomes, other_outcomes)
    ]
    assert roots[0] == roots[1] != {}
