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

from deploy.embedded.child import dying_with_parent
from streams.settings import PREFIX, Settings
from tests.crash.points import SAID
from tests.crash.tally import Tally

ROOT: Final = Path(__file__).parents[2]
KILLED: Final = -signal.SIGKILL
_LOOK_S: Final = 0.05

BY_CONTRACT: Final = ("ConsumerHangsError",)
"""Why a worker may end by itself with 1: it is said in its log, and a new start mends it."""

Kind = Literal["streams", "sinks"]
Note = Callable[[str], None]
"""Takes down what happens, with its time."""


class Death(NamedTuple):
    """At which pass of which point a life of a worker ends."""

    point: str
    at_pass: int

    def __str__(self) -> str:
        return f"{self.point}:{self.at_pass}"


class Hand:
    """The place of one worker: a process after another, each perhaps with a death foretold."""

    def __init__(self, kind: Kind, name: str, settings: Settings, log: Path, rng: Random) -> None:
        self.kind = kind
        self.name = name
        self.log = log
        self.deaths: list[Death] = []
        self.armed: Death | None = None  # that of the present process
        self.leaving = False
        self.struck = False  # this process was killed from outside, which is counted there
        self.restart_at: float | None = None
        self._settings = settings
        self._rng = rng
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0  # where in the log the present process begins

    def start(self) -> None:
        """Start the next process; must be called from the main thread."""
        self.struck, self.restart_at = False, None
        death = self.armed = self.deaths.pop(0) if self.deaths else None
        command = [sys.executable, "-m", "tests.crash.victim", self.kind]
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
                env={**outer, **self._settings.as_env()},
                preexec_fn=dying_with_parent(),
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """The exit code of the present process; None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

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


class Crew:
    """All workers of a round."""

    def __init__(
        self, settings: Settings, directory: Path, seed: str, tally: Tally, note: Note
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._note = note
        self._seed = seed
        self._tally = tally
        self.hands: list[Hand] = []
        self.troubles: list[str] = []
        """What no worker may do: end by itself."""
        self._seen: set[Hand] = set()  # whose end was taken note of

    def place(self, kind: Kind) -> Hand:
        """A new place for a worker, empty at first."""
        name = f"{kind}-{1 + len(self.of(kind))}"
        log = self._directory / f"{name}.log"
        hand = Hand(kind, name, self._settings, log, Random(f"{self._seed} {name}"))
        self.hands.append(hand)
        return hand

    def of(self, kind: Kind) -> list[Hand]:
        """The places of a kind."""
        return [hand for hand in self.hands if hand.kind == kind]

    async def keep(self) -> None:
        """Start again whatever ends, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            for hand in self.hands:
                code = hand.code
                if code is None:
                    continue
                if hand not in self._seen:
                    self._seen.add(hand)
                    self._ended(hand, code)
                    hand.restart_at = loop.time() + hand.pause_s()
                if not hand.leaving and hand.restart_at and loop.time() >= hand.restart_at:
                    hand.start()
                    self._note(f"{hand.name} starts again")
                    self._seen.discard(hand)
            await asyncio.sleep(_LOOK_S)

    async def dismiss(self, kind: Kind) -> None:
        """Tell all of a kind to stop, and wait until they have ended and `keep` has seen it."""
        for hand in self.of(kind):
            self._tally.unreached.update(death.point for death in hand.deaths)
            hand.leave()
        while not all(hand in self._seen for hand in self.of(kind)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)

    def _ended(self, hand: Hand, code: int) -> None:
        said = hand.said()
        last = said.rstrip().rpartition("\n")[2]
        self._note(f"{hand.name} has ended with {code}: {last[-100:]}")
        if code == KILLED and last.startswith(SAID):
            self._tally.kills[last.removeprefix(SAID).partition(",")[0].strip()] += 1
            return
        if hand.armed is not None:
            self._tally.unreached[hand.armed.point] += 1
        if code == KILLED and hand.struck:
            self._tally.kills[f"{hand.kind} worker"] += 1
        elif code == -signal.SIGTERM and hand.leaving and "starting" not in said:
            pass  # told to stop before it could listen
        elif code == 1 and any(reason in said for reason in BY_CONTRACT):
            self._tally.ended[f"{hand.kind} worker, as it must to begin anew"] += 1
        elif code != 0 or not hand.leaving:
            self._tally.ended[f"{hand.kind} worker, exit code {code}"] += 1
            self.troubles.append(f"{hand.name} ended by itself with exit code {code}: {last}")

    def end(self) -> None:
        """End everything at once."""
        for hand in self.hands:
            hand.end()
