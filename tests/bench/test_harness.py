"""What the benchmark rests on: its loads, the comparison with peers, the goals and the plot."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from schemas.codec import Codec
from schemas.ids import FileIds
from schemas.reading import Reading, Rejected, Tick
from streams.core.law.policy import Policy
from tests.bench.comparison import compare
from tests.bench.contest import CEILINGS
from tests.bench.data import FAST, NATIONAL, Load, messages, partitioned, quick, registered
from tests.bench.figures import Run, figures
from tests.bench.goals import goals
from tests.bench.judging import judge_once, raw_logs
from tests.bench.ours import NAME
from tests.bench.plot import Bar, svg
from tests.bench.registry_file import write_registry
from tests.bench.results import Results, collect, peer_results
from tests.bench.sink_step import sink_goals
from tests.support.core_run import history, judge

LOADS = [quick(NATIONAL), quick(FAST)]


def seconds(name: str, wall_s: float, cpu_s: float) -> Run:
    return Run(name, readings=1000, wall_s=wall_s, cpu_s=cpu_s, peak_rss=1)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_the_same_seed_makes_the_same_bytes(load: Load) -> None:
    codec = Codec(FileIds())

    assert messages(load, codec) == messages(load, codec)
    assert messages(load, codec) != messages(load, codec, seed=2)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.name)
def test_a_load_lies_between_two_ticks_in_the_order_of_arrival(load: Load) -> None:
    codec = Codec(FileIds())
    for log in partitioned(load, codec, 4):
        kinds = [type(codec.decode_reading(message.value)) for message in log]
        arrivals = [message.arrived_at for message in log]

        assert kinds[0] is kinds[-1] is Tick
        assert Tick not in kinds[1:-1]
        assert arrivals == sorted(arrivals)


def test_one_reading_in_a_hundred_has_a_defect_of_every_kind() -> None:
    load, codec = quick(NATIONAL)._replace(sources=40, steps=200), Codec(FileIds())
    registry = {source.id: source for e in registered(load) for source in e.sources}
    found: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for message in messages(load, codec)[1:-1]:
        reading = codec.decode_reading(message.value)
        if isinstance(reading, Rejected):
            found["undecodable"] += 1
            continue
        assert isinstance(reading, Reading)
        source = registry.get(reading.source_id)
        if source is None:
            found["unknown"] += 1
            continue
        ranges = {channel.parameter: channel.range for channel in source.channels}
        found["missing"] += len(reading.values) < len(ranges)
        found["flag"] += bool(reading.flags)
        for parameter, value in reading.values.items():
            bounds = ranges[parameter]
            assert bounds is not None
            found["out of range"] += not bounds[0] <= value <= bounds[1]
        found["twice"] += (reading.source_id, reading.measured_at) in seen
        seen.add((reading.source_id, reading.measured_at))
        found["late"] += message.arrived_at - reading.ends_at > Policy().grace

    assert set(found) == {
        *("undecodable", "unknown", "missing", "flag", "out of range", "twice", "late"),
    }
    assert all(found.values())
    assert load.readings / 200 < found.total() < load.readings / 50


def test_the_nation_has_violations_of_the_common_subset_and_late_revisions() -> None:
    load = quick(NATIONAL)
    _, outcomes = judge(history(registered(load)), raw_logs(load, 2))

    assert any(v.rule == "KZ-30" for outcome in outcomes for v in outcome.violations)
    assert any(mean.revision > 1 for outcome in outcomes for mean in outcome.means)


def test_judging_counts_every_reading_of_a_load_once() -> None:
    load = quick(FAST)
    logs = raw_logs(load, 2)

    found = judge_once(history(registered(load)), logs, batch=77)

    assert found.readings == sum(map(len, logs)) - 4
    # One window of 20 minutes of each of the ten channels of each source.
    assert found.means == load.sources * 10


def test_the_registry_file_has_every_source_with_its_channels_and_limits(tmp_path: Path) -> None:
    load, file = quick(NATIONAL), tmp_path / "registry.json"
    write_registry(registered(load), file)

    sources = json.loads(file.read_text())["sources"]

    assert len(sources) == load.sources
    source = sources["KZ-0000000"]
    assert source["cadence_s"] == 60
    assert source["channels"]["SO2"] == {"unit": "mg/m3", "basis": "wet", "range": [0.0, 3000.0]}
    assert len(source["channels"]) == 10
    assert [limit["reference"]["o2_pct"] for limit in source["limits"]] == [6.0] * 4


def mean(value: float | None, start: int = 0, **more: object) -> dict[str, object]:
    fixed = {"kind": "mean", "source_id": "S", "parameter": "SO2", "window": "30min"}
    return {**fixed, "start": start, "value": value, **more}


def violation(value: float, start: int = 0, **more: object) -> dict[str, object]:
    fixed = {"kind": "violation", "rule": "KZ-30", "source_id": "S", "parameter": "SO2"}
    return {**fixed, "start": start, "value": value, **more}


def test_equal_results_agree_within_the_tolerance() -> None:
    ours = collect([mean(1.0), mean(2.0, 1), violation(2.0, 1)])
    peer = collect([mean(1.0 + 1e-12), mean(2.0, 1), violation(2.0, 1), mean(3.0, 2)])

    verdict = compare(ours, peer)

    assert verdict.agrees
    assert (verdict.means.equal, verdict.means.extra, verdict.violations.equal) == (2, 1, 1)


@pytest.mark.parametrize(
    ("peer", "part"),
    [
        ([mean(1.0 + 1e-8), violation(1.0)], "means.different"),
        ([violation(1.0)], "means.absent"),
        ([mean(1.0)], "violations.absent"),
        ([mean(1.0), violation(1.1)], "violations.different"),
        ([mean(1.0), violation(1.0), violation(5.0, 7)], "violations.extra"),
    ],
)
def test_another_result_is_named_and_takes_the_peer_out(
    peer: list[dict[str, object]], part: str
) -> None:
    verdict = compare(collect([mean(1.0), violation(1.0)]), collect(peer))

    kind, _, field = part.partition(".")
    assert not verdict.agrees
    assert getattr(getattr(verdict, kind), field) == 1


def test_what_late_readings_changed_is_no_difference_but_a_part_that_is_missing() -> None:
    ours = collect([mean(1.0), mean(1.5, revision=2), violation(1.5)])

    verdict = compare(ours, collect([mean(1.0), violation(1.0)]))

    assert verdict.agrees
    assert (verdict.means.revised, verdict.violations.revised) == (1, 1)
    assert compare(ours, collect([mean(1.5), violation(1.5)])).means.equal == 1


def test_a_violation_that_was_withdrawn_is_not_expected_of_a_peer() -> None:
    ours = collect([mean(1.0, revision=2), violation(3.0), violation(1.0, status="WITHDRAWN")])

    assert not ours.violations
    assert compare(ours, collect([mean(3.0), violation(3.0)])).agrees


def test_other_windows_and_rules_are_no_part_of_the_common_subset(tmp_path: Path) -> None:
    file = tmp_path / "results.ndjson"
    lines = [mean(1.0), mean(1.0, 5, window="day"), mean(None, 6), violation(1.0, rule="KZ-DAY")]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    found = peer_results(file)

    assert found == Results({("S", "SO2", "30min", 0): 1.0}, {}, set())


def test_goals_are_held_against_the_best_peer_that_did_the_same_job() -> None:
    right, wrong = collect([mean(1.0)]), collect([mean(2.0)])
    runs = [
        seconds(CEILINGS["fastavro"], 1.0, 1.0),
        seconds(NAME, 2.5, 1.5),
        seconds("slow", 10.0, 6.0),
        seconds("wrong", 1.0, 1.0),
    ]
    verdicts = {"slow": compare(right, right), "wrong": compare(right, wrong)}

    peer, decoding = goals(figures(runs), verdicts)

    assert (peer.by_clock, peer.by_cpu, peer.met) == (4.0, 4.0, True)
    assert decoding.by_clock == pytest.approx(0.4)
    assert decoding.by_cpu == pytest.approx(1 / 1.5)
    assert not decoding.met
    assert "slow" in peer.sentence()
    assert "NOT met" in decoding.sentence()


def test_a_goal_without_a_measure_is_not_met_and_says_why() -> None:
    for goal in goals(figures([seconds(NAME, 1.0, 1.0)]), {}):
        assert not goal.met
        assert "not known" in goal.sentence()


def test_repeats_come_to_a_median_and_a_spread() -> None:
    found = figures([seconds("a", wall, 1.0) for wall in (1.0, 4.0, 2.0)])["a"].per_second

    assert found == (500.0, 250.0, 1000.0)


def test_the_plot_is_a_document_with_a_bar_for_each() -> None:
    bars = [Bar("fetch & decode", 10.0, 8.0, 12.0, False), Bar("ours", 5.0, 5.0, 5.0, True)]

    root = ElementTree.fromstring(svg({"national": bars}, "readings/s"))  # noqa: S314 - our own

    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert texts == ["national, readings/s", "fetch & decode", "10", "ours", "5"]
    widths = [float(e.get("width", "0")) for e in root.iter() if e.tag.endswith("rect")][1:]
    assert widths[0] == pytest.approx(2 * widths[1])


def test_the_sink_is_held_to_its_share_of_a_raw_insert() -> None:
    rows = [
        {"what": "raw", "of_raw": 1.0, "of_raw_by_cpu": 1.0},
        {"what": "writer", "of_raw": 0.8, "of_raw_by_cpu": 0.6},
        {"what": "worker", "of_raw": 0.6, "of_raw_by_cpu": 0.8},
    ]

    assert [goal.met for goal in sink_goals(rows)] == [True, False]
