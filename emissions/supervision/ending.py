"""End a command that waits, wherever it is, at Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDINGS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndRequested(BaseException):
    """A signal asked for the end; no error, so that no part takes it for one of its own."""


@contextmanager
def end_on_signal() -> Iterator[None]:
    """Raise `EndRequested` at the first signal; further ones are ignored: the end is under way.

    Use it from the main thread. What was installed before is put back behind it.
    """

    def hear(_number: int, _frame: FrameType | None) -> None:
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise EndRequested

    before = {each: signal.signal(each, hear) for each in ENDINGS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
