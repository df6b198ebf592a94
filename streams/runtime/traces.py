"""Traces batches with OpenTelemetry: one trace a batch, one span a step. Off unless it is set.

A span tells topic, partition, offsets and counts, never who sent what: no source, no value, no text
of an error. While traces are off nothing of OpenTelemetry is imported, and what is wrapped here is
handed back as it is.

The trace context of a sender's message (``traceparent``) is no parent: a batch has thousands of
messages of many senders, and none of them may choose which batches are traced.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from schemas.columns import DecodedBatch
from streams.core.engine.outcome import Outcome
from streams.kafka.producer import Output
from streams.transport.batch import Delivery, PartitionBatch

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

CLOSE_S: Final = 1.0
"""How long a worker that stops waits for the collector to take the last spans."""

Decode = Callable[[Sequence[bytes | None]], DecodedBatch]
Encode = Callable[[Outcome], list[Output]]
Process = Callable[[Delivery], Awaitable[None]]


class Traces:
    """Trace nothing: every step is handed back as it is."""

    on = False

    def stage(
        self, _name: str, timer: AbstractContextManager[None]
    ) -> AbstractContextManager[None]:
        """Return the context of a step of a batch."""
        return timer

    def decoding(self, decode: Decode) -> Decode:
        """Return what decodes the messages of a batch."""
        return decode

    def encoding(self, encode: Encode) -> Encode:
        """Return what encodes the outcome of a batch."""
        return encode

    def processing(self, process: Process) -> Process:
        """Return what takes a batch from its fetch to its acknowledgement."""
        return process

    def writing(self, _deliveries: Sequence[Delivery]) -> AbstractContextManager[None]:
        """Return the context in which fetched batches are written to ClickHouse as one."""
        return nullcontext()

    def step(self, _name: str) -> AbstractContextManager[None]:
        """Return the context of a step that no metric times."""
        return nullcontext()

    def close(self) -> None:
        """Send what is left, for a moment."""


OFF: Final = Traces()


class BatchTraces(Traces):
    """Trace each batch of a worker; spans belong to the batch of the running task."""

    on = True

    def __init__(
        self, tracer: Tracer, group: str, close: Callable[[], object] | None = None
    ) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, get_current_span

        self._tracer = tracer
        self._close = close
        self._root, self._consumer = Context(), SpanKind.CONSUMER
        self._current = get_current_span
        self._common = {"messaging.system": "kafka", "messaging.consumer.group.name": group}

    def stage(self, name: str, timer: AbstractContextManager[None]) -> AbstractContextManager[None]:
        """Time a step and trace it, where a batch that is traced is in work."""
        return self._timed(name, timer) if self._current().is_recording() else timer

    def decoding(self, decode: Decode) -> Decode:
        """Trace the decoding inside the judging, with the number of messages."""

        def traced(values: Sequence[bytes | None]) -> DecodedBatch:
            with self.step("decode") as span:
                _set(span, messages=len(values))
                return decode(values)

        return traced

    def encoding(self, encode: Encode) -> Encode:
        """Tell on the span of the encoding what came of the batch."""

        def traced(outcome: Outcome) -> list[Output]:
            outputs = encode(outcome)
            _set(
                self._current(),
                used=outcome.used,
                duplicates=outcome.duplicates,
                dead_letters=len(outcome.dead_letters),
                outputs=len(outputs),
            )
            return outputs

        return traced

    def processing(self, process: Process) -> Process:
        """Trace a batch from the fetch that brought it to its acknowledgement."""

        async def traced(delivery: Delivery) -> None:
            batch = delivery.value
            now = time.time_ns()
            began, fetched = batch.fetched or (now, now)
            with self._batch("process", [batch], began) as span:
                self._past("fetch", began, fetched)
                self._past("wait", fetched, now)
                await process(_TracedDelivery(delivery, self))
                if batch.revoked:
                    _set(span, revoked=True)

        return traced

    @contextmanager
    def writing(self, deliveries: Sequence[Delivery]) -> Iterator[None]:
        """Trace the write of fetched batches, from when the first of them had been fetched."""
        now = time.time_ns()
        batches = [delivery.value for delivery in deliveries]
        began = now if batches[0].fetched is None else batches[0].fetched[1]
        with self._batch("write", batches, began) as span:
            self._past("gather", began, now)
            yield
            if batches[-1].revoked:
                _set(span, revoked=True)

    @contextmanager
    def step(self, name: str) -> Iterator[Any]:
        """Trace a step of the batch in work; nothing where there is none."""
        if not self._current().is_recording():
            yield self._current()
            return
        with self._span(name) as span:
            yield span

    def close(self) -> None:
        """Send what is left, for at most `CLOSE_S`."""
        if self._close is None:
            return
        # In a thread that ends with the process: a collector that hangs holds nobody up.
        closing = threading.Thread(target=self._close, name="last-traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    @contextmanager
    def _timed(self, name: str, timer: AbstractContextManager[None]) -> Iterator[None]:
        with timer, self._span(name):
            yield

    def _batch(
        self, operation: str, batches: Sequence[PartitionBatch], began: int
    ) -> AbstractContextManager[Span]:
        first, last = batches[0], batches[-1]
        attributes = {
            **self._common,
            "messaging.operation.type": operation,
            "messaging.destination.name": first.topic,
            "messaging.destination.partition.id": str(first.partition),
            "messaging.batch.message_count": sum(map(len, batches)),
            "messaging.kafka.offset": first.first_offset,
            "emissions.next_offset": last.next_offset,
            "emissions.fetches": sum(batch.fetches for batch in batches),
        }
        return self._span(
            f"{operation} {first.topic}",
            context=self._root,
            kind=self._consumer,
            start_time=began,
            attributes=attributes,
        )

    @contextmanager
    def _span(self, name: str, **options: Any) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False, **options
        ) as span:
            try:
                yield span
            except BaseException as error:
                # Its name alone: the text may tell of a source.
                _failed(span, type(error).__name__)
                raise

    def _past(self, name: str, began: int, ended: int) -> None:
        """Add a step that is over; times are Unix time in ns."""
        self._tracer.start_span(name, start_time=began).end(max(began, ended))


class _TracedDelivery:
    """A delivery whose acknowledgement is a step of the batch."""

    def __init__(self, delivery: Delivery, traces: BatchTraces) -> None:
        self._delivery = delivery
        self._traces = traces
        self.value = delivery.value

    def ack(self) -> bool:
        """Acknowledge the batch."""
        with self._traces.step("ack"):
            return self._delivery.ack()


def _set(span: Span, **values: bool | int) -> None:
    span.set_attributes({f"emissions.{name}": value for name, value in values.items()})


def _failed(span: Span, kind: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, kind))
