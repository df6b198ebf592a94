"""Reading options patches nothing; making a client does."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_SCRIPT = """
import asyncio
from aiokafka import conn
from aiokafka.consumer import fetcher
from streams.kafka.client import admin_client, client_options
from streams.kafka.read_committed import committed_consumer
from streams.settings import Settings

def parts():
    records = fetcher.MemoryRecords, fetcher.PartitionRecords
    return *records, conn.AIOKafkaConnection, conn.OAuthAuthenticator

async def main():
    original = parts()
    client_options(Settings())
    assert parts() == original, "options patch nothing"
    {make}
    assert not set(parts()) & set(original), "every part is patched"
    patched = parts()
    {make}
    assert parts() == patched, "once is enough"

asyncio.run(main())
"""


@pytest.mark.parametrize("make", ["admin_client(Settings())", "committed_consumer(group_id=None)"])
def test_clients_are_made_of_patched_parts(make: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(make=make)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
