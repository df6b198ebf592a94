"""How many examples a generated test looks at: a share of its number in each tier."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

SHARE: Final = float(os.environ.get("TEST_EXAMPLES", "1"))
"""1 in ``make test``, less in ``make check``, many times as many in ``make test-long``."""

_LEAST: Final = 5


def shared(count: int) -> int:
    """So many of a number of examples as this run looks at."""
    return max(_LEAST, round(count * SHARE))


def examples(count: int) -> settings:
    """Settings of a generated test that looks at so many examples in ``make test``."""
    return settings(max_examples=shared(count))
