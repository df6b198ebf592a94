"""A worker of a round: the deployed one, which may be told to die at a named point.

``python -m tests.crash.crashing_worker streams|sinks [POINT PASS]``; settings from the environment.
"""

from __future__ import annotations

import os
import sys

from streams.settings import Settings
from tests.crash import crash_points, trace


def main(arguments: list[str]) -> int:
    """Arm the point, if one is given, and run the worker."""
    settings = Settings.from_env()
    worker, *death = arguments
    if os.environ.get(trace.VARIABLE):
        trace.follow()
    if death:
        name, at_pass = death
        crash_points.arm(name, int(at_pass), settings)
        if name.startswith("amid-"):
            crash_points.cut_batches()
    if worker == "streams":  # only what is run is imported: rounds start many of them
        from streams.worker import run_streams

        return run_streams(settings)
    from sinks.worker import run_sinks

    return run_sinks(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
