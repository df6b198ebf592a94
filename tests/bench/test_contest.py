"""A whole contest on the embedded broker: the deployed worker and its ceilings on a tiny load."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.broker import Broker
from tests.bench.contest import CEILINGS, Peers, hold
from tests.bench.data import NATIONAL, quick, registered
from tests.bench.figures import figures
from tests.bench.judging import raw_logs
from tests.bench.ours import NAME
from tests.bench.report import document
from tests.support.broker import TestBroker
from tests.support.core_run import history, judge


@pytest.mark.long
def test_the_worker_finds_on_the_topic_what_the_core_finds_in_memory(
    broker: TestBroker, tmp_path: Path
) -> None:
    where, load = Broker("embedded broker", broker.address, broker.pid), quick(NATIONAL)
    said: list[str] = []

    contest = hold(
        where, load, tmp_path, repeats=1, partitions=2, peers=Peers(Path(), ()), say=said.append
    )

    _, outcomes = judge(history(registered(load)), raw_logs(load, 2))
    assert not contest.failures
    assert list(figures(contest.runs)) == [*CEILINGS.values(), NAME]
    ours = contest.runs[-1]
    assert ours.readings == contest.filled.readings + 2 * 2  # a tick begins, one ends the log
    assert 0 < ours.cpu_s < ours.more["whole_cpu_s"]  # type: ignore[operator]
    assert 0 < ours.wall_s < ours.whole_s
    assert ours.steady_us is not None
    assert contest.written.violations == sum(len(outcome.violations) for outcome in outcomes)
    assert contest.written.means > 0
    assert len(said) == 1 + len(CEILINGS) + 1
    found = document(where, {load.name: contest}, peak_broker=1)
    assert isinstance(found["loads"], dict)
    assert found["loads"]["national"]["readings"] == contest.filled.readings
