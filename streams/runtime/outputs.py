"""Encodes the outcome of a batch as output records: topic, key and framed value."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.codec import Codec
from streams.core.engine.dead_letter import letter_key
from streams.core.engine.outcome import Outcome
from streams.kafka.producer import Output
from streams.runtime.cloud_events import EVENT_TYPES, EventHeaders
from streams.settings import Settings


class OutcomeEncoder:
    """Encode means, gaps, roots, advice and verdicts by their source's id, others by their own.

    A finding's key is its source's id, or the БИН where it is about an enterprise.
    A dead letter's key is the source's id where it is known, else the key of the message. Records
    that others act upon carry the headers of a CloudEvent.
    """

    def __init__(self, codec: Codec, settings: Settings) -> None:
        self._codec = codec
        self._settings = settings
        self._headers = {name: EventHeaders(name, settings) for name in EVENT_TYPES}

    def __call__(self, outcome: Outcome) -> list[Output]:
        """Return every record to produce, in the order of finding within a topic."""
        to = self._settings
        means, gaps, violations = outcome.means, outcome.gaps, outcome.violations
        found, told, dead = outcome.findings, outcome.notices, outcome.dead_letters
        return [
            *self._outputs(to.topic_means, [mean.source_id.encode() for mean in means], means),
            *self._outputs(to.topic_gaps, [gap.source_id.encode() for gap in gaps], gaps),
            *self._outputs(
                to.topic_violations, [each.id.encode() for each in violations], violations
            ),
            *self._outputs(
                to.topic_findings, [(each.source_id or each.bin).encode() for each in found], found
            ),
            *self._outputs(
                to.topic_cases, [each.id.encode() for each in outcome.cases], outcome.cases
            ),
            *self._outputs(
                to.topic_roots, [each.source_id.encode() for each in outcome.roots], outcome.roots
            ),
            *self._outputs(
                to.topic_advice,
                [each.source_id.encode() for each in outcome.advice],
                outcome.advice,
            ),
            *self._outputs(
                to.topic_notice_verdicts, [each.source_id.encode() for each in told], told
            ),
            *self._outputs(to.topic_dead_letters, [letter_key(each) for each in dead], dead),
        ]

    def _outputs(
        self, topic: str, keys: list[bytes], values: Sequence[msgspec.Struct]
    ) -> list[Output]:
        if not values:
            return []
        name = type(values[0]).__name__
        encode, headers = self._codec.encoder(name), self._headers.get(name)
        outputs = [
            Output(topic, key, encode(value)) for key, value in zip(keys, values, strict=True)
        ]
        if headers is None:
            return outputs
        return [
            Output(topic, out.key, out.value, headers(record, out.key, out.value))
            for out, record in zip(outputs, values, strict=True)
        ]
