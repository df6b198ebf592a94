"""What the scale benchmark rests on: its loads, its sums, and workers that share a topic."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from schemas.codec import Codec
from schemas.ids import FileIds
from streams.core.law.policy import Policy
from tests.bench.cloned_state import MINUTE
from tests.bench.data import DAY, HOUR, NATIONAL, messages, registered
from tests.bench.figures import Run
from tests.bench.judging import raw_logs
from tests.bench.ours import forget, run_ours
from tests.bench.plot import svg
from tests.bench.results import our_results
from tests.bench.scale_runs import stretch
from tests.bench.scale_state import by_state
from tests.bench.scale_table import Part, panels, plain, row_of
from tests.bench.topic import fill
from tests.support.broker import TestBroker
from tests.support.core_run import history, judge


def test_a_stretch_has_the_readings_that_were_asked_for_and_closes_nothing_at_its_end() -> None:
    load = stretch("sources", 30, 1000)

    assert 1000 <= load.readings < 1000 + load.sources
    last = max(message.arrived_at for message in messages(load, Codec(FileIds())))
    assert last == load.until < DAY + 20 * MINUTE + Policy().grace


def test_every_reading_is_in_one_stretch_of_hours_and_the_state_grows() -> None:
    part = by_state(sources=2, hours=12, every=6)

    until = DAY + 12 * HOUR + 6 * MINUTE
    load = NATIONAL._replace(sources=2, steps=720, until=until)
    assert sum(row.readings for row in part.rows) == len(raw_logs(load, 1)[0])
    kept = [int(row.note.split(", ")[1].split()[0]) for row in part.rows]
    assert kept[0] < kept[-1]
    assert plain(part)["title"] == part.title


def test_the_plot_shows_the_cost_of_each_size_and_the_rate_where_there_is_one() -> None:
    runs = [Run("", 1000, wall_s, wall_s / 2, 1) for wall_s in (0.5, 0.1, 0.4)]
    row = row_of("100 sources", runs)
    silent = row._replace(per_second=None)

    found = panels([Part("as sources grow", [row]), Part("as state grows", [silent])])

    assert list(found) == [
        "as sources grow: µs of processor time",
        "as sources grow: readings/s",
        "as state grows: µs of processor time",
    ]
    (bar,) = found["as sources grow: readings/s"]
    assert (bar.value, bar.least, bar.most) == (2500.0, 2000.0, 10_000.0)
    drawn = svg(found, "")
    assert drawn.count(">100 sources</text>") == 3
    assert ">2,500</text>" in drawn
    assert ">200</text>" in drawn


@pytest.mark.long
def test_two_workers_find_what_the_core_finds(broker: TestBroker, tmp_path: Path) -> None:
    load = NATIONAL._replace(sources=12, steps=90, until=DAY + 96 * MINUTE)

    async def run() -> tuple[int, int, int]:
        filled = await fill(broker.address, load, 2)
        done, settings = await run_ours(filled, tmp_path, workers=2, steady=True)
        results, _ = await our_results(settings)
        await forget(settings)
        each = done.more["peak_rss_each"]
        assert isinstance(each, list)
        return done.readings, len(each), len(results.means)

    readings, workers, means = asyncio.run(run())

    logs = raw_logs(load, 2)
    _, outcomes = judge(history(registered(load)), logs)
    found = {
        (mean.source_id, mean.parameter, mean.window, mean.start)
        for outcome in outcomes
        for mean in outcome.means
        if mean.value is not None and mean.window != "day"
    }
    assert 0 < readings <= sum(map(len, logs))
    assert (workers, means) == (2, len(found))
