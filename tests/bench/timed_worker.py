"""Runs the deployed streams worker and tells when it had fetched its first readings.

One line on standard output, `FETCHED` and a JSON object: ``at`` (s of the clock that all processes
of a machine share, CLOCK_MONOTONIC) and ``cpu_s`` (processor time of the process until then).
Peers and ceilings begin to count at the same moment.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

from streams.settings import Settings
from streams.transport.driver import Consumer
from streams.worker import run_streams
from tests.support.streams_process import StreamsProcess

FETCHED: Final = "bench first fetch "


class TimedStreams(StreamsProcess):
    """A streams worker that tells of its first fetch."""

    main = "import sys; from tests.bench.timed_worker import main; sys.exit(main())"

    def first_fetch(self) -> tuple[float, float] | None:
        """When the first readings were fetched, and the processor time until then; None: never."""
        for line in self.log.read_bytes().splitlines():
            if line.startswith(FETCHED.encode()):
                told = json.loads(line[len(FETCHED) :])
                return told["at"], told["cpu_s"]
        return None


def main() -> int:
    """Run the worker with settings of the environment; returns its exit code."""
    settings = Settings.from_env()
    messages = Consumer._messages

    def first(self: Any, tp: Any, records: list[Any], generation: int) -> list[Any]:
        if records and tp.topic == settings.topic_readings:
            told = {"at": time.perf_counter(), "cpu_s": time.process_time()}
            print(FETCHED + json.dumps(told), flush=True)
            Consumer._messages = messages  # type: ignore[method-assign]
        return messages(self, tp, records, generation)

    Consumer._messages = first  # type: ignore[method-assign]
    return run_streams(settings)


if __name__ == "__main__":
    sys.exit(main())
