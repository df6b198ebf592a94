"""A connection that the broker has reset costs a request and nothing more.

On the loop of the workers (uvloop), between the moment at which the transport is closed and the
one at which aiokafka has seen it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import BrokerMetadata

from streams.kafka.patches.lost_connection import fail_on_lost_connections
from tests.support.broker import TestBroker

WITHIN_S = 60.0  # only ends a test that would hang


class Relay:
    """A port before the broker whose connections can be reset, as those of a killed process are."""

    def __init__(self, address: str) -> None:
        self._host, _, self._port = address.partition(":")
        self._clients: list[asyncio.StreamWriter] = []
        self._pipes: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> asyncio.Server:
        """Listen; close the server at the end."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def reset(self) -> None:
        """Reset every connection."""
        for client in self._clients:
            client.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            client.transport.abort()
        self._clients.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(self._host, int(self._port))
        self._clients.append(writer)
        self._pipes += [
            asyncio.create_task(_pipe(reader, inner_writer)),
            asyncio.create_task(_pipe(inner_reader, writer)),
        ]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, RuntimeError):
        pass
    finally:
        writer.close()


async def connected(client: AIOKafkaClient, relay: Relay) -> AIOKafkaConnection:
    """Start a client whose only way to the node of the broker is the relay."""
    await client.bootstrap()
    (node,) = (broker.nodeId for broker in client.cluster.brokers())
    client.cluster.broker_metadata = lambda _: BrokerMetadata(node, "127.0.0.1", relay.port, None)
    return await client._get_conn(node)


def on_the_loop_of_the_workers(
    broker: TestBroker, test: Callable[[AIOKafkaClient, Relay], Awaitable[None]]
) -> None:
    fail_on_lost_connections()

    async def run() -> None:
        client, relay = AIOKafkaClient(bootstrap_servers=broker.address), Relay(broker.address)
        server = await relay.start()
        try:
            async with asyncio.timeout(WITHIN_S):
                await test(client, relay)
        finally:
            await client.close()
            relay.reset()
            server.close()

    uvloop.run(run())


def test_a_request_on_it_fails_as_one_on_a_lost_connection(broker: TestBroker) -> None:
    async def test(client: AIOKafkaClient, relay: Relay) -> None:
        connection = await connected(client, relay)
        relay.reset()
        await connection._closed_fut
        assert connection.connected()  # it has not seen it yet
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        with pytest.raises(KafkaConnectionError):
            await connection._send_sasl_token(b"token")
        assert not connection.connected()

    on_the_loop_of_the_workers(broker, test)


def test_metadata_is_asked_for_again(broker: TestBroker) -> None:
    """Whoever waits for it gets an answer; another connection was lost in the same moment."""

    async def test(client: AIOKafkaClient, relay: Relay) -> None:
        connection = await connected(client, relay)
        protocol = connection._protocol
        lose = protocol.connection_lost
        answers: list[Awaitable[bool]] = []

        def lost(error: Exception | None) -> None:
            answers.append(client.force_metadata_update())
            lose(error)

        protocol.connection_lost = lost
        relay.reset()
        await connection._closed_fut
        assert [await answer for answer in answers] == [False]
        assert await client.force_metadata_update()
        assert not client._sync_task.done()

    on_the_loop_of_the_workers(broker, test)
