"""Connections that send no whole request, or take no answer, are ended; others are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from emissions.portal.punctual_protocol import BODY_S, HEAD_S, TAKEN_S, PunctualProtocol

HEAD = b"GET / HTTP/1.1\r\nhost: portal\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: portal\r\ncontent-length: 4\r\n\r\n"


class Timer:
    """Something that is to be done after some seconds, unless it is cancelled."""

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self.seconds, self.action, self.cancelled = seconds, action, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A loop whose timers never run by themselves."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, action))
        return self.timers[-1]

    def create_task(self, *given: Any, **named: Any) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(*given, **named)

    @property
    def waiting(self) -> list[float]:
        return [each.seconds for each in self.timers if not each.cancelled]


class Transport:
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.written = b""
        self.ended = ""

    def get_extra_info(self, _: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Connection:
    """A client of the protocol, and an application that answers once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.loop, self.transport = Loop(), Transport()
        config = Config(
            self.app,
            http=PunctualProtocol,
            interface="asgi3",
            ws="none",
            log_config=None,
            access_log=False,
        )
        config.load()
        self.state = ServerState()
        self.protocol = PunctualProtocol(config, self.state, {}, _loop=self.loop)  # type: ignore[arg-type]
        self.protocol.connection_made(self.transport)  # type: ignore[arg-type]

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # fmt: skip # noqa: E501
        await send({"type": "http.response.body", "body": b"ok"})

    async def answered(self) -> None:
        self.may_answer.set()
        await asyncio.gather(*self.state.tasks)
        self.may_answer.clear()

    def pass_time(self) -> str:
        """Let the longest of what waits come; return how the connection ended."""
        due = max(
            (each for each in self.loop.timers if not each.cancelled), key=lambda t: t.seconds
        )
        due.action()
        return self.transport.ended


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: portal\r\nx: "])
async def test_who_sends_no_whole_head_is_cut_off(sent: bytes) -> None:
    client = Connection()
    for at in range(len(sent)):
        client.protocol.data_received(sent[at : at + 1])
    assert client.loop.waiting == [HEAD_S]  # a further byte gives no further time
    assert client.pass_time() == "closed"


async def test_who_sends_no_whole_body_is_cut_off() -> None:
    client = Connection()
    client.protocol.data_received(POST)
    client.protocol.data_received(b"ab")
    assert client.loop.waiting == [BODY_S]
    client.protocol.data_received(b"cd")
    assert client.loop.waiting == []
    await client.answered()
    assert client.transport.written.endswith(b"ok")


async def test_who_waits_for_an_answer_is_not() -> None:
    client = Connection()
    client.protocol.data_received(HEAD)
    assert client.loop.waiting == []
    await client.answered()
    assert sorted(client.loop.waiting) == [client.protocol.timeout_keep_alive, HEAD_S]


async def test_a_second_request_has_its_own_deadline() -> None:
    client = Connection()
    client.protocol.data_received(HEAD)
    await client.answered()
    client.protocol.data_received(b"GET")
    assert client.loop.waiting == [HEAD_S]
    client.protocol.data_received(b" /?2 HTTP/1.1\r\nhost: portal\r\n\r\n")
    assert client.loop.waiting == []
    await client.answered()
    assert client.transport.written.count(b"200 OK") == 2


async def test_requests_sent_at_once_are_all_answered() -> None:
    client = Connection()
    client.protocol.data_received(HEAD + HEAD)
    await client.answered()
    await client.answered()
    assert client.transport.written.count(b"200 OK") == 2


async def test_who_takes_no_answer_is_cut_off() -> None:
    client = Connection()
    client.protocol.data_received(HEAD)
    client.protocol.pause_writing()
    assert client.loop.waiting == [TAKEN_S]
    client.protocol.resume_writing()
    assert client.loop.waiting == []
    client.protocol.pause_writing()
    assert client.pass_time() == "aborted"
    client.protocol.connection_lost(None)
    assert client.loop.waiting == []
    await client.answered()
