"""A batch is counted once, by where its messages ended and by what it brought."""

from __future__ import annotations

import pytest

from streams.changelog.store import StateStore
from streams.core.engine.outcome import Outcome
from streams.core.engine.transmission import Transmission
from streams.core.records.findings import Violation
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Excused
from streams.core.time.interval import HOUR
from streams.metrics.metric_set import MetricSet
from streams.runtime.batch_metrics import SURVEY_S, BatchMetrics
from streams.transport.batch import PartitionBatch
from tests.core.examples import (
    Log,
    connected,
    engine,
    excused,
    history,
    local,
    reading,
    source,
)
from tests.metrics.samples import value

AT = local("2026-04-01")
NOW = 1_000_000.0


class FakeEngine:
    def __init__(
        self,
        stream_time: int,
        silences: list[int],
        values: dict[str, Transmission] | None = None,
        mark: int | None = None,
    ) -> None:
        self.stream_time = stream_time
        self._silences, self._values, self._mark = silences, values or {}, mark

    def silences(self) -> list[int]:
        return self._silences

    def transmissions(self) -> dict[str, Transmission]:
        return self._values

    def oldest_pending_mark(self) -> int | None:
        return self._mark


class Bench:
    """A worker's instruments with clocks that the test moves."""

    def __init__(self) -> None:
        self.metrics = MetricSet("streams")
        self.now, self.pace = NOW, 0.0
        self.counted = BatchMetrics(self.metrics, lambda: self.now, lambda: self.pace)

    def finish(
        self,
        outcome: Outcome,
        silences: list[int],
        partition: int = 0,
        arrival: int = 1000,
        values: dict[str, Transmission] | None = None,
        mark: int | None = None,
    ) -> None:
        records = [RawRecord(0, arrival, None, b"", ())]
        batch = PartitionBatch("readings", partition, records, 1)
        with StateStoreAt() as state:
            engine = FakeEngine(arrival, silences, values, mark)
            self.counted.finished(batch, outcome, engine, state)

    def value(self, name: str, **labels: str) -> float | None:
        return value(self.metrics, f"emissions_{name}", **labels)


class StateStoreAt:
    def __enter__(self) -> StateStore:
        self.store = StateStore()
        self.store["a"] = b"12"
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.clear()


def exceeding() -> Outcome:
    """Hours above the limit, a duplicate, nonsense, and time that closes them."""
    log = Log()
    log.series(AT, [900.0] * 30)
    log.add(reading(AT, values={"SO2": 900.0}), AT + 30 * 600_000)
    log.raw(AT + 30 * 600_000, b"nonsense")
    log.tick(AT + 8 * HOUR)
    return engine(history(connected(on="2026-03-31"))).apply(log.records)


def test_every_message_is_counted_where_it_ended() -> None:
    bench, outcome = Bench(), exceeding()
    bench.finish(outcome, [])
    assert (outcome.used, outcome.duplicates, len(outcome.dead_letters)) == (30, 1, 1)
    assert bench.value("readings_total", outcome="used") == 30
    assert bench.value("readings_total", outcome="duplicate") == 1
    assert bench.value("readings_total", outcome="refused") == 1
    assert bench.value("readings_refused_total", reason="UNDECODABLE") == 1
    assert bench.value("records_total", topic="readings") == 1
    published = bench.value("records_published_total", record="WindowMean")
    assert published == len(outcome.means) > 0


def new_violation() -> tuple[Outcome, Violation]:
    """The batch that brings the first violation with an end."""
    running, log = engine(history(connected(on="2026-03-31"))), Log().series(AT, [900.0] * 300)
    for record in log.records:
        outcome = running.apply([record])
        for each in outcome.violations:
            if each.revision == 1 and each.end is not None:
                return outcome, each
    raise AssertionError("nothing was found")


def test_a_violation_is_late_by_its_own_times() -> None:
    bench, (outcome, violation) = Bench(), new_violation()
    bench.now = violation.detected_at / 1000 + 2.5
    bench.finish(outcome, [])
    name, count = "violation_latency_seconds", len(outcome.violations)
    assert bench.value(f"{name}_bucket", since="arrival", le="2.0") == 0
    assert bench.value(f"{name}_bucket", since="arrival", le="3.0") == count
    new = [each for each in outcome.violations if each.revision == 1 and each.end is not None]
    assert bench.value(f"{name}_count", since="measurement") == len(new)
    late = bench.value(f"{name}_sum", since="measurement")
    assert late == pytest.approx(sum(bench.now - (each.end or 0) / 1000 for each in new))
    labels = {"rule": violation.rule, "status": violation.status}
    assert bench.value("violations_total", **labels) == 1


