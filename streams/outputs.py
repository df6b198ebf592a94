"""From what a batch led to, to the records that go out: topic, key and framed value."""

from __future__ import annotations

import msgspec

from schemas.codec import Codec
from schemas.records import record_of
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
        return [
            *(self._output(to.topic_means, mean.source_id, mean) for mean in outcome.means),
            *(self._output(to.topic_gaps, gap.source_id, gap) for gap in outcome.gaps),
            *(self._output(to.topic_violations, found.id, found) for found in outcome.violations),
            *(
                self._output(to.topic_dead_letters, letter_key(letter), letter)
                for letter in outcome.dead_letters
            ),
        ]

    def _output(self, topic: str, key: str | bytes, value: msgspec.Struct) -> Output:
        return Output(
            topic,
            key.encode() if isinstance(key, str) else key,
            self._codec.encode(type(value).__name__, record_of(value)),
        )
