"""A new deployment that reads the log from its beginning arrives at what the first one said.

The first one is killed in the middle; the second has groups, state, topics of results and a
database of its own, and other batches. Only the readings, the registry and what people told are
shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import faust  # noqa: F401 - starts a process when it is imported, which no test here may
import pytest

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from deploy.embedded.kafka import KafkaUnavailable
from sinks.clickhouse import client
from streams.settings import Settings
from tests.crash.environment import Environment
from tests.crash.faults.kill import KillWorker
from tests.crash.load import make_load
from tests.crash.outcome import Outcome, check_load, collect, differences
from tests.crash.plan import Plan
from tests.crash.results import Results
from tests.crash.rounds import Rounds, audited

FIRST = {"poll_records": 15, "commit_s": 0.3, "sink_rows": 30, "sink_age_s": 0.1}
AGAIN = {"poll_records": 4000, "commit_s": 1.0, "sink_rows": 50_000, "sink_age_s": 0.5}
SESSION = {"session_timeout_s": 2.5, "heartbeat_s": 0.6}
INPUTS = ("topic_readings", "topic_registry", "topic_notices", "topic_measures")
CASES = "AdministrativeCase"
COMPARED = (
    *("readings", "means", "gaps", "violations", "findings", "cases", "roots", "dead_letters"),
)
"""Views that docs/operations/recovery.md compares."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """On Apache Kafka where it can run, else on the embedded broker."""
    directory = tmp_path_factory.mktemp("zero")
    try:
        environment = Environment(directory, "kafka").start()
    except KafkaUnavailable:
        environment = Environment(directory, "tansu").start()
    yield environment
    environment.stop()


def last(found: Outcome) -> dict[tuple[Any, ...], tuple[int, str]]:
    """The last revision of each thing and the whole record, evidence and times included."""
    held: dict[tuple[Any, ...], tuple[int, str]] = {}
    for (kind, *names), said in found.contents.items():
        if kind in ("DeadLetter", "WindowMean"):
            continue  # without revisions; by the exported files and the rows
        *names, revision = names
        key = (kind, *names)
        held[key] = max(held.get(key, (0, "")), (revision, said))
    return held


def numbers(found: Outcome, kind: str) -> set[tuple[Any, ...]]:
    """Everything of a kind with each revision that was published."""
    return {identity for identity in found.contents if identity[0] == kind}


def unlike(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[Any]:
    """What only one has, or has otherwise."""
    return [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]


def compared(one: Settings, other: Settings) -> dict[str, int]:
    """Rows of each view that the other database lacks, by the statement of the page."""
    found = {}
    with client(one) as connected:
        for name in COMPARED:
            ((lacking,),) = connected.query(
                f"SELECT count() FROM (SELECT * FROM {one.clickhouse_database}.{name}_current "
                f"EXCEPT SELECT * FROM {other.clickhouse_database}.{name}_current)"
            ).result_rows
            found[name] = lacking
    return found


@pytest.mark.process
@pytest.mark.long
async def test_a_new_deployment_arrives_at_the_same(
    environment: Environment, tmp_path: Path
) -> None:
    """Last revisions field by field, files, rows and audit; revisions between never disagree."""
    results = Results()
    rounds = Rounds(environment, tmp_path, results)
    load = make_load("zero", sources=12, minutes=240, partitions=3)
    faults = (KillWorker("streams", 0.3, 2, 0.5), KillWorker("sinks", 0.5, 1, 0.2))
    killed = Plan(1, 1, 0, 3, 8.0, FIRST, faults, wait=True, replay=False)
    calm = replace(killed, settings=AGAIN, faults=(), wait=False)
    first = environment.settings(partitions=3, **FIRST, **SESSION)
    await environment.prepare(first)
    assert await rounds.worked(killed, load, first, tmp_path) == []
    assert results.kills == {"streams worker": 2, "sinks worker": 1}
    assert await check_load(first, load) == []
    whole = await collect(first, tmp_path / "first")

    shared: dict[str, Any] = {name: getattr(first, name) for name in INPUTS}
    again: Settings = replace(environment.settings(partitions=3, **AGAIN, **SESSION), **shared)
    await environment.prepare(again)
    assert await rounds.worked(calm, None, again, tmp_path) == []
    found = await collect(again, tmp_path / "again")

    assert list(differences(whole, found)) == []
    assert found.contradictions == whole.contradictions == []
    assert unlike(last(whole), last(found)) == []
    assert {key[0] for key in last(found)} >= {
        *("DataGap", "Violation", "Finding", "NoticeVerdict", CASES, "SourceDayRoot")
    }
    assert numbers(whole, CASES) == numbers(found, CASES), "a batch publishes each of a case"
    fewer = numbers(whole, "Violation") - numbers(found, "Violation")
    assert fewer, "larger batches pass over revisions, or the comparison proves nothing"
    for one, other in ((first, again), (again, first)):
        assert compared(one, other) == dict.fromkeys(COMPARED, 0)
    assert await audited(first) == []
    assert await audited(again) == []
    print(
        f"{load.messages} messages, {len(last(found))} things, {len(fewer)} revisions passed over"
    )
    for settings in (first, again):
        await environment.clear(settings)
