"""Sends the spans of batches to a collector (OTLP over HTTP), and never waits for it.

``OTEL_*`` of the environment say where spans go and which are taken. The queue is bounded here, so
that a collector that is away, slow or hanging costs spans and no batch.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from streams.errors import OperatorError
from streams.metrics.flow import TRACE_SPANS
from streams.metrics.metric_set import MetricSet
from streams.runtime.traces import OFF, BatchTraces, Traces
from streams.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

QUEUE: Final = 2048
"""Spans that wait for the collector at most; what comes beyond is lost, and counted."""


def start_traces(settings: Settings, group: str, metrics: MetricSet) -> Traces:
    """Start what sends spans, in a thread of its own; `OFF` where traces are off.

    Raises `OperatorError` where the extra is not installed.
    """
    spans = metrics.counter(TRACE_SPANS)
    if not settings.tracing:
        return OFF
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise OperatorError(
            "EMISSIONS_TRACING is on and OpenTelemetry is not installed: "
            "pip install 'emission-streams[tracing]', or unset it"
        ) from None
    return traces_to(OTLPSpanExporter(), group, spans)


def traces_to(exporter: SpanExporter, group: str, spans: Counter) -> BatchTraces:
    """Make the traces of the worker of a consumer group, sent by an exporter.

    ``spans`` counts them (`TRACE_SPANS`).
    """
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    about = {
        "service.version": metadata.version("emission-streams"),
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
    }
    told = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in told:
        about["service.name"] = group
    # Without the library's own end, which waits for the collector.
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(_bounded(exporter, spans))

    def end() -> None:
        provider.shutdown()

    return BatchTraces(provider.get_tracer("emissions"), group, end)


def _bounded(exporter: SpanExporter, spans: Counter) -> SpanProcessor:
    """Return the queue to an exporter, which loses what does not fit and counts all of it."""
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    sent, lost = spans.labels("sent"), spans.labels("lost")
    room = threading.Semaphore(QUEUE)

    class Counted(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            room.release(len(spans))
            result = SpanExportResult.FAILURE
            try:
                result = exporter.export(spans)
            finally:
                (sent if result is SpanExportResult.SUCCESS else lost).inc(len(spans))
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    inner = BatchSpanProcessor(Counted(), max_queue_size=QUEUE)

    class Bounded(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            if span.context is None or not span.context.trace_flags.sampled:
                return
            if room.acquire(blocking=False):
                inner.on_end(span)
            else:
                lost.inc()

        def shutdown(self) -> None:
            inner.shutdown()  # type: ignore[no-untyped-call]

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return inner.force_flush(timeout_millis)

    return Bounded()
