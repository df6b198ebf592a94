"""Contestants that are processes of their own and write a report: the ceilings and the peers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.embedded.child import die_with_parent, last_line
from tests.bench.figures import Run

_MOST_S = 1800.0
_KNOWN = ("readings", "wall_s", "cpu_s", "peak_rss")


class ContestantError(RuntimeError):
    """A contestant did not finish; the text says which and what it said last."""


def run_child(name: str, command: Sequence[str], report: Path, readings: int) -> Run:
    """Run it to its end and take its report; ``readings`` is what the topic holds.

    The rates of all are for the same readings, so a contestant that saw fewer has failed; some
    count the ticks among them, some do not. Raises `ContestantError`.
    """
    report.unlink(missing_ok=True)
    began = time.perf_counter()
    log = report.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, preexec_fn=die_with_parent()
        )
        try:
            code = process.wait(_MOST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ContestantError(f"{name} did not finish within {_MOST_S:.0f} s") from None
    whole_s = time.perf_counter() - began
    if code or not report.exists():
        said = last_line(log.read_bytes())
        raise ContestantError(f"{name} ended with {code}: {said}")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    if found["readings"] < readings:
        raise ContestantError(f"{name} consumed {found['readings']:,} of {readings:,} readings")
    return Run(
        name=name,
        readings=readings,
        wall_s=found["wall_s"],
        cpu_s=found["cpu_s"],
        peak_rss=found["peak_rss"],
        whole_s=whole_s,
        more={key: value for key, value in found.items() if key not in _KNOWN},
    )


def ceiling_command(kind: str, broker: str, topic: str, report: Path) -> list[str]:
    """A ceiling of `tests.bench.ceilings`, in this environment."""
    module = [sys.executable, "-m", "tests.bench.ceilings", kind]
    return [*module, "--broker", broker, "--topic", topic, "--report", str(report)]


def peer_command(
    python: Path, script: Path, broker: str, topic: str, files: dict[str, Path]
) -> list[str]:
    """A peer's script; ``files`` are its ``registry``, ``schema``, ``results`` and ``report``."""
    options = [text for name, file in files.items() for text in (f"--{name}", str(file))]
    out = f"{topic}.{script.stem}-{os.getpid()}"
    fixed = ["--broker", broker, "--topic", topic, "--out-topic", out]
    return [str(python), str(script), *fixed, *options]
