"""What a look at one part of a deployment found."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

State = Literal["ok", "RISK", "UNSEEN", "MISSING"]
"""In order; works and may stop to; was not to be looked at, or gave no answer; not in order."""

ANSWER_S: Final = 4.0
"""What does not answer within this is given up."""


class Check(NamedTuple):
    """One part that was looked at: its state, what was seen, and what to do about it."""

    part: str
    state: State
    seen: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Whether the deployment works as far as this part goes."""
        return self.state in ("ok", "RISK")


def duration(seconds: float) -> str:
    """A length of time as people say it: ``40 s``, ``5 min``, ``3 h 20 min``, ``24 days 7 h``."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
