"""Gives memory that was freed back to the system.

The state of a worker and what it reads for a moment come from one heap. glibc gives back what was
freed at the end of the heap alone, so the most that was ever needed between what lives stays with
the process (of a streams worker that was looked at, 36 of 278 MB). It also makes a heap for each
thread, and what is free in one is of no use to another: of a worker with 29 MB in its heaps, 37 to
45 more were free.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 60.0

_M_ARENA_MAX: Final = -8
"""Of malloc.h: the number of heaps."""


def keep_one_heap() -> bool:
    """Let all threads use one heap; False where the C library cannot be told.

    To be called before threads start. Only one of them runs Python at a time anyway.
    """
    try:
        option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    option.argtypes = [ctypes.c_int, ctypes.c_int]
    return bool(option(_M_ARENA_MAX, 1))


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
