"""What a message becomes on its way into a table, and which messages lead to none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from schemas.ids import FileIds
from sinks.decode import routes
from streams.core.quality import LATEST_ARRIVAL
from streams.settings import Settings
from tests.schemas.examples import RECORDS

CODEC = Codec(FileIds())
SETTINGS = Settings()
ROUTES = routes(SETTINGS, CODEC, lambda *_: {})


def record(name: str, timestamp: int = 0, **changes: Any) -> ConsumerRecord:
    value = CODEC.encode(name, RECORDS[name] | changes)
    plain = SimpleNamespace(timestamp=timestamp, key=b"k", value=value, headers=(), offset=0)
    return cast("ConsumerRecord", plain)


@pytest.mark.parametrize("timestamp", [-1, LATEST_ARRIVAL + 1, (1 << 63) - 1])
def test_a_reading_that_the_streams_worker_buries_for_its_timestamp_has_no_row(
    timestamp: int,
) -> None:
    decode = ROUTES[SETTINGS.topic_readings].decode
    assert decode(record("EmissionReading", timestamp)) is None
    assert decode(record("EmissionReading", LATEST_ARRIVAL)) is not None
