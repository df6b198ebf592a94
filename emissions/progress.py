"""The callback through which long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[str, int, int | None], None]
"""Called with the step (reading, publishing ...), messages done, and the total if known."""
