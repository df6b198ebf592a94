"""Runs ``emissions replay`` as a user does, and reads what it left."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def replay(*args: str | Path, export: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run it to its end; the test fails with its words where the exit code is another."""
    done = subprocess.run(
        [sys.executable, "-m", "emissions.cli.main", "replay", *map(str, args), "--export", export],
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == code, done.stderr
    return done


def table(path: Path) -> list[dict[str, str]]:
    """The rows of an exported CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of an exported NDJSON."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
