"""Quality of the readings that are written: the same judgement as that of the streams worker."""

from __future__ import annotations

from sinks.decode import Judge
from streams.core.policy import Policy
from streams.core.quality import channel_codes, refusal
from streams.core.reading import Reading
from streams.core.registry_history import RegistryHistory


def registry_judge(registry: RegistryHistory, policy: Policy) -> Judge:
    """A judge by the registrations in force when a reading arrived.

    What the streams worker refuses for itself alone gets no row; conflicting duplicates, which
    need other readings, are told by their keys and the dead letters.
    """

    def judge(reading: Reading, arrival: int) -> dict[str, str] | None:
        entry = registry.source(reading.source_id, arrival)
        if entry is None or refusal(reading, entry, arrival, policy) is not None:
            return None
        return channel_codes(reading, entry)

    return judge
