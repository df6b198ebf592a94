"""Decide what a resend does with each dead letter, before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from emissions.dead_letters.dead_letter import DeadLetterRecord, RecordCoordinates
from emissions.dead_letters.recheck import NOT_SENT
from streams.core.quality.rejection import Rejection

ResendPolicy = Literal["stop", "requeue", "drop"]
"""For a letter that would be rejected again: stop before it, send it anyway, or skip it."""

SEND: Final = "send"
REQUEUE: Final = "send, to be refused again"
DROP: Final = "pass over"
ALREADY: Final = "sent already"
STOP: Final = "stop here"
KEEP: Final = "never sent again"
SENDING: Final = (SEND, REQUEUE)


class ResendStep(NamedTuple):
    """A dead letter, its verdict today (None: usable) and what is done with it."""

    letter: DeadLetterRecord
    refused: Rejection | None
    action: str


class ResendPlan(NamedTuple):
    """Steps in order of arrival; ``beyond`` letters match but exceed the limit of this run."""

    steps: list[ResendStep]
    beyond: int

    @property
    def to_send(self) -> list[DeadLetterRecord]:
        """Dead letters to send, in order."""
        return [step.letter for step in self.steps if step.action in SENDING]

    @property
    def stopped_at(self) -> ResendStep | None:
        """The step that ends the run, if one does."""
        last = self.steps[-1] if self.steps else None
        return last if last is not None and last.action == STOP else None

    def count(self, *actions: str) -> int:
        """Count the letters with one of these actions."""
        return sum(step.action in actions for step in self.steps)


def plan_resend(
    letters: Iterable[tuple[DeadLetterRecord, Rejection | None]],
    sent: Mapping[RecordCoordinates, int],
    *,
    policy: ResendPolicy,
    limit: int,
    again: bool = False,
) -> ResendPlan:
    """Plan the letters in order of arrival until ``limit`` of them are to be sent.

    ``sent`` counts earlier resends; ``again`` resends those too.
    """
    steps: list[ResendStep] = []
    sending = beyond = 0
    ended = False
    for letter, refused in sorted(letters, key=lambda each: each[0].order):
        action = _action(refused, bool(sent.get(letter.place)) and not again, policy)
        ended = ended or (action in SENDING and sending == limit)
        if ended:
            beyond += action in (*SENDING, STOP)
            continue
        sending += action in SENDING
        steps.append(ResendStep(letter, refused, action))
        ended = action == STOP
    return ResendPlan(steps, beyond)


def _action(refused: Rejection | None, already: bool, policy: ResendPolicy) -> str:
    if refused is not None and refused.reason == NOT_SENT:
        return KEEP
    if already:
        return ALREADY
    if refused is None:
        return SEND
    return {"stop": STOP, "requeue": REQUEUE, "drop": DROP}[policy]
