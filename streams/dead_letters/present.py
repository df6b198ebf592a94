"""What a message would meet if it came again now: the refusal of today's code and registry."""

from __future__ import annotations

from typing import Final

from schemas.codec import Codec
from schemas.errors import Undecodable, UnknownSchema
from streams.app import policy_of
from streams.core.partitioning import Share, partition_of
from streams.core.policy import Policy
from streams.core.quality import (
    CONFLICTING_DUPLICATE,
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    Refusal,
    refusal,
)
from streams.core.reading import Reading, Rejected
from streams.core.registry_history import RegistryHistory
from streams.dead_letters.letter import Letter
from streams.registry.avro import enterprise_from_record
from streams.registry_follower import RegistryFollower
from streams.settings import Settings

NOT_SENT: Final = "NOT_SENT_AGAIN"
"""No reason of a dead letter: a message that this program does not send a second time."""


class Present:
    """Judges letters as messages that arrive ``now`` (ms UTC); nothing is sent or kept."""

    def __init__(
        self, settings: Settings, codec: Codec, registry: RegistryHistory, now: int
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._registry = registry
        self._policy: Policy = policy_of(settings)
        self._now = now

    def refuses(self, letter: Letter) -> Refusal | None:
        """Why the message would be refused again, or None.

        The letter needs its value. Whether another reading has taken its interval meanwhile is
        not looked at: then it would be a duplicate, or conflict. Raises SchemaRegistryError
        where the schema registry does not answer.
        """
        never = self._never(letter)
        if never is not None:
            return Refusal(NOT_SENT, never)
        if letter.place.topic != self._settings.topic_readings:
            return self._of_a_finding(letter)
        decoded = self._codec.decode_reading(letter.value)
        if isinstance(decoded, Rejected):
            return Refusal(decoded.reason, decoded.detail)
        if not isinstance(decoded, Reading):
            return None
        entry = self._registry.source(decoded.source_id, self._now)
        refused = refusal(decoded, entry, self._now, self._policy, self._share(letter))
        if refused is None and letter.reason == CONFLICTING_DUPLICATE:
            return Refusal(CONFLICTING_DUPLICATE, "another reading of its interval stands")
        return refused

    def _share(self, letter: Letter) -> Share:
        """That of the partition to which the letter would be sent (`earlier.Targets`)."""
        of, many = letter.key, self._settings.partitions
        return Share(letter.place.partition if of is None else partition_of(of, many), many)

    def _never(self, letter: Letter) -> str | None:
        """Why the message is not sent again whatever the policy, or None."""
        to = self._settings
        if letter.place.topic == to.topic_registry:
            return (
                "an old registration would replace newer ones (`emissions registry load` sends "
                "the one that holds)"
            )
        if letter.place.topic not in (
            to.topic_readings, to.topic_means, to.topic_gaps, to.topic_violations
        ):  # fmt: skip
            return f"{letter.place.topic} is no topic of this deployment"
        if letter.key is None and letter.value is None:
            return "it has neither a key nor a value"
        return None

    def _of_a_finding(self, letter: Letter) -> Refusal | None:
        if letter.value is None:
            return Refusal(UNDECODABLE, "the message has no value")
        try:
            self._codec.decode(letter.value)
        except Undecodable as error:
            return Refusal(UNDECODABLE, str(error))
        except UnknownSchema as error:
            return Refusal(UNKNOWN_SCHEMA, str(error))
        return None


async def registry_now(settings: Settings, codec: Codec) -> RegistryHistory:
    """Every registration of the topic. Raises ``KafkaError`` when it is missing."""
    history = RegistryHistory()
    follower = RegistryFollower(settings, codec, history, enterprise_from_record)
    try:
        await follower.start()
        await follower.catch_up()
    finally:
        await follower.stop()
    return history
