"""Each day's checkpoint is stamped by an authority of RFC 3161, made with openssl for the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from streams.core.evidence.checkpoint import Checkpoint
from streams.sealing.log_check import check_log
from streams.sealing.log_files import LogFiles
from streams.sealing.stamps import DayStamper, StampError, check_answer, signed_text, stamped_at
from tests.sealing.logs import SIGNER, at, write_log

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="it needs openssl"),
]

_CONFIG = """
[tsa]
default_tsa = own
[own]
serial = serial
crypto_device = builtin
signer_cert = tsa.crt
signer_key = tsa.key
certs = ca.crt
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
[stamping]
extendedKeyUsage = critical,timeStamping
"""


class Authority:
    """A time-stamping authority in a directory; ``refuses`` makes it answer nonsense."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.refuses: bytes | None = None
        directory.mkdir()
        (directory / "tsa.cnf").write_text(_CONFIG)
        (directory / "serial").write_text("01\n")
        new = ("req", "-newkey", "ed25519", "-nodes", "-subj")
        self.openssl(*new, "/CN=CA", "-x509", "-keyout", "ca.key", "-out", "ca.crt")
        new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
        self.openssl(*new, "/CN=TSA", "-keyout", "tsa.key", "-out", "tsa.csr")
        sign = ("x509", "-req", "-in", "tsa.csr", "-CA", "ca.crt", "-CAkey", "ca.key")
        made = ("-CAcreateserial", "-extfile", "tsa.cnf", "-extensions", "stamping")
        self.openssl(*sign, *made, "-out", "tsa.crt")

    def openssl(self, *arguments: str) -> str:
        """Run openssl; its output."""
        found = subprocess.run(
            ("openssl", *arguments), cwd=self.directory, check=True, capture_output=True, text=True
        )
        return found.stdout + found.stderr

    async def answer(self, request: web.Request) -> web.Response:
        """Stamp what is asked."""
        if self.refuses is not None:
            return web.Response(body=self.refuses)
        (self.directory / "query").write_bytes(await request.read())
        self.openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
        )
        return web.Response(body=(self.directory / "reply").read_bytes())


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[tuple[Authority, str]]:
    found = Authority(tmp_path / "tsa")
    application = web.Application()
    application.router.add_post("/", found.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield found, f"http://127.0.0.1:{port}/"
    await runner.cleanup()


def stamper(files: LogFiles, url: str, now: datetime) -> DayStamper:
    return DayStamper(files, url, log_interval_s=1, now=now.timestamp)


async def test_days_that_are_over_are_stamped(
    authority: tuple[Authority, str], tmp_path: Path
) -> None:
    tsa, url = authority
    files = write_log(tmp_path / "log", [10, 20, 30])

    assert await stamper(files, url, at(3)).stamp() == ["2026-03-01", "2026-03-02"]
    assert await stamper(files, url, at(3)).stamp() == []
    text = signed_text(files, "2026-03-01")
    assert (
        text
        == "".join(
            files.read("checkpoints/2026-03-01").decode().splitlines(keepends=True)[:3]
        ).encode()
    )
    answer = files.read("checkpoints/2026-03-01.tsr")
    assert abs(stamped_at(answer, text) - datetime.now(UTC)) < timedelta(days=1)
    (tmp_path / "text").write_bytes(text)
    path = str(files.directory / "checkpoints/2026-03-01.tsr")
    verify = ("ts", "-verify", "-in", path, "-data", str(tmp_path / "text"), "-CAfile", "ca.crt")
    assert "Verification: OK" in tsa.openssl(*verify)
    found = {each.part: each for each in check_log(files, [SIGNER.public])}
    assert found["stamps"].seen == "2 of 3 days stamped"
    assert found["stamps"].holds

    with pytest.raises(StampError, match="of another request"):
        check_answer(answer, text, 1)
    other = Checkpoint("another", 1, bytes(32)).text.encode()
    with pytest.raises(StampError, match="of another text"):
        stamped_at(answer, other)
    shutil.copy(path, files.directory / "checkpoints/2026-03-02.tsr")
    found = {each.part: each for each in check_log(files, [SIGNER.public])}
    assert found["stamps"].differences == [
        "checkpoints/2026-03-02.tsr: the stamp is of another text"
    ]


async def test_an_authority_that_is_away_or_lies_stamps_nothing(
    authority: tuple[Authority, str], tmp_path: Path
) -> None:
    tsa, url = authority
    files = write_log(tmp_path / "log", [10, 20])
    await stamper(files, url, at(2)).stamp()
    earlier = files.read("checkpoints/2026-03-01.tsr")

    for lie, why in (
        (b"<html>", "no time stamp"),
        (b"", "no time stamp"),
        (earlier, "of another text"),
    ):
        tsa.refuses = lie
        with pytest.raises(StampError, match=why):
            await stamper(files, url, at(3)).stamp()
    with pytest.raises(OSError, match="Cannot connect"):
        await stamper(files, "http://127.0.0.1:1/", at(3)).stamp()
    assert not (files.directory / "checkpoints/2026-03-02.tsr").exists()
