"""The workers of a round, and what an orchestrator does for them: start again whatever ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple

from deploy.embedded.child import die_with_parent
from streams.settings import PREFIX, Settings
from tests.crash.crash_points import SAID
from tests.crash.results import Results

ROOT: Final = Path(__file__).parents[2]
KILLED: Final = -signal.SIGKILL
PRESENT: Final = "tests.crash.crashing_worker"
EARLIER: Final = "tests.crash.earlier_worker"
"""The module of a worker of this version, and of one that keeps the state as the one before."""

_LOOK_S: Final = 0.05

BY_CONTRACT: Final = ("ConsumerHangsError",)
"""Why a worker may end by itself with 1: it is said in its log, and a new start mends it."""

Kind = Literal["streams", "sinks"]
Note = Callable[[str], None]
"""Takes down what happens, with its time."""


def _lost_broker(said: str) -> bool:
    """Whether the broker went away in the second in which Faust starts, which it does once."""
    return "worker_stopped_without_broker" in said and "worker_started" not in said


class PlannedCrash(NamedTuple):
    """At which pass of which point a life of a worker ends."""

    point: str
    at_pass: int

    def __str__(self) -> str:
        return f"{self.point}:{self.at_pass}"


class WorkerSlot:
    """The place of one worker: a process after another, each perhaps with a death foretold."""

    def __init__(self, kind: Kind, name: str, settings: Settings, log: Path, rng: Random) -> None:
        self.kind = kind
        self.name = name
        self.log = log
        self.deaths: list[PlannedCrash] = []
        self.armed: PlannedCrash | None = None  # that of the present process
        self.leaving = False
        self.struck = False  # this process was killed from outside, which is counted there
        self.restart_at: float | None = None
        self.settings = settings
        """Of the next process; a newer version may be started with others."""
        self.program = PRESENT
        self._rng = rng
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0  # where in the log the present process begins

    def start(self) -> None:
        """Start the next process; must be called from the main thread."""
        self.struck, self.restart_at = False, None
        death = self.armed = self.deaths.pop(0) if self.deaths else None
        command = [sys.executable, "-m", self.program, self.kind]
        outer = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        with self.log.open("ab") as log:
            log.write(f"--- {self.name} starts{f' to die at {death}' if death else ''}\n".encode())
            log.flush()
            self._began = log.tell()
            self._process = subprocess.Popen(
                command if death is None else [*command, death.point, str(death.at_pass)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**outer, **self.settings.as_env()},
                preexec_fn=die_with_parent(),
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """The exit code of the present process; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int | None:
        """Number of the present process; None while there is none."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send the present process a signal; nothing happens when it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> bool:
        """``kill -9``; False when there is nothing to kill."""
        if not self.running:
            return False
        self.struck = True
        self.send(signal.SIGKILL)
        return True

    def leave(self) -> None:
        """Tell it to stop (SIGTERM), for good; once, since a second signal may cut that short."""
        if not self.leaving:
            self.leaving = True
            self.send(signal.SIGTERM)

    async def ended(self) -> None:
        """Wait until the present process has ended."""
        while self.running:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)

    def said(self) -> str:
        """What the present process has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._began)
            return log.read().decode(errors="replace")

    def end(self) -> None:
        """End it at once, whatever it does."""
        self.leaving = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause_s(self) -> float:
        """How long the place stays empty after a death."""
        return self._rng.choice((0.0, 0.0, 0.3, 2.0))


class Workers:
    """All workers of a round."""

    def __init__(
        self, settings: Settings, directory: Path, seed: str, results: Results, note: Note
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._note = note
        self._seed = seed
        self._results = results
        self.slots: list[WorkerSlot] = []
        self.troubles: list[str] = []
        """What no worker may do: end by itself."""
        self._seen: set[WorkerSlot] = set()  # whose end was taken note of

    def place(self, kind: Kind) -> WorkerSlot:
        """A new place for a worker, empty at first."""
        name = f"{kind}-{1 + len(self.of(kind))}"
        log = self._directory / f"{name}.log"
        slot = WorkerSlot(kind, name, self._settings, log, Random(f"{self._seed} {name}"))
        self.slots.append(slot)
        return slot

    def of(self, kind: Kind) -> list[WorkerSlot]:
        """The places of a kind."""
        return [slot for slot in self.slots if slot.kind == kind]

    async def keep(self) -> None:
        """Start again whatever ends, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            for slot in self.slots:
                code = slot.code
                if code is None:
                    continue
                if slot not in self._seen:
                    self._seen.add(slot)
                    self._ended(slot, code)
                    slot.restart_at = loop.time() + slot.pause_s()
                if not slot.leaving and slot.restart_at and loop.time() >= slot.restart_at:
                    slot.start()
                    self._note(f"{slot.name} starts again")
                    self._seen.discard(slot)
            await asyncio.sleep(_LOOK_S)

    async def dismiss(self, kind: Kind) -> None:
        """Tell all of a kind to stop, and wait until they have ended and `keep` has seen it."""
        for slot in self.of(kind):
            self._results.unreached.update(death.point for death in slot.deaths)
            slot.leave()
        while not all(slot in self._seen for slot in self.of(kind)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)

    def _ended(self, slot: WorkerSlot, code: int) -> None:
        said = slot.said()
        last = said.rstrip().rpartition("\n")[2]
        self._note(f"{slot.name} has ended with {code}: {last[-100:]}")
        if code == KILLED and last.startswith(SAID):
            self._results.kills[last.removeprefix(SAID).partition(",")[0].strip()] += 1
            return
        if slot.armed is not None:
            self._results.unreached[slot.armed.point] += 1
        if code == KILLED and slot.struck:
            self._results.kills[f"{slot.kind} worker"] += 1
        elif code == -signal.SIGTERM and slot.leaving and "worker_starting" not in said:
            pass  # told to stop before it could listen
        elif code == 1 and (any(reason in said for reason in BY_CONTRACT) or _lost_broker(said)):
            self._results.ended[f"{slot.kind} worker, as it must to begin anew"] += 1
        elif code != 0 or not slot.leaving:
            self._results.ended[f"{slot.kind} worker, exit code {code}"] += 1
            self.troubles.append(f"{slot.name} ended by itself with exit code {code}: {last}")

    def end(self) -> None:
        """End everything at once."""
        for slot in self.slots:
            slot.end()
