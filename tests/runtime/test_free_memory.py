"""Freed memory goes back to the system, also from between what lives."""

from __future__ import annotations

import asyncio
import re
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
