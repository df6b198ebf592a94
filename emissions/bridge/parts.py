"""What the bridge works with, and how it reads a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from emissions.bridge.dead_letters import DeadLetterFile
from emissions.bridge.delivery import Record
from emissions.bridge.devices import DeviceBook
from emissions.bridge.event import read_event
from emissions.bridge.outcome import Patience
from emissions.bridge.webhook import Webhook
from schemas.codec import Codec
from streams.core.cases.erap_form import FormScene
from streams.settings import Settings


class BridgePlan(NamedTuple):
    """What a bridge does: topics by the record they carry, its group, where it begins, its end.

    ``once``: it ends when what was there at the start is delivered. ``answers``: the address that
    is asked for later answers, ``every_s`` seconds.
    """

    records: Mapping[str, str]
    group: str
    start: str = "earliest"
    once: bool = False
    connections: int = 8
    patience: Patience = Patience()
    answers: str | None = None
    every_s: float = 60.0


class Parts(NamedTuple):
    """What the bridge works with, open as long as it runs."""

    settings: Settings
    codec: Codec
    scene: FormScene
    webhook: Webhook
    letters: DeadLetterFile
    devices: DeviceBook | None = None


def record_at(
    parts: Parts, plan: BridgePlan, topic: str, partition: int, offset: int, value: bytes
) -> Record:
    """Read the record at an offset as an event; raises SchemaRegistryError."""
    source = parts.settings.event_source
    event = read_event(parts.codec, value, source, parts.scene, plan.records.get(topic, ""))
    return Record(topic, partition, offset, value, event)
