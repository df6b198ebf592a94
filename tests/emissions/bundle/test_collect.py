"""A bundle made of what ClickHouse and the log's directory hold, as `emissions bundle` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from emissions.bundle.material import entries_of
from emissions.cli.main import cli
from emissions.verify.run import verify_bundle
from streams.core.evidence.bundle.archive import unpack
from streams.core.evidence.bundle.raw import read_records
from streams.core.evidence.checkpoint import Checkpoint
from streams.sealing.log_keys import NoteSigner
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import publish
from streams.signing.ed25519 import write_key
from tests.emissions.bundle.stored import Stored, store
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
    judged = measured_case()
    await store(
        clickhouse,
        Stored(
            [judged.registration],
            judged.records,
            judged.violations,
            judged.cases,
            judged.refused,
            roots_of(judged),
            measures=judged.measures,
        ),
    )
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
