"""In which order tests run, and which of them one process of pytest-xdist must run in a row.

What waits for processes comes first, mixed with what calculates, so that there is always something
to calculate while others wait. What calculates for long comes before what is soon done: a run does
not end with one long test. A file stays together whose fixtures are made once a file, or once for
its directory; every other test goes to whichever process is free.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support.tiers import is_first

_PER_FILE = re.compile(r"scope=\"(module|package)\"")
_PER_PROCESS = re.compile(r"scope=\"(module|package|session)\"")
_EVERYWHERE: Final = Path(__file__).parents[1] / "conftest.py"
_MIX: Final = 3
"""So many tests that calculate come between two that wait, until the latter are over."""


@functools.cache
def stays_together(file: str) -> bool:
    """Whether the tests of a file share what is made once a file, or once for its directory."""
    path = Path(file)
    beside = path.with_name("conftest.py")
    if beside != _EVERYWHERE and beside.exists() and _PER_PROCESS.search(beside.read_text("utf-8")):
        return True
    return bool(_PER_FILE.search(path.read_text("utf-8")))


def ordered(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which they are given out."""
    whole = [item for item in items if stays_together(str(item.path)) and not is_first(item)]
    waiting = [item for item in items if not is_first(item) and not stays_together(str(item.path))]
    calculating = [item for item in items if is_first(item)]
    calculating.sort(key=lambda item: item.get_closest_marker("slow") is None)
    found = list(whole)
    for number, item in enumerate(waiting):
        found += [item, *calculating[number * _MIX : (number + 1) * _MIX]]
    return found + calculating[len(waiting) * _MIX :]


class Schedule(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out single tests, and whole files where their tests share something."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        path = self.config.rootpath / file
        return file if stays_together(str(path)) else nodeid
