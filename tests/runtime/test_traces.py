"""One trace a batch: its steps in their order, who sent what never, and no batch waits for it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streams.core.records.record import RawRecord
from streams.errors import OperatorError
from streams.metrics.flow import TRACE_SPANS
from streams.metrics.metric_set import MetricSet
from streams.runtime.batch_metrics import BatchMetrics
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.processor import BatchProcessor
from streams.runtime.trace_export import QUEUE, start_traces, traces_to
from streams.runtime.traces import OFF, BatchTraces
from streams.settings import Settings
from streams.transport.batch import PartitionBatch, set_fetched
from tests.core.examples import CODEC, Log, local, reading
from tests.metrics.samples import value
from tests.runtime.test_processor import Worker
from tests.support.no_holds import NoHolds, never_ahead

AT = local("2026-04-01")


class Collector:
    """Traces that are kept in memory, with the metrics of their worker."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self.kept = InMemorySpanExporter()
        self.metrics = MetricSet("streams")
        self.traces = traces_to(
            exporter or self.kept, "streams-group", self.metrics.counter(TRACE_SPANS)
        )

    def spans(self) -> list[ReadableSpan]:
        """Every span, in the order of their begin."""
        self.traces.close()
        return sorted(self.kept.get_finished_spans(), key=lambda span: span.start_time or 0)

    def counted(self, outcome: str) -> float:
        return value(self.metrics, "emissions_trace_spans_total", outcome=outcome) or 0.0


class TracedWorker(Worker):
    def __init__(self, traces: BatchTraces) -> None:
        super().__init__()
        metrics = BatchMetrics(MetricSet("streams"), traces=traces)
        self.decode = traces.decoding(CODEC.decode_readings)
        self.processor = BatchProcessor(
            state=self,
            checkpoint=Checkpoint(self.producer, "changelog", metrics),
            follower=self,
            readings=self,
            engine=self.engine,
            encode=traces.encoding(self.encode),
            holds=NoHolds(),
            clock_check=never_ahead,
            policy=self.policy,
            metrics=metrics,
        )
        self.process = traces.processing(self.processor.process)

    def engine(self, partition: int, state: Any) -> Any:
        made = super().engine(partition, state)
        made._preparer._decode = self.decode
        return made

    async def take(self, records: Sequence[RawRecord], generation: int = 1) -> None:
        batch = PartitionBatch("emissions.readings", 3, records, generation)
        batch.partition = 0
        set_fetched([batch, None], 1)
        await self.process(SimpleNamespace(value=batch, ack=lambda: True))


def names(spans: Sequence[ReadableSpan], parent: ReadableSpan) -> list[str]:
    """Steps below a span, in their order."""
    return [
        span.name
        for span in spans
        if span.parent is not None and span.parent.span_id == parent.context.span_id
    ]


async def test_a_batch_is_one_trace_of_its_steps() -> None:
    collector = Collector()
    log = Log().series(AT, [600.0, 700.0]).raw(AT + 20 * 60_000, b"nonsense", "A")
    await TracedWorker(collector.traces).take(log.records)
    spans = collector.spans()
    roots = [span for span in spans if span.parent is None]
    (root,) = roots
    assert root.name == "process emissions.readings"
    assert root.start_time == 1, "when its fetch began"
    assert dict(root.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.consumer.group.name": "streams-group",
        "messaging.operation.type": "process",
        "messaging.destination.name": "emissions.readings",
        "messaging.destination.partition.id": "0",
        "messaging.batch.message_count": 3,
        "messaging.kafka.offset": 0,
        "emissions.next_offset": 3,
        "emissions.fetches": 1,
    }
    steps = names(spans, root)
    assert steps[:2] == ["fetch", "wait"]
    assert steps[2:] == [
        *("restore", "registry", "replay", "judge", "encode", "produce", "save", "ack")
    ]
    judge, encode = (next(s for s in spans if s.name == name) for name in ("judge", "encode"))
    assert names(spans, judge) == ["decode"]
    assert encode.attributes == {
        "emissions.used": 2,
        "emissions.duplicates": 0,
        "emissions.dead_letters": 1,
        "emissions.outputs": 0,
    }
    assert {span.context.trace_id for span in spans} == {root.context.trace_id}
    assert collector.counted("sent") == len(spans)
    assert collector.counted("lost") == 0


