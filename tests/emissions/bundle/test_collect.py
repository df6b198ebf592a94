"""A bundle made of what ClickHouse and the log's directory hold, as `emissions bundle` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner, Result

from emissions.bundle.material import entries_of
from emissions.cli.main import cli
from emissions.verify.run import verify_bundle
from schemas.reading import Reading
from sinks.tables import CASES, MEASURES, ROOTS, VIOLATIONS
from streams.core.evidence.bundle.archive import unpack
from streams.core.evidence.bundle.raw import read_records
from streams.core.evidence.checkpoint import Checkpoint
from streams.registry.measures import measure_to_record
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from streams.signing.ed25519 import write_key
from tests.core.examples import BIN, CODEC, TOPIC
from tests.emissions.verify.made import (
    LOG_KEY_PAIR,
    LOG_NAME,
    NOON,
    SYSTEM_KEY_PAIR,
    material_of,
    measured_case,
    measures_of,
    roots_of,
)
from tests.sinks.make import batch, entry
from tests.sinks.test_views import write
from tests.support.clickhouse import TestClickHouse

pytestmark = pytest.mark.process
DAY = datetime(2026, 5, 20, tzinfo=UTC)


class Place(NamedTuple):
    """A store and a log as the workers left them, and what reaches both."""

    clickhouse: TestClickHouse
    log: Path
    env: dict[str, str]


@pytest.fixture
async def place(clickhouse: TestClickHouse, tmp_path: Path) -> Place:
    await store(clickhouse)
    log = tmp_path / "log"
    seal(log, [b"an entry before", *entries_of(material_of(measured_case()))], DAY)
    key = tmp_path / "key.pem"
    write_key(key, SYSTEM_KEY_PAIR)
    env = {
        **clickhouse.settings.as_env(),
        "EMISSIONS_LOG_PATH": str(log),
        "EMISSIONS_BUNDLE_KEY_FILE": str(key),
    }
    return Place(clickhouse, log, env)


async def store(clickhouse: TestClickHouse) -> None:
    judged = measured_case()
    for table, topic, items in (
        (VIOLATIONS, "emissions.violations", judged.violations),
        (CASES, "emissions.cases", judged.cases),
    ):
        entries = [entry(at, record_of(each)) for at, each in enumerate(items)]
        await write(clickhouse, (table,), batch(entries, topic))
    told = [
        entry(at, measure_to_record(each.measure))._replace(timestamp=each.arrived_at)
        for at, each in enumerate(judged.measures)
    ]
    later = msgspec.structs.replace(judged.measures[0].measure, amount_kzt=1)
    after = judged.cases[-1].revised_at + 1
    told.append(entry(9, measure_to_record(later))._replace(timestamp=after))
    await write(clickhouse, (MEASURES,), batch(told, "emissions.measures"))
    roots = [entry(at, CODEC.decode(each.value)[1]) for at, each in enumerate(roots_of(judged))]
    await write(clickhouse, (ROOTS,), batch(roots, "emissions.roots"))
    client, readings = clickhouse.client, {}
    for record in judged.records:
        item = CODEC.decode_reading(record.value)
        assert isinstance(item, Reading)
        readings[record.offset] = item
    database = clickhouse.settings.clickhouse_database
    client.insert(
        "raw_messages",
        [
            ["A", at(readings[each.offset].measured_at), 60, TOPIC, 0, each.offset,
             at(each.timestamp), each.key, each.value, []]
            for each in judged.records
        ],
        ["source_id", "measured_at", "period_s", "topic", "partition", "offset", "arrived_at",
         "key", "value", "headers"],
        database=database,
    )  # fmt: skip
    came = judged.registration
    client.insert(
        "registrations",
        [[BIN, came.topic, came.partition, came.offset, at(came.arrived_at), came.value, 1]],
        ["bin", "topic", "partition", "offset", "arrived_at", "value", "version"],
        database=database,
    )
    client.insert(
        "dead_letters",
        [
            [reason, "deduplicate", "A", TOPIC, 0, offset, at(0), 1]
            for offset, reason in judged.refused.items()
        ],
        ["reason", "stage", "source_id", "topic", "partition", "offset", "timestamp", "version"],
        database=database,
    )


def record_of(value: msgspec.Struct) -> dict[str, Any]:
    """A record as the sink decodes it."""
    name = type(value).__name__
    return CODEC.decode(CODEC.encode(name, value))[1]


def at(instant: int) -> datetime:
    return datetime.fromtimestamp(instant / 1000, UTC)


def seal(directory: Path, entries: Sequence[bytes], day: datetime) -> None:
    """Write entries into a log and publish its checkpoint on a day."""
    writer = LogWriter(directory)
    writer.append(entries, {})
    checkpoint = Checkpoint(LOG_NAME.name, writer.size, writer.root)
    publish(writer.files, checkpoint, NoteSigner(LOG_NAME, LOG_KEY_PAIR), day)
    writer.close()


def bundle(place: Place, output: Path, *arguments: str) -> Result:
    identity = measured_case().cases[-1].id
    return CliRunner().invoke(
        cli, ["bundle", identity, "-o", str(output), *arguments], env=place.env
    )


async def test_what_was_stored_is_verified_and_altered_rows_are_found(
    place: Place, tmp_path: Path
) -> None:
    made = tmp_path / "case.zip"
    told = bundle(place, made)
    assert told.exit_code == 0, told.stderr
    found = verify_bundle(made.read_bytes())
    assert (found.problems, found.verified) == ((), True)
    assert found.judged is not None
    assert (found.judged.violations, found.judged.cases) == (1, 1)
    assert found.log == LOG_NAME.name
    assert found.judged.notes == ()
    measures = read_records(unpack(made.read_bytes())["measures.bin"])
    assert measures == list(measures_of(measured_case().measures))  # and none that came later

    # The log goes on: the checkpoint of a day that is over stays the one that is taken.
    seal(place.log, [b"%d" % number for number in range(700)], DAY + timedelta(days=1))
    again = tmp_path / "again.zip"
    assert bundle(place, again).exit_code == 0
    seal(place.log, [b"later"], DAY + timedelta(days=2))
    assert bundle(place, again).exit_code == 0
    assert again.read_bytes() == made.read_bytes()

    command = place.clickhouse.client.command
    database = place.clickhouse.settings.clickhouse_database
    command(
        f"ALTER TABLE {database}.raw_messages DELETE WHERE measured_at = "
        f"fromUnixTimestamp64Milli({NOON + 60_000}) SETTINGS mutations_sync = 2"
    )
    assert bundle(place, again).exit_code == 0
    lacking = verify_bundle(again.read_bytes())
    assert "DIFFERENT" in {each.code for each in lacking.problems}

    command(
        f"ALTER TABLE {database}.violations UPDATE value = 999 WHERE 1 SETTINGS mutations_sync = 2"
    )
    told = bundle(place, again)
    assert told.exit_code == 2
    assert "is not in the log as it is stored" in told.stderr


async def test_what_is_missing_is_said_in_a_sentence(place: Place, tmp_path: Path) -> None:
    told = CliRunner().invoke(
        cli, ["bundle", "59ffe3af-e945-526f-b534-a6fa1653ab98", "-o", "x.zip"], env=place.env
    )
    assert (told.exit_code, "there is no case and no violation" in told.stderr) == (2, True)
    for lacking, said in (
        ("EMISSIONS_LOG_PATH", "--log or EMISSIONS_LOG_PATH"),
        ("EMISSIONS_BUNDLE_KEY_FILE", "EMISSIONS_BUNDLE_KEY_FILE"),
    ):
        env = {key: value for key, value in place.env.items() if key != lacking}
        told = bundle(place._replace(env=env), tmp_path / "x.zip")
        assert (told.exit_code, said in told.stderr) == (2, True)
    assert not (tmp_path / "x.zip").exists()
