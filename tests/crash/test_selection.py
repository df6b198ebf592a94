"""A fixed selection of the crash rounds: one of each sort of fault on a small load."""

from __future__ import annotations

from collections.abc import Iterator

import faust  # noqa: F401 - starts a process when it is imported, which no test here may
import pytest

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from deploy.embedded.kafka import KafkaUnavailable
from streams.core.registry.notice import KINDS
from tests.crash.crash_points import CRASH_POINTS, resolved
from tests.crash.environment import Environment
from tests.crash.faults.crash_point import CrashAtPoint
from tests.crash.faults.fault import Fault
from tests.crash.faults.kill import KillClickHouse, KillNode, KillWorker
from tests.crash.faults.outage import ForgottenTokens
from tests.crash.faults.rebalance import ComeAndGo, Freeze
from tests.crash.load import make_load
from tests.crash.outcome import Outcome, differences
from tests.crash.plan import Plan
from tests.crash.results import Results
from tests.crash.rounds import Rounds

SETTINGS = {
    "poll_records": 40,
    "commit_s": 0.5,
    "sink_rows": 200,
    "sink_age_s": 0.1,
    "session_timeout_s": 2.5,
    "heartbeat_s": 0.6,
}
Done = dict[str, int]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    """On Apache Kafka where it can run, else on the embedded broker."""
    directory = tmp_path_factory.mktemp("crash")
    try:
        environment = Environment(directory, "kafka").start()
    except KafkaUnavailable:
        environment = Environment(directory, "tansu").start()
    yield Rounds(environment, directory / "kept", Results(), sources=6, minutes=120)
    environment.stop()


async def held(rounds: Rounds, *faults: Fault, replay: bool = False) -> Done:
    """Run a round, see that nothing differs, and return what was killed or done."""
    rounds.results = results = Results()
    plan = Plan(1, 1, 0, 2, 1.0, SETTINGS, faults, wait=True, replay=replay)
    difference = await rounds.run(plan)
    assert difference is None, difference
    return {**results.kills, **results.other}


@pytest.mark.process
async def test_workers_die_between_the_steps_of_their_work(rounds: Rounds) -> None:
    """Before the state, before the acknowledgement; after an insert, before the next table."""
    points = ("outputs-confirmed", "state-confirmed", "inserted", "between-tables")
    faults = [CrashAtPoint(point, 2) for point in points[:3]] + [CrashAtPoint(points[3], 1)]
    assert await held(rounds, *faults) == dict.fromkeys(points, 1)


@pytest.mark.process
async def test_a_worker_dies_as_cases_open(rounds: Rounds) -> None:
    """Before a case is told, and when it is told but not yet in the state: none lost or doubled."""
    points = ("case-opening", "case-told")
    assert await held(rounds, *(CrashAtPoint(point, 1) for point in points)) == dict.fromkeys(
        points, 1
    )


@pytest.mark.process
@pytest.mark.long
async def test_clickhouse_dies_and_forgets_what_was_inserted(rounds: Rounds) -> None:
    """It is away until repeated inserts are no longer known by their tokens; all again after."""
    done = await held(rounds, ForgottenTokens(0.4, 1.0, again=False, meanwhile=True), replay=True)
    assert done == {"ClickHouse": 1, "sinks worker": 1, "replay from offset 0": 1}


@pytest.mark.process
@pytest.mark.long
async def test_partitions_move_away_from_a_worker_that_sleeps(rounds: Rounds) -> None:
    """It goes on, once woken, as if it still owned what others have taken."""
    done = await held(
        rounds,
        Freeze("streams", 0.3, first=True, sleep_s=4.0),
        ComeAndGo("sinks", 0.2, 1, "the first leaves", 0.5),
    )
    assert done["worker sleeps (SIGSTOP)"] == 1
    assert done["worker goes (SIGTERM)"] == 1


@pytest.mark.process
async def test_the_broker_dies_with_the_workers(rounds: Rounds) -> None:
    """A node of Apache Kafka, on its data; without Kafka, only the workers and ClickHouse."""
    faults: list[Fault] = [KillWorker("streams", 0.5, 1, 0.2), KillClickHouse(0.7, 0.5)]
    if rounds.kafka:
        faults.append(KillNode(0.3, 1, 0.5))
    done = await held(rounds, *faults)
    assert done["ClickHouse"] == done["streams worker"] == 1
    assert done.get("Kafka node", 0) == rounds.kafka


@pytest.mark.parametrize("name", CRASH_POINTS)
def test_every_named_point_is_a_method_that_exists(name: str) -> None:
    assert callable(resolved(name))


def test_a_load_is_the_same_again_and_holds_what_it_is_meant_to_hold() -> None:
    """Two copies are equal, and every rule, reason and status that the suite is about occurs."""
    load = make_load("1", sources=12, minutes=240, partitions=3)
    assert load == make_load("1", sources=12, minutes=240, partitions=3)
    found = load.found_by_core()
    rules = {each["rule"] for each in found.violations.values()}
    assert rules == {
        "KZ-15", "KZ-30", "KZ-3H", "KZ-GS", "KZ-GAP", "KZ-NOASM", "KZ-NOLINK", "KZ-VERIF",
    }  # fmt: skip
    reasons = {row[0] for row in found.dead_letters.values()}
    assert reasons == {
        "BAD_PERIOD", "BEFORE_COMMISSIONING", "CONFLICTING_DUPLICATE", "FROM_THE_FUTURE",
        "TEST_STREAM", "TOO_LATE", "UNDECODABLE", "UNKNOWN_SCHEMA", "UNKNOWN_SOURCE",
        "WRONG_PARTITION",
    }  # fmt: skip
    statuses = {each["status"] for each in found.violations.values()}
    assert {"OPEN", "CLOSED"} <= statuses
    assert any(row[-1] > 1 for row in found.means.values())
    verdicts = {each["verdict"] for each in found.notices.values()}
    assert verdicts >= {"IN_TIME", "LATE", "WITHDRAWN", "REFUSED"}
    assert {each["kind"] for each in found.notices.values()} == set(KINDS)
    cases = found.cases.values()
    assert {each["track"] for each in cases} == {"PRESCRIPTION", "COURT", "INSPECTION"}
    assert {each["state"] for each in cases} >= {"OPEN", "REVIEW"}


def test_a_difference_is_seen_wherever_it_is() -> None:
    """A byte of a file, a row, what a revision says."""
    whole = Outcome(
        {"means.csv": b"a\nb\n"}, {"gaps_current": [b"1", b"2"]}, {("DataGap", "x", 1): "open"}
    )
    assert list(differences(whole, whole)) == []
    spoilt = Outcome(
        {"means.csv": b"a\n"}, {"gaps_current": [b"1"]}, {("DataGap", "x", 1): "closed"}, ["twice"]
    )
    assert list(differences(whole, spoilt)) == [
        'means.csv differs: ["-b"]',
        "twice",
        'gaps_current differs: ["-2"]',
        "('DataGap', 'x', 1) says another thing: open | closed",
    ]
