"""A state that an earlier version wrote is taken over amid the work: nothing is lost or doubled.

``golden/taken_over.msgpack`` is what the worker of 2026-11 (before suspicions, notices and cases)
remembered after the first records of `taken_over.log`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.core.examples import Found, connected, engine, fold, history, source, take
from tests.core.state.taken_over import log, taken_at

GOLDEN = Path(__file__).parent / "golden" / "taken_over.msgpack"


@pytest.mark.parametrize("batch", [1, 37, 10_000])
def test_what_follows_is_found_as_if_one_version_had_judged_all(batch: int) -> None:
    kept: dict[str, Any] = msgspec.msgpack.decode(GOLDEN.read_bytes())
    records, cut = log().records, taken_at()
    assert kept["records"] == cut
    registry = history(connected(source()))
    found = Found(state=dict(kept["state"]))
    running = engine(registry, found.state)
    for start in range(cut, len(records), batch):
        take(found, running, records[start : min(start + batch, len(records))], records)
        running.commit()

    whole = fold(records, history(connected(source())), [cut, *range(cut, len(records), batch)])
    first = fold(records[:cut], history(connected(source())))
    assert found.used + first.used == whole.used
    assert len(found.dead_letters) == len(whole.dead_letters) == 1  # the contradicted reading
    assert first.last_violations | found.last_violations == whole.last_violations
    assert first.last_gaps | found.last_gaps == whole.last_gaps
    assert first.last_means | found.last_means == whole.last_means
    rules = {each.rule for each in found.last_violations.values()}
    assert rules >= {"KZ-30", "KZ-3H", "KZ-DAY", "KZ-GAP"}
    amended = [each for each in found.violations if each.revision > 1]
    assert amended  # violations of the earlier version among them
