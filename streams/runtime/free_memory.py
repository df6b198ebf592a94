"""Gives memory that was freed back to the system.

The state of a worker and what it reads for a moment come from one heap. glibc gives back what was
freed at the end of the heap alone, so the most that was ever needed between what lives stays with
the process (of a streams worker that was looked at, 36 of 278 MB).
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 60.0


def heap_trim() -> Callable[[], object] | None:
    """Return what gives freed memory back (``malloc_trim`` of glibc); None where there is none."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    trim.argtypes = [ctypes.c_size_t]
    return lambda: trim(0)


async def give_back_freed_memory(
    trim: Callable[[], object] | None, every_s: float = EVERY_S
) -> None:
    """Do so every so many seconds, beside the loop, until cancelled."""
    while trim is not None:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(trim)
