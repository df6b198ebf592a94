"""The deployed seal worker: what is published is in the log once, however often it is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.embedded.child import free_port
from streams.core.evidence.checkpoint import parse_checkpoint
from streams.core.evidence.leaf import Leaf, LeafSalts, read_entry
from streams.core.evidence.merkle import consistency_proof, verify_consistency
from streams.core.evidence.note import open_note
from streams.core.evidence.tiles import TileReader
from streams.errors import OperatorError
from streams.sealing.leaf_salts import SALTS
from streams.sealing.log_files import STATE, LogFiles
from streams.sealing.log_keys import public_keys
from streams.sealing.log_writer import STATE_FILE
from streams.sealing.worker import directory_of, signer_of
from streams.settings import Settings
from streams.signing.ed25519 import new_key, verify, write_key
from tests.sealing.published import registration, violation
from tests.support.broker import TestBroker, eventually
from tests.support.pages import Pages
from tests.support.streams_process import StreamsProcess, own_settings

pytestmark = pytest.mark.process


class SealProcess(StreamsProcess):
    """A seal worker."""

    main = StreamsProcess.main.replace("streams.worker", "streams.sealing.worker").replace(
        "run_streams", "run_seal"
    )


def settings_of(broker: TestBroker, tmp_path: Path, **more: object) -> Settings:
    key = tmp_path / "log.pem"
    if not key.exists():
        write_key(key, new_key())
    return own_settings(
        broker.address,
        log_path=str(tmp_path / "log"),
        log_key_file=str(key),
        log_origin="example.kz/log",
        seal_s=1.0,
        partitions=2,
        **more,
    )


SALTS_OF_LOG = LeafSalts(b"s" * 32)


async def produce(broker: TestBroker, topic: str, begin: int, end: int) -> list[Leaf]:
    """Publish violations twice each, in two partitions; return their leaves."""
    made = {number: violation(number, salts=SALTS_OF_LOG) for number in range(begin, end)}
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    for number, (key, value, _) in made.items():
        for _ in range(2):
            await producer.send(topic, value, key=key, partition=number % 2)
    await producer.stop()
    return [leaf for _, _, leaf in made.values()]


def leaves(files: LogFiles) -> list[Leaf]:
    """The leaves of the published log, whose checkpoint holds."""
    found = files.checkpoint()
    if found is None:
        return []
    text, _ = open_note(found[1], public_keys(files.directory), verify)
    return [read_entry(each) for each in files.entries(parse_checkpoint(text).size)]


async def test_a_worker_that_is_killed_goes_on_with_the_same_log(
    broker: TestBroker, tmp_path: Path
) -> None:
    settings = settings_of(broker, tmp_path)
    topic = settings.topic_violations
    await broker.create(topic, settings.topic_cases, settings.topic_roots, partitions=2)
    await broker.create(settings.topic_registry)
    files = LogFiles(tmp_path / "log")
    files.directory.mkdir()
    assert SALTS_OF_LOG.secret is not None
    (files.directory / SALTS).write_text(SALTS_OF_LOG.secret.hex(), "ascii")
    key, value, leaf = registration()
    await broker.produce(settings.topic_registry, [value], key=key)
    expected = [leaf]
    signed: list[tuple[int, bytes]] = []
    worker = SealProcess(settings, tmp_path / "log.txt")
    with worker:
        expected += await produce(broker, topic, 0, 100)

        async def sealed() -> bool:
            assert worker.exit_code is None, worker.said()
            return len(leaves(files)) > 20

        await eventually(sealed, "leaves are sealed")
        found = files.checkpoint()
        assert found is not None
        signed.append((found[0].size, found[0].root))
        expected += await produce(broker, topic, 200, 250)
        worker.end(signal.SIGKILL)

    with worker:

        async def all_sealed() -> bool:
            return len(leaves(files)) == len(expected) + 1

        await eventually(all_sealed, "everything is sealed")
        assert worker.end(signal.SIGTERM) == 0
    found_leaves = leaves(files)
    assert found_leaves[0].kind == "rules"
    assert sorted(found_leaves[1:]) == sorted(expected)
    bare = {leaf for _, _, leaf in map(violation, range(100))}
    assert bare.isdisjoint(found_leaves)  # whoever guesses a record does not find its hash
    last = files.checkpoint()
    assert last is not None
    tree = TileReader(files.read, last[0].size)
    for size, root in signed:
        proof = consistency_proof(tree, size, last[0].size)
        assert verify_consistency(size, root, last[0].size, last[0].root, proof)
    sealed_at = await broker.committed(settings.group_seal, settings.topic_violations)
    assert sum(sealed_at.values()) == 300


async def test_the_port_is_open_while_the_log_is_opened_and_a_refused_log_ends_the_worker(
    tmp_path: Path,
) -> None:
    write_key(tmp_path / "log.pem", new_key())
    settings = own_settings(
        f"127.0.0.1:{free_port()}",  # where no broker is
        log_path=str(tmp_path / "log"),
        log_key_file=str(tmp_path / "log.pem"),
        log_origin="example.kz/log",
        web_port=free_port(),
    )
    state = tmp_path / "log" / STATE / STATE_FILE
    state.parent.mkdir(parents=True)
    os.mkfifo(state)  # whoever reads it waits for a writer
    with SealProcess(settings, tmp_path / "log.txt") as worker:
        told = await Pages(settings).metrics()
        assert worker.exit_code is None
        assert told["emissions_worker_ready",] == 0
        await asyncio.to_thread(state.write_text, "no state")
        await eventually(lambda: worker.exit_code is not None, "it ends")
        assert worker.exit_code == 1
    assert f"{state} is no state of a log" in worker.said()
    assert "worker_needs_operator" in worker.said()


@pytest.mark.parametrize(
    ("missing", "what"),
    [("log_path", "EMISSIONS_LOG_PATH must name"), ("log_key_file", "`emissions log key --new")],
)
def test_a_worker_without_its_log_says_what_to_do(missing: str, what: str, tmp_path: Path) -> None:
    write_key(tmp_path / "log.pem", new_key())
    given = {
        "log_path": str(tmp_path / "log"),
        "log_key_file": str(tmp_path / "log.pem"),
        "log_origin": "example.kz/log",
    }
    settings = Settings(**{**given, missing: None})  # type: ignore[arg-type]
    with pytest.raises(OperatorError, match=what):
        signer_of(settings), directory_of(settings)


def test_a_key_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    missing = tmp_path / "log.pem"
    settings = Settings(log_key_file=str(missing), log_origin="example.kz/log")
    with pytest.raises(OperatorError) as told:
        signer_of(settings)
    assert str(told.value) == (
        f"EMISSIONS_LOG_KEY_FILE: {missing}: No such file or directory: `emissions log key --new "
        f"{missing}` makes it, once in the life of a log"
    )
    missing.write_bytes(b"no key")
    missing.chmod(0o600)
    with pytest.raises(OperatorError, match=r"^EMISSIONS_LOG_KEY_FILE: .* in PEM without"):
        signer_of(settings)