async def test_no_span_tells_who_sent_what() -> None:
    collector = Collector()
    message = reading(AT, source_id="a-source-of-ours", values={"SO2": 613.25})
    await TracedWorker(collector.traces).take(Log().add(message).records)
    told = "".join(span.to_json() for span in collector.spans())
    assert "process emissions.readings" in told
    for secret in ("a-source-of-ours", "613.25", "SO2"):
        assert secret not in told


async def test_a_failure_is_told_by_its_kind_alone() -> None:
    collector = Collector()

    async def fail(_: object) -> None:
        raise RuntimeError("source KZ-1 sent 613.25")

    batch = PartitionBatch("t", 0, Log().series(AT, [600.0]).records, 1)
    with pytest.raises(RuntimeError, match="613"):
        await collector.traces.processing(fail)(SimpleNamespace(value=batch, ack=lambda: True))
    *_, root = [span for span in collector.spans() if span.parent is None]
    assert root.status.description == "RuntimeError"
    assert root.attributes is not None
    assert root.attributes["error.type"] == "RuntimeError"
    assert "613.25" not in root.to_json()


async def test_a_revoked_batch_says_so() -> None:
    collector = Collector()

    async def leave(delivery: Any) -> None:
        delivery.value.revoked = True

    batch = PartitionBatch("t", 0, Log().series(AT, [600.0]).records, 1)
    await collector.traces.processing(leave)(SimpleNamespace(value=batch, ack=lambda: True))
    *_, root = [span for span in collector.spans() if span.parent is None]
    assert root.attributes is not None
    assert root.attributes["emissions.revoked"] is True


async def test_batches_beside_each_other_do_not_mix() -> None:
    collector = Collector()
    both = asyncio.Barrier(2)

    async def work(delivery: Any) -> None:
        await both.wait()
        with collector.traces.step("judge"):
            await both.wait()
        delivery.ack()

    async def one(partition: int) -> None:
        batch = PartitionBatch("t", partition, Log().series(AT, [600.0]).records, 1)
        await collector.traces.processing(work)(SimpleNamespace(value=batch, ack=lambda: True))

    await asyncio.gather(one(0), one(1))
    spans = collector.spans()
    roots = [span for span in spans if span.parent is None]
    assert len(roots) == 2
    for root in roots:
        assert names(spans, root) == ["fetch", "wait", "judge", "ack"]


async def test_a_collector_that_hangs_costs_spans_and_no_batch() -> None:
    hanging, reached = threading.Event(), threading.Event()

    class Hangs(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            reached.set()
            hanging.wait()
            return SpanExportResult.FAILURE

    collector = Collector(Hangs())

    async def work(delivery: Any) -> None:
        delivery.ack()

    try:
        process = collector.traces.processing(work)
        batch = PartitionBatch("t", 0, Log().series(AT, [600.0]).records, 1)
        acknowledged = 0

        def ack() -> bool:
            nonlocal acknowledged
            acknowledged += 1
            return True

        for _ in range(QUEUE):
            await process(SimpleNamespace(value=batch, ack=ack))
        assert acknowledged == QUEUE
        assert reached.is_set()
        assert collector.counted("lost") > QUEUE
        collector.traces.close()  # it comes back, although the collector does not
        assert collector.counted("sent") == 0
    finally:
        hanging.set()


def test_a_step_without_a_batch_is_timed_and_not_traced() -> None:
    collector = Collector()
    metrics = BatchMetrics(MetricSet("streams"), traces=collector.traces)
    with metrics.stage("save"):
        pass
    assert collector.spans() == []


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(OperatorError, match=r"pip install 'emission-streams\[tracing\]'"):
        start_traces(Settings(tracing=True), "group", MetricSet("streams"))


async def test_off_hands_back_what_it_is_given() -> None:
    assert start_traces(Settings(), "group", MetricSet("streams")) is OFF

    async def process(_: object) -> None:
        """What would be traced."""

    assert OFF.processing(process) is process
    assert OFF.decoding(CODEC.decode_readings) == CODEC.decode_readings
    assert not OFF.on
    OFF.close()
