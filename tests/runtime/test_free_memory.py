"""Freed memory goes back to the system, also from between what lives."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.runtime.free_memory import give_back_freed_memory, heap_trim


def resident_kb() -> int:
    """What this process has in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.mark.skipif(heap_trim() is None, reason="this C library gives nothing back")
def test_what_is_freed_between_what_lives_is_given_back() -> None:
    trim = heap_trim()
    assert trim is not None
    blocks = [bytes(6000) for _ in range(20_000)]
    kept = blocks[::50]
    trim()
    before = resident_kb()
    del blocks
    trim()
    assert before - resident_kb() > 50_000  # of 120 MB, less than half of which is in use
    assert len(kept) == 400


_THREADS = """
import ctypes, sys, threading
from streams.runtime.free_memory import keep_one_heap

if "one" in sys.argv:
    assert keep_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def take():
    libc.malloc(5000)
    kept.wait()
kept = threading.Barrier(5)
threads = [threading.Thread(target=take) for _ in range(4)]
for each in threads: each.start()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
kept.wait()
libc.malloc_info(0, file)
libc.fflush(file)
for each in threads: each.join()
"""


def heaps(*arguments: str) -> int:
    """The number of heaps of a process of which four threads have taken memory."""
    said = subprocess.run(
        [sys.executable, "-c", _THREADS, *arguments], check=True, capture_output=True, text=True
    )
    return len(re.findall(r"<heap nr=", said.stdout))


@pytest.mark.process
@pytest.mark.skipif(heap_trim() is None, reason="this C library has no such options")
def test_threads_take_memory_from_one_heap() -> None:
    assert heaps() > 1
    assert heaps("one") == 1


async def test_it_goes_on_until_it_is_cancelled() -> None:
    thrice = asyncio.Event()
    times: list[None] = []

    def trim() -> None:
        times.append(None)
        if len(times) == 3:
            loop.call_soon_threadsafe(thrice.set)

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(give_back_freed_memory(trim, 0.001))
    await thrice.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_runs_where_there_is_nothing_to_call() -> None:
    await give_back_freed_memory(None)
