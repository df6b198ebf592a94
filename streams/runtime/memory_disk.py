"""Tells whether a directory lies in memory, where files take the machine's memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

_IN_MEMORY: Final = frozenset(("tmpfs", "ramfs", "devtmpfs", "hugetlbfs"))
_MOUNTS: Final = Path("/proc/self/mountinfo")


def memory_file_system(directory: Path | None, mounts: Path = _MOUNTS) -> str | None:
    """Return the file system's type if it lies in memory; None if not, or if unknown.

    ``directory`` None: the system's temporary one. A file system that is not listed by its device
    (such as an overlay) counts as a disk.
    """
    place = directory if directory is not None else Path(tempfile.gettempdir())
    try:
        device = os.stat(place).st_dev
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:  # "36 35 98:0 /root /mnt rw - ext3 /dev/sda rw" (proc_pid_mountinfo(5))
        mount, _, filesystem = line.partition(" - ")
        if mount.split()[2:3] == [wanted]:
            kind = filesystem.split(" ", 1)[0]
            return kind if kind in _IN_MEMORY else None
    return None
