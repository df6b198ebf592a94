"""What each script owes the benchmark: its arguments, a clock, the results, a report."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import resource
import time
import uuid
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from job import PARTS_MISSING, Result

_KAFKA_S = 30.0


class Run:
    """One run over the whole topic, from the beginning to the end that it had at the start.

    ``group`` is a name that no other run has; topics that begin with it are deleted in the end.
    """

    def __init__(self, package: str, name: str, missing: tuple[str, ...]) -> None:
        given = _arguments(name)
        self.broker: str = given.broker
        self.topic: str = given.topic
        self.out_topic: str = given.out_topic
        self.schema: Path = given.schema
        self.registry: Path = given.registry
        self.group = f"peer-{package}-{uuid.uuid4().hex[:12]}"
        self.results: list[Result] = []
        self.records = 0
        self._results_file: Path = given.results
        self._report_file: Path = given.report
        self._about = {
            "name": name,
            "version": importlib.metadata.version(package),
            "parts_missing": [*PARTS_MISSING, *missing],
        }
        self._started: tuple[float, float] | None = None
        self._admin = AdminClient({"bootstrap.servers": self.broker})

    def ends(self) -> dict[int, int]:
        """The offset behind the last record of each partition of the topic that has any."""
        found = self._admin.list_topics(self.topic, timeout=_KAFKA_S).topics[self.topic]
        if found.error is not None:
            raise SystemExit(f"{self.topic}: {found.error}")
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": self.group})
        try:
            marks = {
                number: consumer.get_watermark_offsets(
                    TopicPartition(self.topic, number), timeout=_KAFKA_S
                )
                for number in found.partitions
            }
        finally:
            consumer.close()
        return {number: end for number, (begin, end) in marks.items() if end > begin}

    def make_out_topic(self, partitions: int) -> None:
        """Create the topic of the results unless it is there."""
        if self.out_topic not in self._admin.list_topics(timeout=_KAFKA_S).topics:
            # A result has the time of its window, which may be older than Kafka keeps records.
            topic = NewTopic(self.out_topic, partitions, 1, config={"retention.ms": "-1"})
            made = self._admin.create_topics([topic])
            made[self.out_topic].result(_KAFKA_S)

    def begin(self) -> None:
        """Start the clock, with the first record; later calls do nothing."""
        if self._started is None:
            self._started = time.perf_counter(), time.process_time()

    def finish(self, **more: object) -> None:
        """Stop the clock, when the last result is flushed; then write the files and clean up."""
        wall, cpu = time.perf_counter(), time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if self._started is None:
            raise SystemExit(f"{self.topic} has no records")
        report = {
            **self._about,
            "readings": self.records,
            "wall_s": wall - self._started[0],
            "cpu_s": cpu - self._started[1],
            "peak_rss": peak,
            **more,
        }
        with self._results_file.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(result) + "\n" for result in self.results)
        self._report_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        self._delete_own_topics()

    def _delete_own_topics(self) -> None:
        """Changelogs of a run are of no use to the next one."""
        own = [
            name for name in self._admin.list_topics(timeout=_KAFKA_S).topics if self.group in name
        ]
        if own:
            for deleted in self._admin.delete_topics(own).values():
                deleted.result(_KAFKA_S)


def _arguments(name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"The job of the benchmark with {name}.")
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--registry", required=True, type=Path, metavar="FILE.json")
    parser.add_argument("--schema", required=True, type=Path, metavar="FILE.avsc")
    parser.add_argument("--out-topic", required=True, metavar="TOPIC")
    parser.add_argument("--results", required=True, type=Path, metavar="FILE.ndjson")
    parser.add_argument("--report", required=True, type=Path, metavar="FILE.json")
    return parser.parse_args()
