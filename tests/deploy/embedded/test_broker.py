"""The embedded broker starts beside another one and never outlives whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded.broker import BrokerError, EmbeddedBroker
from tests.support.broker import TestBroker, eventually

pytestmark = pytest.mark.process


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has waited for yet is dead all the same.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_two_brokers_run_side_by_side_and_none_is_left(broker: TestBroker, tmp_path: Path) -> None:
    with EmbeddedBroker(log=tmp_path / "log") as second:
        assert second.address != broker.address
        pid = second.pid
        with pytest.raises(BrokerError, match=str(second.port)):
            EmbeddedBroker(port=second.port).start()
    assert not alive(pid)
    assert (tmp_path / "log").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_the_broker_dies_with_its_parent() -> None:
    code = (
        "import time; from deploy.embedded.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker().start(); print(broker.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
    asyncio.run(eventually(lambda: not alive(pid), "the broker is gone"))
