"""A signal ends what waits, once; what was installed before comes back."""

from __future__ import annotations

import os
import signal

import pytest

from emissions.supervision.ending import ENDINGS, EndRequested, end_on_signal


def wait_and_clean_up(number: signal.Signals, cleaned: list[str]) -> None:
    """Wait for a signal; a second one comes while it cleans up."""
    with end_on_signal():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append("all of it")


@pytest.mark.parametrize("number", ENDINGS)
def test_the_first_signal_ends_and_further_ones_do_not_disturb_the_end(
    number: signal.Signals,
) -> None:
    before = [signal.getsignal(each) for each in ENDINGS]
    cleaned: list[str] = []
    with pytest.raises(EndRequested):
        wait_and_clean_up(number, cleaned)
    assert cleaned == ["all of it"]
    assert [signal.getsignal(each) for each in ENDINGS] == before
