"""A streams worker as a process of its own, and what it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.embedded.child import die_with_parent
from emissions.replay.export import ReplayResults
from schemas.codec import Codec
from schemas.ids import FileIds
from streams.settings import Settings
from tests.support.broker import TestBroker, unique

_MAIN = (
    "import sys; from streams.settings import Settings; from streams.worker import run_streams; "
    "sys.exit(run_streams(Settings.from_env()))"
)


def own_settings(broker: str, **more: object) -> Settings:
    """Settings whose topics and groups no other test uses."""
    prefix = unique("run")
    names = {
        name: f"{prefix}.{name.removeprefix('topic_')}"
        for name in Settings.__dataclass_fields__
        if name.startswith("topic_")
    }
    groups = {"group_streams": f"{prefix}-streams", "group_sinks": f"{prefix}-sinks"}
    chosen: dict[str, object] = {"broker": broker, "tick_s": 0.0, **names, **groups, **more}
    return Settings(**chosen)  # type: ignore[arg-type]


class StreamsProcess:
    """``with StreamsProcess(settings, log) as worker``: started, and surely ended."""

    main: ClassVar[str] = _MAIN

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0  # where in the log this start of it begins

    def start(self) -> Self:
        """Start it; its log is appended to."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("EMISSIONS_")}
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self.main],
                env={**env, **self._settings.as_env()},
                stdout=out,
                stderr=out,
                preexec_fn=die_with_parent(),
            )
        return self

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def end(self, number: signal.Signals) -> int:
        """Send a signal, wait, return the exit code; only what has started can be told to stop."""
        assert self._process is not None
        while number == signal.SIGTERM and self.exit_code is None:
            if b"worker_starting" in self.log.read_bytes()[self._began_at :]:
                break
            time.sleep(0.02)
        self._process.send_signal(number)
        return self._process.wait(300)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and wait for nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    def said(self) -> str:
        """Everything it logged; what it is writing at the moment may be cut off."""
        return self.log.read_text("utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class SinksProcess(StreamsProcess):
    """The same for a sinks worker."""

    main = _MAIN.replace("streams.worker", "sinks.worker").replace("run_streams", "run_sinks")


async def findings_of(broker: TestBroker, settings: Settings) -> ReplayResults:
    """The last revision of everything in the output topics."""
    codec, found = Codec(FileIds()), ReplayResults()
    for topic in (
        settings.topic_means,
        settings.topic_gaps,
        settings.topic_violations,
        settings.topic_findings,
        settings.topic_notice_verdicts,
        settings.topic_cases,
        settings.topic_roots,
        settings.topic_dead_letters,
    ):
        for record in await broker.read(topic):
            found.add(*codec.decode(record.value))
    return found
