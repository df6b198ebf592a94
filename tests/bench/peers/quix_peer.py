"""The job with Quix Streams: a pipeline of one record, tumbling windows, RocksDB with changelog.

Compared: decoding, quality, dropping duplicates, normalisation, the means of 20 min, 30 min, 1 h
and a day, KZ-30, both produced as JSON to the output topic; offsets committed, the state of every
window kept in RocksDB and in a changelog topic, as the documentation sets it up: ``set_timestamp``
for event time, a stateful filter for duplicates, one branch a window length with
``tumbling_window(...).agg(Reduce)`` and ``final``. Windows close with the time of the partition
(``closing_strategy="partition"``): by key, the default, is slower (it searches RocksDB with every
record) and never closes the last window of a source.

Left out is what `job.PARTS_MISSING` and ``MISSING`` name. A window of Quix takes no record without
a key, so ticks are given one here; it has no hook for that.
"""

from __future__ import annotations

import tempfile
from typing import Any

import job
from harness import Run
from job import LOCAL, WINDOWS, Job, Reading, Result, Window
from quixstreams import Application
from quixstreams.dataframe.windows import Reduce

MISSING = ("readings that arrive after their window has closed",)
COMMIT_S = 5.0
"""The default of Quix: the longer, the less is written to RocksDB and to the changelog."""

TICK = b"tick"


def main() -> None:
    """Run once over the topic."""
    run = Run("quixstreams", "Quix Streams", MISSING)
    work = Job(run.schema, run.registry)
    ends = run.ends()
    run.make_out_topic(len(ends))
    left = set(ends)

    def follow(_topic: str, partition: int, offset: int) -> None:
        run.records += 1
        if offset + 1 >= ends[partition]:
            left.discard(partition)
            if not left:
                app.stop()

    with tempfile.TemporaryDirectory() as directory:
        app = Application(
            broker_address=run.broker,
            consumer_group=run.group,
            auto_offset_reset="earliest",
            commit_interval=COMMIT_S,
            state_dir=directory,
            loglevel="ERROR",
            on_message_processed=follow,
            # Not every broker has what an idempotent producer needs; acks=all stays.
            producer_extra_config={"enable.idempotence": False, "acks": "all"},
        )
        build(app, run, work)
        app.run()
        run.finish(commit_s=COMMIT_S)


def build(app: Any, run: Run, work: Job) -> None:
    """The pipeline, from the topic of the readings to the topic of the results."""
    readings = app.topic(run.topic, key_deserializer="bytes", value_deserializer="bytes")
    _give_ticks_a_key(readings)
    out = app.topic(run.out_topic, key_serializer="bytes", value_serializer="json")

    def judged(message: bytes, key: bytes, arrived_at: int, _headers: Any) -> tuple[Reading, ...]:
        run.begin()
        if key == TICK:
            return (("", arrived_at, arrived_at, True, []),)
        record = work.decode(message)
        if record is None:
            return ()
        reading = work.judge(record, arrived_at)
        return () if reading is None else (reading,)

    # The event time is local: windows of Quix begin where it is a multiple of their length.
    stream = (
        app.dataframe(readings)
        .apply(judged, expand=True, metadata=True)
        .filter(_is_new, stateful=True)
        .set_timestamp(lambda reading, _key, _timestamp, _headers: reading[2] + LOCAL)
    )
    for window in WINDOWS:
        (
            stream.tumbling_window(
                duration_ms=window.length,
                grace_ms=window.grace,
                name=window.name,
                on_late=lambda *_: False,  # no line of log for each
            )
            .agg(sums=Reduce(reducer=job.add, initializer=job.first))
            .final(closing_strategy="partition")
            .apply(_closed(run, work, window), expand=True, metadata=True)
            .set_timestamp(lambda result, _key, _timestamp, _headers: result["start"])
            .to_topic(out)
        )


def _is_new(reading: Reading, state: Any) -> bool:
    seen = state.get("seen", [-1, 0])
    new: bool = job.is_new(seen, reading[1])
    if new:
        state.set("seen", seen)
    return new


def _closed(run: Run, work: Job, window: Window) -> Any:
    def closed(value: Any, key: bytes, _timestamp: int, _headers: Any) -> list[Result]:
        if key == TICK:
            return []
        found: list[Result] = work.results(
            key.decode(), window, value["start"] - LOCAL, value["sums"]
        )
        run.results += found
        return found

    return closed


def _give_ticks_a_key(topic: Any) -> None:
    deserialize = topic.row_deserialize

    def with_key(message: Any) -> Any:
        row = deserialize(message=message)
        if row.key is None:
            row.key = TICK
        return row

    topic.row_deserialize = with_key


if __name__ == "__main__":
    main()
