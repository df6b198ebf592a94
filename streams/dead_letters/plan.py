"""What a replay would do with each letter: decided before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from streams.core.quality import Refusal
from streams.dead_letters.letter import Letter, Place
from streams.dead_letters.present import NOT_SENT

Policy = Literal["stop", "requeue", "drop"]
"""What happens with a letter that would be refused again: end before it, send it all the same,
or pass it over."""

SEND: Final = "send"
REQUEUE: Final = "send, to be refused again"
DROP: Final = "pass over"
ALREADY: Final = "sent already"
STOP: Final = "stop here"
KEEP: Final = "never sent again"
SENDING: Final = (SEND, REQUEUE)


class Step(NamedTuple):
    """A letter, what it would meet now (None: nothing) and what is done with it."""

    letter: Letter
    refused: Refusal | None
    action: str


class Plan(NamedTuple):
    """Steps in the order of arrival; ``beyond`` letters match and are left for another run."""

    steps: list[Step]
    beyond: int

    @property
    def to_send(self) -> list[Letter]:
        """The letters to send, in their order."""
        return [step.letter for step in self.steps if step.action in SENDING]

    @property
    def stopped_at(self) -> Step | None:
        """The letter that ends the run, if one does."""
        last = self.steps[-1] if self.steps else None
        return last if last is not None and last.action == STOP else None

    def count(self, *actions: str) -> int:
        """How many letters are dealt with in one of these ways."""
        return sum(step.action in actions for step in self.steps)


def plan_replay(
    letters: Iterable[tuple[Letter, Refusal | None]],
    sent: Mapping[Place, int],
    *,
    policy: Policy,
    limit: int,
    again: bool = False,
) -> Plan:
    """Go through the letters in order of arrival until ``limit`` of them are to be sent.

    ``sent`` tells how often each was sent before; ``again`` sends those, too.
    """
    steps: list[Step] = []
    sending = beyond = 0
    ended = False
    for letter, refused in sorted(letters, key=lambda each: each[0].order):
        action = _action(refused, bool(sent.get(letter.place)) and not again, policy)
        ended = ended or (action in SENDING and sending == limit)
        if ended:
            beyond += action in (*SENDING, STOP)
            continue
        sending += action in SENDING
        steps.append(Step(letter, refused, action))
        ended = action == STOP
    return Plan(steps, beyond)


def _action(refused: Refusal | None, already: bool, policy: Policy) -> str:
    if refused is not None and refused.reason == NOT_SENT:
        return KEEP
    if already:
        return ALREADY
    if refused is None:
        return SEND
    return {"stop": STOP, "requeue": REQUEUE, "drop": DROP}[policy]
