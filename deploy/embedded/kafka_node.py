"""Run one node of a Kafka cluster: start it, kill it and start it again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.embedded.child import LOOPBACK, accepts_connections, die_with_parent, end, last_line
from deploy.embedded.kafka_jvm import Jvm

_START_S: Final = 90.0


class KafkaStartError(RuntimeError):
    """A node did not start; the message has its last output and names its log."""


class KafkaNode:
    """A broker and controller of a `KafkaCluster`; its ports and data stay the same.

    ``number`` is its ``node.id``, ``log`` the file of its output.
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
        """Process id; raises `KafkaStartError` if it was not started."""
        if self._process is None:
            raise KafkaStartError(f"Kafka node {self.number} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """With which code it ended (negative: by that signal); None: it runs, or was stopped."""
        return None if self._process is None else self._process.poll()

    def write_config(self) -> None:
        """Write its ``server.properties``."""
        lines = (f"{key}={value}\n" for key, value in sorted(self._config.items()))
        self.config_file.write_text("".join(lines))

    def start(self, *, wait: bool = True) -> None:
        """Start the process and, with ``wait``, return when it is ready.

        A node is ready once a majority of the nodes runs: to bring back several lost nodes, start
        the first of them without waiting. Raises `KafkaStartError`.
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
                preexec_fn=die_with_parent(),
                # Ctrl+C in a terminal reaches the whole group: the broker must outlive the workers.
                start_new_session=True,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, within_s: float = _START_S) -> None:
        """Return when clients can use it. Raises `KafkaStartError` if it ends before that.

        Kafka opens the clients' port last: by then the node is registered and not fenced.
        """
        deadline = time.monotonic() + within_s
        while self.running and time.monotonic() < deadline:
            if accepts_connections(self.pid, self.port):
                return
            time.sleep(0.02)
        ended = not self.running
        self.kill()
        with self.log.open("rb") as log:
            log.seek(self._began_at)
            said = reason(log.read())
        why = "ended" if ended else f"did not serve within {within_s:.0f} s"
        raise KafkaStartError(f"Kafka node {self.number} {why}: {said} (log: {self.log})")

    def request_stop(self) -> None:
        """Send SIGTERM without waiting. Does nothing if it is not running."""
        if self._process is not None and self.running:
            self._process.terminate()

    def stop(self, patience_s: float = 20.0) -> None:
        """Terminate it, and kill it if it does not end. Does nothing if it is not running."""
        process, self._process = self._process, None
        if process is not None:
            end(process, patience_s)

    def kill(self) -> None:
        """Kill it at once (SIGKILL), as a crash would. Does nothing if it is not running."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def reason(log: bytes) -> str:
    """Return the first line of Java's output that explains the failure, else the last line."""
    lines = log.decode(errors="replace").splitlines()
    told = [line for line in lines if "Exception:" in line or "Error:" in line]
    return told[0].strip() if told else last_line(log)
