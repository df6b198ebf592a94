"""Workers of the version before are replaced under load: nothing is lost, doubled or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import faust  # noqa: F401 - starts a process when it is imported, which no test here may
import msgspec
import pytest

import streams.transport  # noqa: F401 - Faust starts a process when it is first imported
from deploy.embedded.kafka import KafkaUnavailable
from streams.core.cases.state import Case
from streams.core.cases.state_bytes import decode_case, encode_case, is_packed
from streams.core.engine import case_tracker
from streams.core.records.record import RawRecord
from streams.core.time.interval import HOUR
from tests.crash import earlier_worker
from tests.crash.commit_pauses import CommitPauses
from tests.crash.environment import Environment
from tests.crash.faults.upgrade import REPLACED, RollingUpgrade
from tests.crash.load import make_load
from tests.crash.plan import Plan
from tests.crash.results import Results
from tests.crash.rounds import Rounds
from tests.support.core_run import judge

AGAIN_H = 40 * 24
"""Cases that opened in the load change again by then, and are saved in the newer form."""

SETTINGS = {
    "poll_records": 40,
    "commit_s": 0.5,
    "sink_rows": 200,
    "sink_age_s": 0.1,
    "session_timeout_s": 2.5,
    "heartbeat_s": 0.6,
    "save_records": 200,
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """On Apache Kafka where it can run, else on the embedded broker."""
    directory = tmp_path_factory.mktemp("upgrade")
    try:
        environment = Environment(directory, "kafka").start()
    except KafkaUnavailable:
        environment = Environment(directory, "tansu").start()
    yield environment
    environment.stop()


@pytest.mark.process
@pytest.mark.long
async def test_workers_are_replaced_one_by_one_and_one_new_one_is_killed(
    environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files, rows and audit are those of an undisturbed run; no reading is refused for it."""
    kept = tmp_path_factory.mktemp("kept")
    results = Results()
    rounds = Rounds(environment, kept, results, again_h=AGAIN_H)
    upgrade = RollingUpgrade(at=0.15, each=0.3)
    plan = Plan(1, 1, 0, 4, 12.0, SETTINGS, (upgrade,), wait=True, replay=False)
    assert await rounds.run(plan) is None, results.differences
    assert results.kills == {"streams worker": 1}
    assert results.other == {REPLACED: 3}
    assert set(results.longest_pause_s) == {0, 1, 2, 3}
    pauses = json.dumps({str(p): round(s, 1) for p, s in sorted(results.longest_pause_s.items())})
    print(f"seconds without a commit while records waited, by partition: {pauses}")


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes of every case that is saved packed from now on."""
    found: list[bytes] = []

    def noted(case: Case, now: int) -> bytes:
        encoded = encode_case(case, now)
        if is_packed(case, now):
            found.append(encoded)
        return encoded

    monkeypatch.setattr(case_tracker, "encode_case", noted)
    return found


def test_a_newer_version_goes_on_from_the_state_of_the_one_before(packed: list[bytes]) -> None:
    """It packs what that one kept whole and finds the same; that one could not read it any more."""
    load = make_load("1", sources=6, minutes=120, partitions=2, again_h=AGAIN_H)
    over_at = max(record.timestamp for log in load.logs for record in log) - 300 * HOUR
    whole = load.found_by_core()
    packed.clear()

    def cut(log: Sequence[RawRecord]) -> Iterator[Sequence[RawRecord]]:
        middle = sum(record.timestamp < over_at for record in log)
        with pytest.MonkeyPatch.context() as earlier:
            for module, name, before in earlier_worker.AS_BEFORE:
                earlier.setattr(module, name, before)
            yield from (log[at : min(at + 200, middle)] for at in range(0, middle, 200))
            assert not packed
        yield from (log[at : at + 40] for at in range(middle, len(log), 40))

    found, _ = judge(load.history(), load.logs, cut, restart=True)
    assert found == whole
    assert packed
    for encoded in packed:
        assert decode_case(encoded).facts
        with pytest.raises(msgspec.DecodeError):
            earlier_worker.decode_whole(encoded)


def test_a_pause_counts_only_while_records_wait() -> None:
    pauses = CommitPauses()
    pauses.look(0.0, {}, {0: 0})
    pauses.look(5.0, {}, {0: 0})  # nothing to commit
    pauses.look(6.0, {}, {0: 9})
    pauses.look(8.0, {0: 4}, {0: 9})
    pauses.look(8.5, {0: 9}, {0: 9})
    pauses.look(20.0, {0: 9}, {0: 9})
    assert pauses.longest == {0: 2.0}
