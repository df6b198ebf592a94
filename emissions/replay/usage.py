"""Processor time and memory of processes, as Linux reports them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class Usage(NamedTuple):
    """Usage of one process so far: seconds of processor time, peak memory in bytes."""

    name: str
    cpu_s: float
    peak_bytes: int


def usage_of(name: str, pid: int) -> Usage | None:
    """Read ``/proc``; return None where there is none, or the process has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])  # user and system time
    peak = _PEAK.search(status)
    return Usage(name, ticks / os.sysconf("SC_CLK_TCK"), int(peak[1]) * 1024 if peak else 0)
