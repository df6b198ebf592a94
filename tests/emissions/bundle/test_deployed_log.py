"""A bundle by a log of the deployed worker: cosigned, stamped, with the dossier inside."""

from __future__ import annotations

import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner

from emissions.cli.main import cli
from emissions.verify.report import report_of
from emissions.verify.run import verify_bundle
from streams.core.evidence.bundle.archive import pack, unpack
from streams.core.evidence.bundle.files import DOSSIER, STAMP
from streams.core.evidence.checkpoint import Checkpoint
from streams.sealing.log_files import LogFiles
from streams.sealing.log_keys import NoteSigner, public_keys
from streams.sealing.log_source import reader_of
from streams.sealing.log_writer import LogWriter
from streams.sealing.publish import add_cosignatures, publish
from streams.sealing.stamps import DayStamper
from streams.sealing.witness import cosign
from streams.signing.ed25519 import read_key
from tests.emissions.bundle.stored import Stored, store
from tests.emissions.verify.made import measured_case, roots_of, values_of
from tests.sealing.logs import WITNESS
from tests.sealing.test_stamps import Authority
from tests.sealing.test_worker import SealProcess, settings_of
from tests.support.broker import TestBroker, eventually
from tests.support.clickhouse import TestClickHouse

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="it needs openssl"),
]
PDF = b"%PDF-1.7 the dossier"


async def sealed_by_worker(broker: TestBroker, tmp_path: Path) -> LogFiles:
    """Publish a case with all that goes with it, and let the worker seal it."""
    judged, settings = measured_case(), settings_of(broker, tmp_path)
    topics = (settings.topic_violations, settings.topic_cases, settings.topic_roots)
    await broker.create(*topics, partitions=2)
    await broker.create(settings.topic_registry)
    came = judged.registration
    before = [b"nonsense"] * came.offset
    for value in (*before, came.value):
        await broker.produce(settings.topic_registry, [value], key=b"990140001233", partition=0)
    published = [
        (topics[0], values_of("Violation", judged.violations)),
        (topics[1], values_of("AdministrativeCase", judged.cases)),
        (topics[2], roots_of(judged)),
    ]
    for topic, values in published:
        for each in values:
            key = each.id.partition("|")[0].encode()
            await broker.produce(topic, [each.value], key=key, partition=0)
    files = LogFiles(tmp_path / "log")
    leaves = 2 + sum(len(values) for _, values in published)  # with the rules, the registration
    with SealProcess(settings, tmp_path / "log.txt") as worker:

        async def sealed() -> bool:
            assert worker.exit_code is None, worker.said()
            found = files.checkpoint()
            return found is not None and found[0].size == leaves

        await eventually(sealed, "everything is sealed")
        assert worker.end(signal.SIGTERM) == 0
    return files


async def test_a_bundle_has_the_cosigned_and_stamped_checkpoint_of_the_worker(
    broker: TestBroker, clickhouse: TestClickHouse, tmp_path: Path
) -> None:
    judged = measured_case()
    await store(
        clickhouse,
        Stored(
            [judged.registration], judged.records, judged.violations, judged.cases, judged.refused,
            roots_of(judged), measures=judged.measures,
        ),
    )  # fmt: skip
    files = await sealed_by_worker(broker, tmp_path)
    now = datetime.now(UTC)
    keys = public_keys(files.directory)
    read = reader_of(str(files.directory))
    note = files.read("checkpoint").decode()
    cosigned = cosign(read, note, keys, WITNESS, tmp_path / "seen", int(now.timestamp()))
    add_cosignatures(files, cosigned, [WITNESS.public])
    signer = NoteSigner.of(keys[0].name, read_key(tmp_path / "log.pem"))
    writer = LogWriter(files.directory)
    writer.append([b"of another day"], {})
    tomorrow = now + timedelta(days=1)
    publish(files, Checkpoint(keys[0].name, writer.size, writer.root), signer, tomorrow)
    writer.close()
    await stamp(files, tmp_path, tomorrow)

    (tmp_path / "dossier.pdf").write_bytes(PDF)
    (tmp_path / "witnesses").write_text(f"{WITNESS.public.text}\n")
    env = {
        **clickhouse.settings.as_env(),
        "EMISSIONS_LOG_PATH": str(files.directory),
        "EMISSIONS_LOG_WITNESSES": str(tmp_path / "witnesses"),
        "EMISSIONS_BUNDLE_KEY_FILE": str(tmp_path / "log.pem"),
    }
    made = tmp_path / "case.zip"
    told = CliRunner().invoke(
        cli,
        [
            "bundle",
            judged.cases[-1].id,
            "-o",
            str(made),
            "--dossier",
            str(tmp_path / "dossier.pdf"),
        ],
        env=env,
    )
    assert told.exit_code == 0, told.stderr
    found = verify_bundle(made.read_bytes(), [*keys, WITNESS.public])
    assert (found.problems, found.verified) == ((), True)
    assert {each.key for each in found.checkpoint} == {keys[0].text, WITNESS.public.text}
    assert found.stamped is not None
    assert abs(found.stamped - now.timestamp()) < 86_400
    assert "time stamp" in report_of(found, "en")
    inside = unpack(made.read_bytes())
    assert inside[DOSSIER] == PDF
    for name, content, code in ((STAMP, b"x" + inside[STAMP], "STAMP"), (DOSSIER, b"x", "HASH")):
        changed = verify_bundle(pack({**inside, name: content}))
        assert (code, name) in {(each.code, each.where) for each in changed.problems}


async def stamp(files: LogFiles, tmp_path: Path, now: datetime) -> None:
    """Have the days that are over stamped by an authority of this test."""
    application = web.Application()
    application.router.add_post("/", Authority(tmp_path / "tsa").answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    assert await DayStamper(files, url, log_interval_s=1, now=now.timestamp).stamp()
    await runner.cleanup()
