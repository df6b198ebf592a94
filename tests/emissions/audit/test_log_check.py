"""A log that lies in a directory is compared with a broker and a ClickHouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from emissions.audit.log_check import LogAudit
from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.clickhouse import client
from sinks.tables import CASES, ROOTS, VIOLATIONS
from streams.core.evidence.leaf import Leaf
from streams.sealing.log_writer import LogWriter
from streams.sealing.records import sealed_topics
from streams.settings import Settings
from tests.sealing.published import CODEC, registration, root, violation
from tests.sinks.make import batch, entry
from tests.sinks.make import case as made_case
from tests.sinks.test_views import write
from tests.support.broker import TestBroker
from tests.support.clickhouse import TestClickHouse
from tests.support.streams_process import own_settings

pytestmark = pytest.mark.process


async def test_the_log_of_a_deployment_is_compared(broker: TestBroker, tmp_path: Path) -> None:
    settings: Settings = own_settings(broker.address, log_path=str(tmp_path), partitions=1)
    codec = Codec(FileIds())
    await broker.create(*sealed_topics(settings))
    (empty,) = await LogAudit.open(settings, codec).topics()
    assert empty.differences == ["nothing is sealed yet"]

    written = [violation(number) for number in range(3)]
    for key, value, _ in written:
        await broker.produce(settings.topic_violations, [value], key=key, partition=0)
    await broker.produce(settings.topic_violations, [b"nonsense"], partition=0)
    writer = LogWriter(tmp_path)
    place = (settings.topic_violations, 0)
    writer.append([leaf.entry() for _, _, leaf in written[:2]], {place: 2})
    found = {check.place: check for check in await LogAudit.open(settings, codec).topics()}
    assert found["topics"].seen == "2 leaves, 2 records not sealed yet"
    assert found["violations"].holds

    writer.append([violation(9)[2].entry()], {place: 5})
    found = {check.place: check for check in await LogAudit.open(settings, codec).topics()}
    assert len(found["violations"].differences) == 2
    (short,) = found["topics"].differences
    assert short == f"{settings.topic_violations}[0] ends at 4, sealed was up to 5"
    writer.close()
    nowhere = own_settings(broker.address)
    assert await LogAudit.open(nowhere, codec).topics() == []


PACKED = b"rules of the year"
RULES = Leaf.of("rules", "2026-01", 1, PACKED)
VIOLATION_1, ROOT_2 = violation(1)[2].id, root("2026-05-02")[2].id
BIN = registration(7)[2].id
CASE = made_case()["id"]


def stored_case(revision: int) -> tuple[bytes, bytes, Leaf]:
    """Key, value and leaf of a revision of a case that ClickHouse takes."""
    value = CODEC.encode("AdministrativeCase", made_case(revision=revision))
    return CASE.encode(), value, Leaf.of("case", CASE, revision, value)


async def test_rows_that_were_altered_added_or_removed_are_named(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    own = own_settings(broker.address, log_path=str(tmp_path))
    topics = {
        name: getattr(own, name) for name in Settings.__dataclass_fields__ if "topic_" in name
    }
    settings = replace(clickhouse.settings, broker=own.broker, log_path=own.log_path, **topics)
    await broker.create(*sealed_topics(settings))
    violations = [violation(1), violation(1, 2), violation(2), violation(3)]
    cases = [stored_case(1), stored_case(2)]
    roots = [root("2026-05-01"), root("2026-05-02"), root("2026-05-03", final=False)]
    registrations = [registration(7), registration(9)]
    for table, topic, written in (
        (VIOLATIONS, settings.topic_violations, violations),
        (CASES, settings.topic_cases, cases),
        (ROOTS, settings.topic_roots, roots),
    ):
        entries = [entry(at, CODEC.decode(value)[1]) for at, (_, value, _) in enumerate(written)]
        await write(clickhouse, (table,), batch(entries, topic))
    for table_, names, rows in (
        (
            "registrations",
            ["bin", "topic", "partition", "offset", "value"],
            [[leaf.id, "registry", 0, leaf.revision, value] for _, value, leaf in registrations],
        ),
        (
            "rule_sets",
            ["rule_set", "valid_from", "sha256", "packed"],
            [
                [RULES.id, date(2026, 1, 1), RULES.digest.hex(), PACKED],
                ["never used", date(2026, 1, 1), sha256(b"").hexdigest(), b""],
            ],
        ),
    ):
        clickhouse.client.insert(table_, rows, names, database=settings.clickhouse_database)
    # The last violation is in the store, and on its way into the log.
    key, value, _ = violations[-1]
    await broker.produce(settings.topic_violations, [value], key=key, partition=0)
    sealed = [*violations[:-1], *cases, *roots[:-1], *registrations]
    writer = LogWriter(tmp_path)
    writer.append([RULES.entry(), *(leaf.entry() for _, _, leaf in sealed)], {})
    writer.close()

    async def differences() -> list[str]:
        log = LogAudit.open(settings, CODEC)
        await log.topics()
        with client(settings) as stored:
            return [each for check in await log.stored(stored) for each in check.differences]

    assert await differences() == []
    for changed in (
        f"ALTER TABLE cases UPDATE state = 'CLOSED' WHERE id = '{CASE}' AND revision = 1",
        "ALTER TABLE roots DELETE WHERE day = '2026-05-02'",
        "ALTER TABLE registrations UPDATE value = 'x' WHERE offset = 7",
        "ALTER TABLE violation_revisions DELETE WHERE revision = 1",
        "ALTER TABLE rule_sets UPDATE packed = 'other' WHERE rule_set = '2026-01'",
        "ALTER TABLE violations UPDATE business_size = 'huge' WHERE revision = 2",
    ):
        clickhouse.client.command(f"{changed} SETTINGS mutations_sync = 2")
    forged = entry(0, CODEC.decode(violation(8)[1])[1])
    await write(clickhouse, (VIOLATIONS,), batch([forged], settings.topic_violations))
    found = "\n".join(await differences())
    for named, what in (
        (f"case {CASE}, revision 1", "was altered in ClickHouse"),
        (f"root {ROOT_2}, revision 1", "is in the log, and ClickHouse has no such row"),
        (f"registration {BIN}, revision 7", "was altered in ClickHouse"),
        ("rules 2026-01, revision 1", "was altered in ClickHouse"),
        (f"violation {VIOLATION_1}, revision 1", "is in the log, and ClickHouse has no such row"),
        (f"violation {VIOLATION_1}, revision 2", "was altered in ClickHouse"),
        (f"violation {violation(8)[2].id}, revision 1", "and the log has no such record"),
    ):
        assert any(named in line and what in line for line in found.splitlines()), (named, found)
    assert f"case {CASE}, revision 2" not in found
    assert violation(3)[2].id not in found
