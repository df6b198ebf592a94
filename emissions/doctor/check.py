"""The result of checking one part of a deployment."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

PartState = Literal["ok", "RISK", "UNSEEN", "MISSING"]
"""Fine; works but may fail; could not be checked; broken or absent."""

ANSWER_S: Final = 4.0
"""Seconds to wait for an answer."""


class PartCheck(NamedTuple):
    """One part: its state, what was seen, and how to fix it."""

    part: str
    state: PartState
    seen: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Whether the deployment works as far as this part is concerned."""
        return self.state in ("ok", "RISK")
