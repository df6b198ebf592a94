"""A process that is told to stop stops: in order, at once with the broker away, or in time."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from deploy.embedded.broker import EmbeddedBroker
from tests.support.broker import TestBroker, eventually
from tests.support.streams_process import StreamsProcess, own_settings

pytestmark = pytest.mark.process

_MAIN = """
import asyncio, sys
from streams.errors import OperatorError
from streams.runtime.process import run_worker
from streams.settings import Settings
class Worker:
    def __init__(self, settings, end): pass
    async def work(self): await {work}
    async def stop(self, code): await {stop}
sys.exit(run_worker(Settings.from_env(), Worker))
"""


class Stubborn(StreamsProcess):
    """A worker whose stop never comes to its end."""

    main: ClassVar[str] = _MAIN.format(work="asyncio.Event().wait()", stop="asyncio.Event().wait()")


class Hopeless(StreamsProcess):
    """A worker that knows that it cannot work."""

    main: ClassVar[str] = _MAIN.replace("await {work}", "raise OperatorError('mend it')").format(
        stop="asyncio.sleep(0)"
    )


class Unbuilt(StreamsProcess):
    """A worker of which a part is missing."""

    main: ClassVar[str] = _MAIN.replace(": pass", ": raise OperatorError('mend it')").format(
        work="asyncio.sleep(0)", stop="asyncio.sleep(0)"
    )


class Watched(StreamsProcess):
    """A worker that says when its heap is set, and when it is built."""

    main: ClassVar[str] = (
        "import streams.runtime.process as process\n"
        "process.keep_one_heap = lambda: print('heap set', flush=True)\n"
        + _MAIN.replace("pass", "print('built', flush=True)").format(
            work="asyncio.Event().wait()", stop="asyncio.sleep(0)"
        )
    )


def test_a_stop_that_hangs_ends_in_time_and_well(broker: TestBroker, tmp_path: Path) -> None:
    settings = own_settings(broker.address, stop_s=2.0)
    with Stubborn(settings, tmp_path / "log") as worker:
        assert worker.end(signal.SIGTERM) == 0
        assert "stop_timed_out" in worker.said()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_stop_with_the_broker_away_does_not_wait(how: signal.Signals, tmp_path: Path) -> None:
    with EmbeddedBroker() as server:
        settings = own_settings(server.address, stop_s=30.0)
        with Stubborn(settings, tmp_path / "log") as worker:
            os.kill(server.pid, how)
            assert worker.end(signal.SIGTERM) == 0
            assert "worker_stopped_without_broker" in worker.said()
            assert "stop_timed_out" not in worker.said()


@pytest.mark.parametrize("kind", [Hopeless, Unbuilt])
async def test_what_a_person_must_mend_is_a_sentence(
    broker: TestBroker, tmp_path: Path, kind: type[StreamsProcess]
) -> None:
    with kind(own_settings(broker.address), tmp_path / "log") as worker:
        await eventually(lambda: worker.exit_code is not None, "it ends")
        assert worker.exit_code == 1
        assert '"problem": "mend it"' in worker.said()
        assert "Traceback" not in worker.said()


async def test_threads_are_told_of_the_one_heap_before_there_are_any(
    broker: TestBroker, tmp_path: Path
) -> None:
    with Watched(own_settings(broker.address), tmp_path / "log") as worker:
        await eventually(lambda: "built" in worker.said(), "it is built")
        assert re.findall("heap set|built", worker.said()) == ["heap set", "built"]
