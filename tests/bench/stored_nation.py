"""A day of the simulated nation in ClickHouse, and as many more like it as are asked for.

The first day is judged by the core and written by the sinks' own code. The others are made of it
inside ClickHouse, through the same tables, with the times moved by whole days. Nothing that
compression could take for a repetition repeats: arrivals and offsets get new jitter, the same for
all channels of a reading, and values half a percent of noise, at the resolution they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRecord
from clickhouse_connect.driver.client import Client

from emissions.simulation.nation import Nation
from emissions.simulation.stream import records
from schemas.codec import TICK, Codec
from schemas.ids import FileIds
from schemas.records import record_of
from sinks.batch import Batch, Entry, batch_of
from sinks.batch_writer import BatchWriter
from sinks.clickhouse import async_client
from sinks.decode import fetched_entries, routes
from sinks.readings.quality import quality_assessor
from sinks.tables import GAPS, MEANS, READINGS, TABLES, VIOLATIONS, Table
from streams.core.engine.outcome import Outcome
from streams.core.engine.partition import PartitionProcessor
from streams.core.law.policy import Policy
from streams.core.records.partitioning import partition_of
from streams.core.records.record import RawRecord
from streams.core.registry.enterprise import Enterprise
from streams.registry.avro import enterprise_to_record
from streams.rules.country import home
from streams.rules.load import load_rules
from streams.settings import Settings
from streams.transport.batch import PartitionBatch
from tests.support.core_run import history

PARTITIONS: Final = 4
BATCH: Final = 5_000
DAY: Final = "toIntervalDay({day:UInt16})"

_SEED: Final = "cityHash64(source_id, interval_start, {day:UInt16})"
_OWN: Final = "cityHash64(source_id, parameter, interval_start, {day:UInt16})"
_ON_TIME: Final = "arrived_at < interval_start + toIntervalSecond(period_s + 21)"
_WIDTH: Final = "intDiv(abs(digits), 200)"
_MOVED: Final = {
    "readings": {
        "interval_start": f"interval_start + {DAY}",
        "measured_at": f"measured_at + {DAY}",
        "arrived_at": (
            f"if({_ON_TIME}, interval_start + toIntervalSecond(period_s + 1) + "
            f"toIntervalMillisecond({_SEED} % 19000), arrived_at) + {DAY}"
        ),
        "digits": (
            f"if(scale = 255, digits, digits + toInt64({_OWN} % (2 * {_WIDTH} + 1)) - {_WIDTH})"
        ),
        "version": f"version - {{day:UInt16}} * 100000 - {_SEED} % 40",
    },
    "means": {
        **{name: f"{name} + {DAY}" for name in ("start", "end", "stream_time")},
        **{
            name: f"{name} * (1 + (toFloat64({{day:UInt16}}) - 20) / 4096)"
            for name in ("value", "raw_value", "validated_value", "min", "max")
        },
    },
    "gaps": {
        "id": "generateUUIDv4()",
        **{name: f"{name} + {DAY}" for name in ("start", "end", "detected_at")},
    },
    "violations": {
        "id": "generateUUIDv4()",
        **{name: f"{name} + {DAY}" for name in ("start", "end", "detected_at")},
    },
    "dead_letters": {
        "offset": "offset + {day:UInt16} * 100000",
        "timestamp": f"timestamp + {DAY}",
    },
}
_COPIED: Final = {
    "gaps": "end IS NOT NULL AND source_id NOT IN "
    "(SELECT source_id FROM gaps_current WHERE end IS NULL)"
}
"""What is copied, if not everything: whoever is silent at the end of the first day stays so."""

_COLUMNS: Final = {
    "readings": READINGS.columns,
    "means": MEANS.columns,
    "gaps": GAPS.columns,
    "violations": VIOLATIONS.columns,
    "dead_letters": next(table.columns for table in TABLES if table.name == "dead_letters"),
}


def logs_of(nation: Nation, codec: Codec) -> list[list[ConsumerRecord]]:
    """What the nation sends, as it lies in the partitions."""
    topic = Settings().topic_readings
    logs: list[list[ConsumerRecord]] = [[] for _ in range(PARTITIONS)]
    tick = codec.encode(TICK, {"sent_at": nation.until})
    for batch in records(nation, codec):
        for arrived, key, value, _, headers in batch:
            number = partition_of(key.decode(), PARTITIONS)
            log = logs[number]
            log.append(
                ConsumerRecord(topic, number, len(log), arrived, 0, key, value, None, 0, 0, headers)
            )
    for number, log in enumerate(logs):  # what closes the last windows
        log.append(
            ConsumerRecord(topic, number, len(log), nation.until, 0, None, tick, None, 0, 0, ())
        )
    return logs


async def write_nation(settings: Settings, nation: Nation, batch: int = BATCH) -> None:
    """Judge everything that the nation sends, and write readings, findings and registry.

    ``batch`` messages of a partition are judged and written at a time.
    """
    codec, registry = Codec(FileIds()), history(nation.enterprises)
    ways = routes(settings, codec, quality_assessor(registry, Policy(), PARTITIONS), home())
    writer = BatchWriter(lambda: async_client(settings))
    registrations = _registrations(nation.enterprises, codec, settings.topic_registry)
    way = ways[settings.topic_registry]
    whole = PartitionBatch(settings.topic_registry, 0, registrations, 1)
    await writer.write(batch_of(whole.topic, 0, [fetched_entries(whole, way)]), way.tables)
    way, rules = ways[settings.topic_readings], load_rules()
    for number, log in enumerate(logs_of(nation, codec)):
        state: dict[str, bytes] = {}
        engine = PartitionProcessor(
            topic=settings.topic_readings,
            partition=number,
            partitions=PARTITIONS,
            decode=codec.decode_readings,
            rules=rules,
            policy=Policy(),
            registry=registry,
            state=state,
        )
        for first in range(0, len(log), batch):
            part = log[first : first + batch]
            whole = PartitionBatch(settings.topic_readings, number, part, 1)
            await writer.write(
                batch_of(whole.topic, number, [fetched_entries(whole, way)]), way.tables
            )
            raw = [
                RawRecord(each.offset, each.timestamp, each.key, each.value, ()) for each in part
            ]
            outcome = engine.apply(raw)
            await _write_outcome(writer, outcome, number, first)
            _save(state, outcome)
            engine.commit()
    await writer.close()


def _save(state: dict[str, bytes], outcome: Outcome) -> None:
    """Write down what the engine looks up from now on: without it, it forgets past hours."""
    for key, value in outcome.state.items():
        if value is None:
            del state[key]
        else:
            state[key] = value


def _registrations(
    enterprises: Sequence[Enterprise], codec: Codec, topic: str
) -> list[ConsumerRecord]:
    return [
        ConsumerRecord(
            topic, 0, at, 0, 0, each.bin.encode(),
            codec.encode("EnterpriseRegistration", enterprise_to_record(each)), None, 0, 0, (),
        )
        for at, each in enumerate(enterprises)
    ]  # fmt: skip


async def _write_outcome(writer: BatchWriter, outcome: Outcome, number: int, first: int) -> None:
    tables: dict[str, Table] = {table.name: table for table in TABLES}
    found: dict[str, Sequence[msgspec.Struct]] = {
        "means": outcome.means,
        "gaps": outcome.gaps,
        "violations": outcome.violations,
        "dead_letters": outcome.dead_letters,
    }
    for name, each in found.items():
        entries = tuple(
            Entry(first + at, 0, None, None, (), record_of(struct), 1)
            for at, struct in enumerate(each)
        )
        if entries:
            await writer.write(
                Batch(name, number, first, first + len(entries), entries), (tables[name],)
            )


def add_days(client: Client, since: str, days: range) -> None:
    """Write these days, like the first (0), which begins at ``since`` (UTC, SQL text)."""
    for table, moved in _MOVED.items():
        names = list(_COLUMNS[table])
        expressions = ", ".join(moved.get(name, f"`{name}`") for name in names)
        start = {"readings": "interval_start", "dead_letters": "timestamp"}.get(table, "start")
        # Aliases of moved columns would stand for the originals inside the expressions.
        columns = ", ".join(f"`{name}`" for name in names)
        for day in days:
            client.command(
                f"INSERT INTO {table} ({columns}) SELECT {expressions} FROM {table} "
                f"WHERE {start} >= {{since:DateTime64(3, 'UTC')}} - toIntervalHour(12) "
                f"AND {start} < {{since:DateTime64(3, 'UTC')}} + toIntervalDay(1) "
                f"AND {_COPIED.get(table, 'true')}",
                parameters={"day": day, "since": since},
                settings=_QUIET,
            )


_QUIET: Final[dict[str, Any]] = {
    "insert_deduplicate": 0,
    "max_partitions_per_insert_block": 0,
    "max_insert_threads": 1,
}
