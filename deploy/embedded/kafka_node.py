"""One node of a Kafka cluster: a process that is started, killed and started again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.embedded.child import LOOPBACK, dying_with_parent, end, last_line, serves
from deploy.embedded.kafka_jvm import Jvm

_START_S: Final = 90.0


class KafkaStartError(RuntimeError):
    """A node did not come up; the message has its last words and names its log."""


class KafkaNode:
    """A broker and controller; made by `KafkaCluster`, its ports and data stay the same.

    ``number`` is its ``node.id``, ``log`` the file with what it says.
    """

    def __init__(
        self, number: int, port: int, directory: Path, jvm: Jvm, config: Mapping[str, str]
    ) -> None:
        self.number = number
        self.port = port
        self.data = directory / f"node-{number}"
        self.log = directory / f"node-{number}.log"
        self.config_file = directory / f"node-{number}.properties"
        self._jvm = jvm
        self._config = {**config, "node.id": str(number), "log.dirs": str(self.data)}
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0  # where in the log this start of it begins

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id; raises `KafkaStartError` when it was not started."""
        if self._process is None:
            raise KafkaStartError(f"Kafka node {self.number} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def write_config(self) -> None:
        """Write its ``server.properties``."""
        lines = (f"{key}={value}\n" for key, value in sorted(self._config.items()))
        self.config_file.write_text("".join(lines))

    def start(self, *, wait: bool = True) -> None:
        """Start the process; returns when it serves, unless told not to ``wait``.

        A node serves once a majority of the nodes runs: whoever brings back several that were
        lost starts the first of them without waiting. Raises `KafkaStartError`.
        """
        if self.running:
            raise KafkaStartError(f"Kafka node {self.number} is running already")
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._jvm.command("kafka.Kafka", str(self.config_file)),
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dying_with_parent(),
                # Ctrl+C in a terminal reaches the whole group: the broker must outlive the workers.
                start_new_session=True,
            )
        if wait:
            self.wait_until_it_serves()

    def wait_until_it_serves(self, within_s: float = _START_S) -> None:
        """Return when clients can use it; raises `KafkaStartError` when it ends before that.

        Kafka opens the clients' port last: the node is registered then, and not fenced.
        """
        deadline = time.monotonic() + within_s
        while self.running and time.monotonic() < deadline:
            if serves(self.pid, self.port):
                return
            time.sleep(0.02)
        ended = not self.running
        self.kill()
        with self.log.open("rb") as log:
            log.seek(self._began_at)
            said = reason(log.read())
        why = "ended" if ended else f"did not serve within {within_s:.0f} s"
        raise KafkaStartError(f"Kafka node {self.number} {why}: {said} (log: {self.log})")

    def tell_to_stop(self) -> None:
        """Ask it to end in order, and do not wait. Harmless when it does not run."""
        if self._process is not None and self.running:
            self._process.terminate()

    def stop(self, patience_s: float = 20.0) -> None:
        """End it: politely first, surely in the end. Harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            end(process, patience_s)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would. Harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def reason(log: bytes) -> str:
    """The first line of what Java said that tells why it failed, else the last line of all."""
    lines = log.decode(errors="replace").splitlines()
    told = [line for line in lines if "Exception:" in line or "Error:" in line]
    return told[0].strip() if told else last_line(log)
