"""Quality of the readings that are written: the same judgement as that of the streams worker."""

from __future__ import annotations

from typing import Final

from sinks.decode import Judge
from streams.core.policy import Policy
from streams.core.quality import channel_codes, overlaps, refusal
from streams.core.reading import Reading
from streams.core.registry_history import RegistryHistory
from streams.core.source import ChannelPlan, SourceEntry

_CACHED: Final = 10_000
_ORDINARY: Final = 1e9  # a value this large may overflow when it is normalised
_OXYGEN_PCT: Final = 19.9
_H2O_PCT: Final = 99.0
_PRESSURE: Final = 1e-3

Key = tuple[SourceEntry, int, bool, bool, tuple[str, ...]]


def registry_judge(registry: RegistryHistory, policy: Policy) -> Judge:
    """A judge by the registrations in force when a reading arrived.

    What the streams worker refuses for itself alone gets no row; conflicting duplicates, which
    need other readings, are told by their keys and the dead letters. The codes of an ordinary
    reading (`_ordinary`) follow from what it carries, so they are worked out once.
    """
    known: dict[Key, dict[str, str]] = {}

    def judge(reading: Reading, arrival: int) -> dict[str, str] | None:
        entry = registry.source(reading.source_id, arrival)
        if entry is None or refusal(reading, entry, arrival, policy) is not None:
            return None
        plans = entry.plan(reading.measured_at)
        # Names that nobody registered are made up by the message, at any length and number:
        # remembering them would be memory without bound.
        if not (reading.values.keys() <= plans.keys() and _ordinary(reading, entry, plans)):
            return channel_codes(reading, entry)
        warm = reading.values.get("TEMPERATURE", 0.0) > 0
        verified = entry.verified(reading.device_serial, reading.measured_at)
        key = (entry, id(plans), warm, verified, tuple(reading.values))
        codes = known.get(key)
        if codes is None:
            if len(known) >= _CACHED:
                known.clear()
            codes = known[key] = channel_codes(reading, entry)
        return codes

    return judge


def _ordinary(reading: Reading, entry: SourceEntry, plans: dict[str, ChannelPlan]) -> bool:
    """Whether nothing but the presence of its channels decides on the reading's codes.

    Normal operation, no flag, nothing excused, every value within its range; and the gas far from
    where its values matter: oxygen too high, no dry gas, no pressure, absolute zero.
    """
    if reading.state != "NORMAL" or reading.flags:
        return False
    if entry.excused and overlaps(entry.excused, reading.measured_at, reading.ends_at):
        return False
    values = reading.values
    for name, value in values.items():
        plan = plans.get(name)
        if plan is not None and not (
            plan.low <= value <= plan.high and -_ORDINARY < value < _ORDINARY
        ):
            return False
    h2o = values.get("H2O", 0.0)
    return (
        -_H2O_PCT < h2o < _H2O_PCT
        and values.get("O2", 0.0) < _OXYGEN_PCT * (1 - max(h2o, 0.0) / 100)
        and values.get("PRESSURE", 1.0) > _PRESSURE
        and values.get("TEMPERATURE", 0.0) > -273.0
    )
