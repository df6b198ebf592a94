"""Metrics of the flow of records: how far the workers are, and what stops them."""

from __future__ import annotations

from typing import Final

from streams.metrics.metric import EVERY, Metric

_PLACE: Final = {"topic": "topic", "partition": "partition number"}
_GROUP_PLACE: Final = {"consumergroup": "consumer group of the worker", **_PLACE}
_TABLE: Final = {"table": "table of ClickHouse"}

BUILD: Final = Metric(
    "emissions_build_info",
    "gauge",
    EVERY,
    "1, with the version of the program.",
    "Different versions beside each other: finish the upgrade.",
    {"version": "version of the program"},
)
READY: Final = Metric(
    "emissions_worker_ready",
    "gauge",
    EVERY,
    "1 while the worker does its work (`/readyz`), else 0.",
    "`/readyz` says in a sentence which condition is not met.",
)
LIVE: Final = Metric(
    "emissions_worker_live",
    "gauge",
    EVERY,
    "0 while a restart of the worker is due (`/livez`), else 1.",
    "`/livez` says why; the check of the container or the orchestrator restarts it.",
)
PARTITIONS: Final = Metric(
    "emissions_partitions_assigned",
    "gauge",
    EVERY,
    "Partitions that this worker owns.",
    "0 beside workers that own several: more workers than partitions, or one that does not join.",
    {"topic": "topic"},
)
LAG: Final = Metric(
    "kafka_consumergroup_lag",
    "gauge",
    EVERY,
    "Records that are not committed, of a partition of this worker.",
    "If it grows, add workers up to the number of partitions; look at what holds the partition.",
    _GROUP_PLACE,
)
POSITION: Final = Metric(
    "kafka_consumergroup_current_offset",
    "gauge",
    EVERY,
    "Committed offset of a partition of this worker.",
    "",
    _GROUP_PLACE,
)
END: Final = Metric(
    "kafka_topic_partition_current_offset",
    "gauge",
    EVERY,
    "Offset after the last record of a partition of this worker.",
    "If that of the readings stands still, nobody sends: look at what brings readings in.",
    _PLACE,
)
LAG_SECONDS: Final = Metric(
    "emissions_lag_seconds",
    "gauge",
    EVERY,
    "How long ago the last finished record of a partition arrived, while others wait; 0 while none "
    "does. After a moment without lag it counts from there.",
    "As the lag in records.",
    _GROUP_PLACE,
)
RECORDS: Final = Metric(
    "emissions_records_total",
    "counter",
    ("streams", "sinks"),
    "Records whose results are durable, ticks among them.",
    "",
    {"topic": "topic that was read"},
)
READINGS: Final = Metric(
    "emissions_readings_total",
    "counter",
    ("streams",),
    "Messages of the readings topic by where they ended: each in exactly one place.",
    "Many duplicates: a sender repeats itself. Many refused: see the reasons.",
    {"outcome": "used, duplicate or refused"},
)
PUBLISHED: Final = Metric(
    "emissions_records_published_total",
    "counter",
    ("streams",),
    "Records that the broker has confirmed, by what they are.",
    "",
    {"record": "name of the record, such as WindowMean (docs/reference/topics-and-schemas.md)"},
)
REBALANCES: Final = Metric(
    "emissions_rebalances_total",
    "counter",
    ("streams", "sinks"),
    "Assignments of partitions to this worker.",
    "Many without starts and stops: the session timeout is too short, or batches take too long.",
)
HELD: Final = Metric(
    "emissions_partitions_held",
    "gauge",
    ("streams", "sinks"),
    "1 for each partition of this worker that waits for a person, by why; none while none waits.",
    "`/readyz` names record and reason; `emissions resume` lets the partition go on.",
    {"kind": "dead-letter limit or clock", **_PLACE},
)
INSERTED_ROWS: Final = Metric(
    "emissions_inserted_rows_total",
    "counter",
    ("sinks",),
    "Rows that ClickHouse has confirmed.",
    "",
    _TABLE,
)
INSERT_RETRIES: Final = Metric(
    "emissions_insert_retries_total",
    "counter",
    ("sinks",),
    "Inserts that failed and are tried again, the same batch under the same token.",
    "Nothing is lost. Look at ClickHouse: `insert_retrying` in the log names its error.",
    _TABLE,
)
INSERT_REJECTED: Final = Metric(
    "emissions_insert_rejected_messages_total",
    "counter",
    ("sinks",),
    "Messages whose rows ClickHouse refuses: they are dead letters (`SINK_REJECTED`).",
    "`emissions dead-letters list` shows them. Usually the schema of a table is older than the "
    "program: `emissions migrate`.",
    _TABLE,
)
STATE_KEYS: Final = Metric(
    "emissions_state_keys",
    "gauge",
    ("streams",),
    "Keys of the state of this worker's partitions.",
    "",
)
STATE_BYTES: Final = Metric(
    "emissions_state_disk_bytes",
    "gauge",
    ("streams",),
    "Size of the state's files.",
    "The directory needs room for twice the state and a gigabyte.",
)
CHECKPOINTS: Final = Metric(
    "emissions_checkpoint_seconds",
    "histogram",
    ("streams",),
    "Time from when a checkpoint of a partition's state is taken until the changelog has it.",
    "It is written in a fixed share to the readings: quiet partitions take long, up to 30 minutes.",
    {},
    (1, 5, 15, 60, 300, 600, 1200, 1800, 3600),
)
CHECKPOINT_TIME: Final = Metric(
    "emissions_checkpoint_timestamp_seconds",
    "gauge",
    ("streams",),
    "When the state of a partition was last complete in the changelog, or its owner began; Unix "
    "time. A start judges again what came since.",
    "Old although readings come: look at the changelog topic and its in-sync replicas.",
    {"partition": "partition of the readings"},
)
TRACE_SPANS: Final = Metric(
    "emissions_trace_spans_total",
    "counter",
    ("streams", "sinks"),
    "Spans of traces (`EMISSIONS_TRACING`): those that the collector took, and those that were "
    "lost.",
    "Lost ones: the collector is away, refuses them or is slow. No batch waits for it.",
    {"outcome": "sent or lost"},
)

METRICS: Final = (
    BUILD, READY, LIVE, PARTITIONS, LAG, POSITION, END, LAG_SECONDS, RECORDS, READINGS, PUBLISHED,
    REBALANCES, HELD, INSERTED_ROWS, INSERT_RETRIES, INSERT_REJECTED, STATE_KEYS, STATE_BYTES,
    CHECKPOINTS, CHECKPOINT_TIME, TRACE_SPANS,
)  # fmt: skip
