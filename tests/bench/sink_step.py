"""The sink beside a raw insert of the same rows, as a step of the whole bench.

`tests.bench.sink` measures it in a process of its own; here it is started, and held to its goal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.embedded.child import die_with_parent
from tests.bench.goals import Goal

RAW = 0.7
Rows = list[dict[str, Any]]


class SinkError(RuntimeError):
    """The sink was not measured; the text says why. What it said went to the terminal."""


def measure_sink(directory: Path, *, load: str, repeats: int, quick: bool) -> Rows:
    """A row a kind (``raw``, ``writer``, ``worker``); its own table goes to the terminal."""
    found = directory / "sink.json"
    command = [sys.executable, "-m", "tests.bench.sink", "--load", load, "--json", str(found)]
    command += ["--repeats", str(repeats), *(["--quick"] if quick else ["--worker"])]
    sys.stdout.flush()
    code = subprocess.run(command, check=False, preexec_fn=die_with_parent()).returncode
    if code or not found.exists():
        raise SinkError(f"the sink's measurement ended with {code}")
    rows: Rows = json.loads(found.read_text(encoding="utf-8"))
    return rows


def sink_goals(rows: Rows) -> list[Goal]:
    """Whoever inserts our rows, against the raw insert."""
    return [
        Goal(f"of a raw insert (sinks' {row['what']})", RAW, row["of_raw"], row["of_raw_by_cpu"])
        for row in rows
        if row["what"] != "raw"
    ]
