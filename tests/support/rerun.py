"""Which failed tests a build runs once more: those of processes, where TEST_RERUN=1 says so.

What calculates gives the same answer twice, and an example that Hypothesis found must be looked at:
neither is ever run again. A test that passed only at its second run is named in the summary.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

WANTED: Final = os.environ.get("TEST_RERUN") == "1"


def mark(item: pytest.Item) -> None:
    """Have a marked test run once more when it fails; its tier must be marked already."""
    if item.get_closest_marker("process") and not item.get_closest_marker("generated"):
        item.add_marker(pytest.mark.flaky(reruns=1))
