"""What a batch publishes is what its records alone would: all cases, the last of all else.

So two readings of one log, whatever their batches, differ in nothing but the revisions between:
those that one of them passed over because the same batch brought the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import pytest

from streams.core.engine.outcome import Outcome
from streams.core.records.findings import WindowMean
from tests.crash.load import Load, make_load
from tests.support.core_run import by, judge

LAST = ("gaps", "violations", "findings", "notices", "roots")
EVERY = ("cases", "dead_letters")
AS_OF = {"final": False, "stream_time": 0}
"""What a mean says of the moment at which it was published."""

Told = dict[Any, list[Any]]


@cache
def load() -> Load:
    """Late and silent sources, marks, outages, registrations that change; cases open."""
    return make_load("1", sources=6, minutes=120, partitions=1)


@cache
def alone() -> tuple[Outcome, ...]:
    """What each record brings that is a batch of its own."""
    return tuple(judge(load().history(), load().logs, by(1))[1])


def told(outcomes: Sequence[Outcome], kind: str) -> Told:
    """Everything of a kind by what it names, in the order of publication."""
    found: Told = defaultdict(list)
    for outcome in outcomes:
        for record in getattr(outcome, kind):
            found[name(kind, record)].append(record)
    return found


def name(kind: str, record: Any) -> Any:
    """What revisions of one thing share."""
    if kind == "means":
        return record.source_id, record.parameter, record.unit, record.window, record.start
    if kind == "roots":
        return record.source_id, record.day
    if kind == "dead_letters":
        return record.partition, record.offset
    return record.notice_id if kind == "notices" else record.id


def content(mean: WindowMean) -> WindowMean:
    """A mean without the moment."""
    return msgspec.structs.replace(mean, **AS_OF)


@pytest.mark.parametrize(("size", "restart"), [(40, True), (100, False), (1_000_000, False)])
def test_a_batch_publishes_the_last_of_what_its_records_would(size: int, restart: bool) -> None:
    found = judge(load().history(), load().logs, by(size), restart=restart)[1]
    begin = 0
    for outcome in found:
        within = alone()[begin : begin + size]
        begin += size
        for kind in EVERY:
            assert told([outcome], kind) == told(within, kind)
        for kind in LAST:
            last = {key: records[-1:] for key, records in told(within, kind).items()}
            assert told([outcome], kind) == last
        single, batch = told(within, "means"), told([outcome], "means")
        assert batch.keys() == single.keys()
        for key, means in batch.items():
            contents = [content(mean) for mean in single[key]]
            assert [content(mean) for mean in means if content(mean) not in contents] == []
            assert content(means[-1]) == contents[-1]
            assert means[-1].final == single[key][-1].final
    assert begin >= len(alone())


def test_the_log_makes_batches_pass_over_revisions() -> None:
    """Else the test above proves nothing: of each kind something changes more than once."""
    for kind in ("means", "gaps", "violations", "cases", "roots"):
        assert max(len(records) for records in told(alone(), kind).values()) > 1, kind
