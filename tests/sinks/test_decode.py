"""What a message becomes on its way into a table, and which messages lead to none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from schemas.codec import Codec
from schemas.errors import Undecodable
from schemas.ids import FileIds
from sinks.decode import routes
from streams.core.quality import LATEST_ARRIVAL
from streams.settings import Settings
from streams.simulation.identity import made_up_bin
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


def test_a_registration_that_the_streams_worker_leaves_out_has_no_row() -> None:
    decode = ROUTES[SETTINGS.topic_registry].decode
    name, bin_ = "EnterpriseRegistration", RECORDS["EnterpriseRegistration"]["bin"].encode()
    good = record(name)
    good.key = bin_
    assert decode(good) is not None
    good.value = None
    assert decode(good) is not None
    for key in (b"k", None, b"", b"\xff", made_up_bin(7).encode()):
        bad = record(name)
        bad.key = key
        with pytest.raises(Undecodable):
            decode(bad)
    for key in (b"k", None, b""):
        struck = record(name)
        struck.key, struck.value = key, None
        with pytest.raises(Undecodable):
            decode(struck)
    late = record(name, LATEST_ARRIVAL + 1)
    late.key = bin_
    with pytest.raises(Undecodable):
        decode(late)
