"""Roots are computed again from the log, and each way in which one may be wrong is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from emissions.audit.root_check import RootCheck, RootSample
from schemas.reading import Reading
from streams.core.time.interval import DAY, HOUR
from tests.core.examples import CODEC, TOPIC, Log, enterprise, fold, history, local, reading

MIDNIGHT = local("2026-04-01")
GRACE = 20 * 60_000


def log() -> Log:
    """Two messages on each of three days."""
    made = Log().tick(MIDNIGHT)
    for day in range(3):
        for hour in (3, 12):
            made.add(reading(MIDNIGHT + day * DAY + hour * HOUR))
    return made.tick(MIDNIGHT + 9 * DAY)


def published() -> dict[str, dict[str, Any]]:
    found = fold(log(), enterprise()).last_roots
    return {day: msgspec.structs.asdict(root) for (_, day), root in found.items()}


def differences(roots: dict[str, dict[str, Any]], upto: int = 9 * DAY) -> list[str]:
    check, registry = RootCheck(0, roots.values(), GRACE), history(enterprise())
    for record in log().records:
        item = CODEC.decode_reading(record.value)
        if isinstance(item, Reading):
            check.take(record, item, registry)
    return check.differences(MIDNIGHT + upto)


def test_roots_that_are_right_are_confirmed() -> None:
    assert differences(published()) == []


def test_a_day_without_its_root_is_named_where_roots_were_kept_before() -> None:
    roots = published()
    del roots["2026-04-03"]
    assert differences(roots) == ["A 2026-04-03 has messages and no root"]
    assert differences(roots, 3 * DAY + GRACE - 1) == []  # it is open
    roots["2026-04-03"], roots["2026-04-02"]["complete"] = published()["2026-04-03"], False
    del roots["2026-04-01"]  # before roots were kept
    assert differences(roots) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"root": "0" * 64}, "root 0000000000000000… is not that of its messages"),
        ({"count": 3}, "is over 3 messages, the topic has 2 of them"),
        ({"first_offset": 2}, "names offsets 2-4, its messages are 3-4"),
        ({"last_offset": 3, "count": 1}, "lacks 1 later messages of the day"),
    ],
)
def test_a_root_that_is_wrong_is_named(changes: dict[str, Any], why: str) -> None:
    roots = published()
    roots["2026-04-02"] |= changes
    assert differences(roots) == [f"A 2026-04-02 (revision 2) {why}"]


def test_roots_out_of_reach_are_told_and_not_computed() -> None:
    roots = published()
    sample = RootSample(roots.values(), TOPIC, {0: (2, 6)})
    assert [claim["day"] for claim in sample.claims] == ["2026-04-02"]
    assert sample.check([]).seen.startswith("1 of 3 roots of days recomputed; the others rest on")