def test_silence_is_counted_over_all_partitions_now_and_then() -> None:
    bench, nothing = Bench(), Outcome([], [], [], [], {}, 0, 0, 0)
    bench.finish(nothing, [0, HOUR, HOUR + 1, 25 * HOUR])
    bench.finish(nothing, [2 * HOUR], partition=1)
    assert bench.value("sources") == 5
    assert bench.value("sources_silent", longer_than="1h") == 3
    assert bench.value("sources_silent", longer_than="24h") == 1
    assert bench.value("state_keys") == 2
    bench.finish(nothing, [], partition=1)
    assert bench.value("sources") == 5, "looked at a moment ago"
    bench.pace += SURVEY_S
    bench.finish(nothing, [], partition=1)
    assert bench.value("sources") == 4


def test_values_are_counted_by_region_and_the_oldest_mark_is_told() -> None:
    bench, nothing = Bench(), Outcome([], [], [], [], {}, 0, 0, 0)
    bench.finish(nothing, [], values={"KZ-55": Transmission(3, 1)})
    assert bench.value("mark_pending_timestamp_seconds") is None
    both = {"KZ-55": Transmission(6, 6), "KZ-47": Transmission(3, 0)}
    bench.finish(nothing, [], partition=1, values=both, mark=9000)
    bench.finish(nothing, [], partition=2, mark=7000)
    assert bench.value("20min_values_due", region="KZ-55") == 9
    assert bench.value("20min_values_received", region="KZ-55") == 7
    assert bench.value("20min_values_received", region="KZ-47") == 0
    assert bench.value("mark_pending_timestamp_seconds") == 7.0
    bench.counted.rebalanced([0])
    assert bench.value("20min_values_due", region="KZ-55") == 3
    assert bench.value("mark_pending_timestamp_seconds") is None


def test_times_are_those_of_partitions_that_are_here() -> None:
    bench = Bench()
    ticked = Outcome([], [], [], [], {}, 0, 0, 1)
    bench.finish(ticked, [], arrival=5000)
    bench.finish(Outcome([], [], [], [], {}, 0, 0, 0), [], partition=1, arrival=7000)
    assert bench.value("tick_timestamp_seconds", partition="0") == 5.0
    assert bench.value("tick_timestamp_seconds", partition="1") is None
    assert bench.value("stream_timestamp_seconds", partition="1") == 7.0
    assert bench.value("checkpoint_timestamp_seconds", partition="0") == NOW
    bench.now += 10
    bench.finish(ticked, [], arrival=8000)
    assert bench.value("checkpoint_timestamp_seconds", partition="0") == NOW
    bench.counted.checkpoint_completed(0, 4.0)
    assert bench.value("checkpoint_timestamp_seconds", partition="0") == NOW + 10
    assert bench.value("checkpoint_seconds_bucket", le="5.0") == 1
    bench.counted.rebalanced([1])
    assert bench.value("stream_timestamp_seconds", partition="0") is None
    assert bench.value("stream_timestamp_seconds", partition="1") == 7.0
    assert bench.counted.arrivals == {1: 7000}
    assert bench.value("rebalances_total") == 1


def test_the_engine_knows_how_long_its_sources_are_silent() -> None:
    since = "2026-03-31"
    running = engine(history(connected(on=since)))
    log = Log().series(AT, [1.0] * 6).tick(AT + 3 * HOUR)
    running.apply(log.records)
    assert running.silences() == [2 * HOUR]
    never = engine(history(connected(on=since)))
    never.apply(Log().tick(AT).tick(AT + 5 * HOUR).records)
    assert never.silences() == [5 * HOUR], "since the log is observed"
    test = engine(history(connected(on=since, test=True)))
    test.apply(log.records)
    assert test.silences() == []


def test_a_source_that_is_excused_is_not_silent() -> None:
    def silences(*periods: Excused) -> list[int]:
        running = engine(history(connected(source(excused=periods), on="2026-03-31")))
        running.apply(Log().series(AT, [1.0] * 6).tick(AT + 60 * HOUR).records)
        return running.silences()

    assert silences() == [59 * HOUR]
    assert silences(excused("2026-04-02", "2026-05-01")) == [], "no reading is due"
    assert silences(excused("2026-04-02", "2026-04-03")) == [35 * HOUR], "a day of it is excused"
    assert silences(excused("2026-04-04", None)) == [59 * HOUR], "not yet"
