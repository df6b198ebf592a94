"""A write to ClickHouse is one trace: what was gathered, frozen, inserted and acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sinks.batch import Batch
from sinks.metrics import SinkMetrics
from sinks.tables import Table
from streams.metrics.flow import TRACE_SPANS
from streams.metrics.metric_set import MetricSet
from streams.runtime.trace_export import traces_to
from tests.sinks.test_partition_writer import Bench, BlockingWriter, running
from tests.support.broker import eventually


class StagedWriter(BlockingWriter):
    """Writes within the stage that times an insert."""

    async def write(
        self, batch: Batch, tables: Sequence[Table], revoked: Callable[[], bool]
    ) -> None:
        with self.metrics.stage("insert"):
            await super().write(batch, tables, revoked)


async def test_a_write_is_one_trace() -> None:
    kept, metrics = InMemorySpanExporter(), MetricSet("sinks")
    traces = traces_to(kept, "sinks-group", metrics.counter(TRACE_SPANS))
    bench = Bench(age_s=60.0, messages=5)
    bench.writer = StagedWriter(bench.happened)
    bench.writer.metrics = SinkMetrics(metrics, traces=traces)
    bench.partition_writer._writer = bench.writer  # type: ignore[assignment]
    bench.writer.may_write.set()
    async with running(bench):
        bench.deliver(0, 2)
        bench.deliver(3, 4)
        await eventually(lambda: bench.happened[-1:] == ["ack 3"], "both are acknowledged")
    traces.close()
    spans = kept.get_finished_spans()
    (root,) = [span for span in spans if span.parent is None]
    assert root.name == "write t"
    assert root.attributes is not None
    assert root.attributes["emissions.fetches"] == 2
    assert root.attributes["messaging.batch.message_count"] == 5
    assert root.attributes["messaging.kafka.offset"] == 0
    assert root.attributes["emissions.next_offset"] == 5
    below = [span.name for span in spans if span.parent is not None]
    assert below == ["gather", "freeze", "insert", "ack"], "what is decoded belongs to no write yet"
