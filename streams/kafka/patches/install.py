"""Installs every patch of aiokafka."""

from __future__ import annotations

from streams.kafka.patches.header_names import read_any_header_name
from streams.kafka.patches.lost_connection import fail_on_lost_connections
from streams.kafka.patches.records import fetch_light_records
from streams.kafka.patches.rejected_tokens import notice_rejected_tokens


def install_patches() -> None:
    """Patch aiokafka in this process; calling it again changes nothing.

    From then on consumers read records with any header names and unpack them within bounds, and
    all clients notice a lost connection and a rejected token. Composition roots and the factories
    of clients (`streams.kafka.client`, `streams.kafka.read_committed`) call it; reading options
    does not.
    """
    read_any_header_name()
    fetch_light_records()
    fail_on_lost_connections()
    notice_rejected_tokens()
