"""Whether a directory lies in memory: what is written there takes the memory of the machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

_IN_MEMORY: Final = frozenset(("tmpfs", "ramfs", "devtmpfs", "hugetlbfs"))
_MOUNTS: Final = Path("/proc/self/mountinfo")


def kept_in_memory(directory: Path | None, mounts: Path = _MOUNTS) -> str | None:
    """The kind of file system if it is one in memory, else None; None also where nobody can tell.

    ``directory`` None: the system's temporary one. Where the file system of a directory is not
    listed by its device (as of overlays), it counts as a disk.
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
