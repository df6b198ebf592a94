"""The job with Bytewax: a dataflow of one worker, windows folded by key, recovery in SQLite.

Compared: decoding, quality, dropping duplicates, normalisation, the means of 20 min, 30 min, 1 h
and a day, KZ-30, both produced as JSON to the output topic; offsets and the state of every key
snapshotted to a recovery directory each `EPOCH`, as the documentation sets it up: ``KafkaSource``
with batches, ``flat_map_batch``, ``stateful_flat_map`` for duplicates, one ``fold_window`` with
``TumblingWindower`` a window length, not ordered (it need not be, and costs less), ``KafkaSink``.

The clock is one of its own, which Bytewax has the interface for: a source's watermark is its last
arrival less the grace. The stock ``EventClock`` drops a reading that is older than the newest of
its source less the grace even while its window is open, so its means would not be ours.

Left out is what `job.PARTS_MISSING` and ``MISSING`` name. At the end of the topic Bytewax closes
every window; those that time has not reached are not published.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import job
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import (
    Clock,
    ClockLogic,
    TumblingWindower,
    fold_window,
)
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from harness import Run
from job import LOCAL, WINDOWS, Job, Reading, Sums, Window

MISSING = (
    "readings that arrive after their window has closed",
    "windows close when their own source sends again, or at the end of the topic: no ticks",
)
EPOCH = timedelta(seconds=10)
"""The default of Bytewax."""
BATCH = 5_000
"""What its guide to performance shows; the default is 1 000."""

_EPOCH_BEGINS = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_MIDNIGHT = _EPOCH_BEGINS - timedelta(milliseconds=LOCAL)
_MILLISECOND = timedelta(milliseconds=1)

Arrived = tuple[datetime, Reading]
"""A reading and the time of its arrival."""
Closed = tuple[str, tuple[int, Sums]]
"""A window that has closed: its source, its number since the local midnight, its sums."""
Message = Any


class ArrivalLogic(ClockLogic):  # type: ignore[misc]
    """The time of one source: a window is over when the grace has passed after its end.

    A reading takes the last moment of its window for its time, so that it is late only when the
    window has closed.
    """

    def __init__(self, window: Window, watermark: datetime) -> None:
        self._length = timedelta(milliseconds=window.length)
        self._grace = timedelta(milliseconds=window.grace)
        self._watermark = watermark

    def before_batch(self) -> None:
        """Nothing is known before the items are."""

    def on_item(self, value: Arrived) -> tuple[datetime, datetime]:
        """The time of a reading, and the watermark after it."""
        arrived, reading = value
        watermark = arrived - self._grace
        if watermark > self._watermark:
            self._watermark = watermark
        since = timedelta(milliseconds=reading[2] + LOCAL)
        end = _LOCAL_MIDNIGHT + (since // self._length + 1) * self._length
        return end - _MILLISECOND, self._watermark

    def on_notify(self) -> datetime:
        """Time does not pass by itself."""
        return self._watermark

    def on_eof(self) -> datetime:
        """Close every window."""
        return datetime.max.replace(tzinfo=UTC)

    def to_system_utc(self, timestamp: datetime) -> None:
        """No wall clock closes a window."""

    def snapshot(self) -> datetime:
        """What recovery keeps."""
        return self._watermark


class ArrivalClock(Clock):  # type: ignore[misc]
    """Makes the clock of each source."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def build(self, resume_state: datetime | None) -> ArrivalLogic:
        """A new clock, or the one that recovery kept."""
        return ArrivalLogic(self._window, resume_state or _LOCAL_MIDNIGHT)


def main() -> None:
    """Run once over the topic."""
    run = Run("bytewax", "Bytewax", MISSING)
    work = Job(run.schema, run.registry)
    run.make_out_topic(len(run.ends()))
    with tempfile.TemporaryDirectory() as directory:
        init_db_dir(Path(directory), 1)
        cli_main(
            build(run, work),
            epoch_interval=EPOCH,
            recovery_config=RecoveryConfig(Path(directory)),
        )
        run.finish(epoch_s=EPOCH.total_seconds())


def build(run: Run, work: Job) -> Dataflow:
    """The dataflow, from the topic of the readings to the topic of the results."""
    judging = Judging(run, work)
    flow = Dataflow("peer")
    messages = op.input(
        "readings", flow, KafkaSource([run.broker], [run.topic], tail=False, batch_size=BATCH)
    )
    judged = op.flat_map_batch("judge", messages, judging.judge)
    readings = op.stateful_flat_map("duplicates", judged, _new)
    closed = []
    for window in WINDOWS:
        folded = fold_window(
            f"fold-{window.name}",
            readings,
            ArrivalClock(window),
            TumblingWindower(
                length=timedelta(milliseconds=window.length), align_to=_LOCAL_MIDNIGHT
            ),
            builder=list,
            folder=_fold,
            merger=_never,
            ordered=False,
        )
        closed.append(
            op.flat_map_batch(f"close-{window.name}", folded.down, judging.closing(window))
        )
    results = op.merge("results", *closed)
    op.output("out", results, KafkaSink([run.broker], run.out_topic))
    return flow


class Judging:
    """Reads and judges batches of messages, and knows how far time has come."""

    def __init__(self, run: Run, work: Job) -> None:
        self._run = run
        self._work = work
        self._now = 0

    def judge(self, messages: list[KafkaSourceMessage[Any, Any]]) -> Iterable[tuple[str, Arrived]]:
        """The readings that count, by source."""
        self._run.begin()
        self._run.records += len(messages)
        decode, judge = self._work.decode, self._work.judge
        found = []
        for message in messages:
            arrived_at = message.timestamp[1]
            if arrived_at > self._now:
                self._now = arrived_at
            record = decode(message.value)
            reading = None if record is None else judge(record, arrived_at)
            if reading is not None:
                found.append((reading[0], (_time(arrived_at), reading)))
        return found

    def closing(self, window: Window) -> Callable[[list[Closed]], Iterable[Message]]:
        """Makes messages of the windows of a length that have closed."""

        def close(windows: list[Closed]) -> Iterable[Message]:
            for name, (number, sums) in windows:
                start = number * window.length - LOCAL
                if start + window.length + window.grace > self._now:
                    continue  # closed by the end of the topic only
                for result in self._work.results(name, window, start, sums):
                    self._run.results.append(result)
                    yield KafkaSinkMessage(name.encode(), orjson.dumps(result), timestamp=start)

        return close


def _new(seen: list[int] | None, arrived: Arrived) -> tuple[list[int], Iterable[Arrived]]:
    if seen is None:
        seen = [-1, 0]
    return seen, (arrived,) if job.is_new(seen, arrived[1][1]) else ()


def _fold(sums: Sums, arrived: Arrived) -> Sums:
    return job.add(sums, arrived[1])


def _never(_sums: Sums, _others: Sums) -> Sums:
    raise AssertionError("tumbling windows do not merge")


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


if __name__ == "__main__":
    main()
