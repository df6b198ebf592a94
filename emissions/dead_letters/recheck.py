"""Recheck dead letters: would today's code and registry reject the message again?"""

from __future__ import annotations

from typing import Final

from emissions.dead_letters.dead_letter import DeadLetterRecord
from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from schemas.reading import Reading, Rejected
from streams.core.engine.signed_readings import signature_policy
from streams.core.law.policy import SIGNATURES_REQUIRE, Policy
from streams.core.law.quality_codes import (
    BAD_SIGNATURE,
    BROKEN_CHAIN,
    CONFLICTING_DUPLICATE,
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNSIGNED,
)
from streams.core.quality.rejection import Rejection, rejection_of
from streams.core.records.partitioning import Share, partition_of
from streams.core.sources.history import RegistryHistory
from streams.core.sources.source import SourceEntry
from streams.settings import Settings

NOT_PROVED: Final = (BAD_SIGNATURE, BROKEN_CHAIN, UNSIGNED)
"""What a message of the same headers is refused as again: its place in the chain has passed."""

NOT_SENT: Final = "NOT_SENT_AGAIN"
"""Not a reason of a dead letter: a message that is never resent."""


class Rechecker:
    """Judges dead letters as messages that arrive at ``now`` (ms UTC); sends nothing."""

    def __init__(
        self, settings: Settings, codec: Codec, registry: RegistryHistory, now: int
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._registry = registry
        self._policy: Policy = settings.policy
        self._now = now

    def refuses(self, letter: DeadLetterRecord) -> Rejection | None:
        """Return why the message would be rejected again, or None.

        The letter needs its value. Not checked: whether another reading has taken its interval
        since; it would then be a duplicate or a conflict. Raises SchemaRegistryError where the
        schema registry does not answer.
        """
        never = self._never(letter)
        if never is not None:
            return Rejection(NOT_SENT, never)
        if letter.place.topic != self._settings.topic_readings:
            return self._of_a_finding(letter)
        decoded = self._codec.decode_reading(letter.value)
        if isinstance(decoded, Rejected):
            return Rejection(decoded.reason, decoded.detail)
        if not isinstance(decoded, Reading):
            return None
        entry = self._registry.source(decoded.source_id, self._now)
        refused = rejection_of(decoded, entry, self._now, self._policy, self._share(letter))
        if refused is None and letter.reason == CONFLICTING_DUPLICATE:
            return Rejection(CONFLICTING_DUPLICATE, "another reading of its interval was accepted")
        if refused is None and letter.reason in NOT_PROVED and self._requires_signatures(entry):
            return Rejection(letter.reason, "its source still requires signatures of the station")
        return refused

    def _requires_signatures(self, entry: SourceEntry | None) -> bool:
        otherwise = self._settings.signatures
        return entry is not None and signature_policy(entry, otherwise) == SIGNATURES_REQUIRE

    def _share(self, letter: DeadLetterRecord) -> Share:
        """Return the partition the message would be sent to (`replay_history.ReplayTargets`)."""
        of, many = letter.key, self._settings.partitions
        return Share(letter.place.partition if of is None else partition_of(of, many), many)

    def _never(self, letter: DeadLetterRecord) -> str | None:
        """Return why the message is never resent, whatever the policy, or None."""
        to = self._settings
        if letter.place.topic == to.topic_registry:
            return (
                "an old registration would replace newer ones (publish the current one with "
                "`emissions registry load`)"
            )
        if letter.place.topic not in (
            to.topic_readings, to.topic_means, to.topic_gaps, to.topic_violations,
            to.topic_findings, to.topic_notice_verdicts, to.topic_roots,
        ):  # fmt: skip
            return f"{letter.place.topic} is not a topic of this deployment"
        if letter.key is None and letter.value is None:
            return "it has neither a key nor a value"
        return None

    def _of_a_finding(self, letter: DeadLetterRecord) -> Rejection | None:
        if letter.value is None:
            return Rejection(UNDECODABLE, "the message has no value")
        try:
            self._codec.decode(letter.value)
        except Undecodable as error:
            return Rejection(UNDECODABLE, str(error))
        except UnknownSchema as error:
            return Rejection(UNKNOWN_SCHEMA, str(error))
        return None
