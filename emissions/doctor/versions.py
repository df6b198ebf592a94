"""Tell the versions of all parts, and which of them no test has run with."""

from __future__ import annotations

import asyncio
import platform
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

from emissions.doctor.check import ANSWER_S, PartCheck
from streams.kafka.client import client_options
from streams.settings import Settings

PART: Final = "versions"
CLICKHOUSE: Final = (26, 8)
"""The oldest ClickHouse that tests and deployment files know."""

_FETCH: Final = 1
_RELEASES: Final = {
    12: "2.7", 13: "3.1", 14: "3.5", 15: "3.5", 16: "3.7", 17: "3.9", 18: "4.1",
}  # fmt: skip
"""The release of Apache Kafka in which a version of Fetch, its request for records, came."""

_OLDEST_FETCH: Final = 12


def look_at_program() -> PartCheck:
    """Tell this program's version, Python's and those of the clients that speak to other parts."""
    clients = ("faust-streaming", "aiokafka", "clickhouse-connect")
    told = ", ".join(f"{name} {metadata.version(name)}" for name in clients)
    ours = metadata.version("emission-streams")
    return PartCheck(
        PART, "ok", f"emission-streams {ours}, Python {platform.python_version()}, {told}"
    )


async def look_at_broker_version(settings: Settings) -> list[PartCheck]:
    """Tell the release of the brokers by what they understand. Never raises."""
    options = client_options(settings)
    given: dict[str, Any] = {k: v for k, v in options.items() if k != "bootstrap_servers"}
    for address in settings.broker_addresses:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(ANSWER_S):
                conn = await create_conn(
                    host.strip("[]"), int(port), request_timeout_ms=int(ANSWER_S * 1000), **given
                )
        except (KafkaError, OSError, TimeoutError):
            continue
        told: Mapping[int, tuple[int, int]] = conn._versions
        conn.close()
        return [broker_release(address, told)]
    return []


def broker_release(address: str, told: Mapping[int, tuple[int, int]]) -> PartCheck:
    """Judge a broker by the versions of requests that it understands, by their number."""
    fetch = told.get(_FETCH, (0, 0))[1]
    if fetch < _OLDEST_FETCH:
        what = f"{address} understands Fetch up to version {fetch}: older than Apache Kafka 2.7"
        return PartCheck(PART, "RISK", what, "use a newer broker: no test has run with this one")
    known = _RELEASES.get(fetch, _RELEASES[max(_RELEASES)])
    return PartCheck(
        PART, "ok", f"{address} understands what Apache Kafka {known} does (Fetch {fetch})"
    )


def clickhouse_release(version: str) -> PartCheck:
    """Judge the version that ClickHouse tells."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < CLICKHOUSE:
        oldest = ".".join(map(str, CLICKHOUSE))
        what = f"ClickHouse {version} is older than {oldest}, the oldest that tests know"
        return PartCheck(PART, "RISK", what, f"upgrade to {oldest} or newer")
    return PartCheck(PART, "ok", f"ClickHouse {version}")
