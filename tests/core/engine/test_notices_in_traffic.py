"""Random notices over random logs: the same results wherever batches are cut, whoever restarts."""

from __future__ import annotations

from random import Random

import pytest

from streams.core.registry.notice import Notice
from streams.core.sources.notices import NoticeHistory
from streams.core.time.interval import HOUR, MINUTE
from streams.rules.calendar import load_calendar
from tests.core.engine.test_bulk import one_by_one, same
from tests.core.examples import BIN, Found, fold
from tests.core.traffic import BEGIN, scene

KINDS = ("MARK", "MARK", "MARK", "UNPLANNED_OUTAGE", "PLANNED_OUTAGE", "EXCEEDANCE")
STATES = ("STOPPED", "STARTUP")


def told(rng: Random, sources: int, hours: int) -> NoticeHistory:
    """Notices of any kind about any time of the log, told before, meanwhile or later."""
    known = NoticeHistory(load_calendar("KZ"))
    for number in range(rng.randrange(1, 7)):
        kind = rng.choice(KINDS)
        start = BEGIN + rng.randrange(-HOUR // MINUTE, hours * HOUR // MINUTE) * MINUTE
        end = start + rng.choice((MINUTE, HOUR, 3 * HOUR, 9 * HOUR))
        arrival = start + rng.randrange(-HOUR, 27 * HOUR)
        said: dict[str, str] = {}
        if kind == "MARK":
            said = {"state": rng.choice(STATES)} if rng.random() < 0.5 else {"flag": "C"}
            said["reason"] = "r"
        if kind == "EXCEEDANCE" or (kind == "MARK" and "flag" in said and rng.random() < 0.5):
            said["parameter"] = "SO2"
        back = f"N-{number - 1}" if rng.random() < 0.3 else None
        name = f"S{rng.randrange(sources)}"
        notice = Notice(f"N-{number}", kind, BIN, name, start, end, withdraws=back, **said)  # type: ignore[arg-type]
        known.add(notice, arrival)
    return known


def verdicts(found: Found) -> dict[str, object]:
    return {each.notice_id: each for each in found.notices}


@pytest.mark.parametrize("seed", range(12))
def test_the_same_wherever_batches_are_cut_and_whoever_restarts(seed: int) -> None:
    rng = Random(seed)
    sources, hours = rng.choice((1, 2)), rng.choice((6, 14))
    made = scene(rng, sources, hours)
    made.registry.notices = told(rng, sources, hours)
    expected = one_by_one(made)
    count = len(made.records)
    for cuts, rebuilt in (
        ((), False),
        ([rng.randrange(count) for _ in range(4)], True),
        (range(0, count, 1 + count // 9), True),
    ):
        found = fold(made.records, made.registry, cuts, rebuilt=rebuilt)
        same(found, expected)
        assert verdicts(found) == verdicts(expected)
        assert [each.id for each in found.findings] == [each.id for each in expected.findings]
