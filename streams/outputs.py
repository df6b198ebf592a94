"""From what a batch led to, to the records that go out: topic, key and framed value."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.codec import Codec
from streams.core.bury import letter_key
from streams.core.log import Outcome
from streams.outbox import Output
from streams.settings import Settings


class Encoder:
    """Encodes means and gaps under their source, violations under their id.

    A dead letter has the source's id where it is known, else the key the message came with.
    """

    def __init__(self, codec: Codec, settings: Settings) -> None:
        self._codec = codec
        self._settings = settings

    def __call__(self, outcome: Outcome) -> list[Output]:
        """Every record to produce, in the order of finding within a topic."""
        to = self._settings
        means, gaps, found = outcome.means, outcome.gaps, outcome.violations
        letters = outcome.dead_letters
        return [
            *self._outputs(to.topic_means, [mean.source_id.encode() for mean in means], means),
            *self._outputs(to.topic_gaps, [gap.source_id.encode() for gap in gaps], gaps),
            *self._outputs(to.topic_violations, [each.id.encode() for each in found], found),
            *self._outputs(to.topic_dead_letters, [letter_key(each) for each in letters], letters),
        ]

    def _outputs(
        self, topic: str, keys: list[bytes], values: Sequence[msgspec.Struct]
    ) -> list[Output]:
        if not values:
            return []
        encode = self._codec.encoder(type(values[0]).__name__)
        return [Output(topic, key, encode(value)) for key, value in zip(keys, values, strict=True)]
